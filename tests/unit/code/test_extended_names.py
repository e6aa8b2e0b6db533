"""A class that extends one of its own name: each of the two is told by its own statement, or by none."""

from __future__ import annotations

import pytest

from dagbuild.code.closure import Closure, SourceReader
from tests.unit.code.conftest import Load

POINT = """
    from collections import namedtuple

    class Point(namedtuple("Point", "x y")):
        def __new__(cls, x, y, *, scale=1):
            return super().__new__(cls, x * scale, y * scale)

    def node():
        return Point(1, 2)
"""
PLAIN = """
    class Settings:
        rate = 1

    class Settings(Settings):
        extra = 2

    def node():
        return Settings.rate
"""
ACTING = """
    class Settings:
        known = {}
        known["rate"] = 1

    class Settings(Settings):
        extra = 2

    def node():
        return Settings.known
"""
ANNOTATED = """
    class Fields:
        def __init_subclass__(cls):
            cls.names = tuple(cls.__annotations__)

    class Row(Fields):
        x: int

    class Row(Row):
        z: int

    def node():
        return Row.names
"""


def read(load: Load, text: str) -> Closure:
    module = load(nodes=text)
    return SourceReader([module]).closure([module.node])


def test_a_generated_base_is_known_by_its_fields(load: Load) -> None:
    """What `namedtuple` made has no statement, though the class that extends it has one under its name."""
    assert read(load, POINT).notes == ()


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (POINT, '"x y"', '"x z"'),
        (POINT, "y * scale)", "y)"),
        (PLAIN, "rate = 1", "rate = 2"),
        (PLAIN, "extra = 2", "extra = 3"),
        (ACTING, '["rate"] = 1', '["rate"] = 2'),
        (ANNOTATED, "x: int", "y: int"),
        (ANNOTATED, "z: int", "y: int"),
    ],
)
def test_an_edit_of_either_counts(load: Load, text: str, old: str, new: str) -> None:
    assert text.count(old) == 1
    before = read(load, text).digest
    after = read(load, text.replace(old, new)).digest

    assert before != after
    assert read(load, text).digest == before
