"""What a class statement says of its bases counts, also where the class that it makes has lost it."""

from __future__ import annotations

import pytest

from dagbuild.code.closure import Closure, SourceReader
from tests.unit.code.conftest import Load

TYPED_DICT = """
    from typing import TypedDict

    class Day(TypedDict):
        high: int

    class Spread(Day):
        low: int

    def node():
        return Spread.__required_keys__
"""
PARAMETER = """
    from typing import Generic, TypeVar, get_args

    T = TypeVar("T")

    class Table(Generic[T]):
        pass

    class Day:
        hours = 24

    class Year:
        hours = 8760

    class Days(Table[Day]):
        pass

    def node():
        return get_args(Days.__orig_bases__[0])[0].hours
"""
METACLASS = """
    class Meta(type):
        def __new__(meta, name, bases, body):
            body["marks"] = [base.mark for base in bases]
            return super().__new__(meta, name, (), body)

    class Marker:
        mark = 1

    class Other:
        mark = 3

    class Marked(Marker, metaclass=Meta):
        pass

    def node():
        return Marked.marks
"""


def read(load: Load, text: str) -> Closure:
    module = load(nodes=text)
    return SourceReader([module]).closure([module.node])


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (TYPED_DICT, "high: int", "top: int"),
        (TYPED_DICT, "Spread(Day)", "Spread(TypedDict)"),
        (PARAMETER, "hours = 24", "hours = 25"),
        (PARAMETER, "Table[Day]", "Table[Year]"),
        (METACLASS, "mark = 1", "mark = 2"),
        (METACLASS, "Marked(Marker", "Marked(Other"),
    ],
)
def test_a_base_that_got_lost_counts(load: Load, text: str, old: str, new: str) -> None:
    """Not the bases of the loaded class alone."""
    assert text.count(old) == 1

    assert read(load, text).digest != read(load, text.replace(old, new)).digest
