"""What `show` says of each kind of value."""

import dataclasses
import enum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import pytest
from sklearn.linear_model import LinearRegression

from dagbuild.report.fields import find_fields, tell_short
from dagbuild.report.show import tell_value
from dagbuild.report.style import Style


def shown(value: Any, rows: int = 3) -> list[str]:
    return tell_value("node", value, rows, 0, Style())


@dataclasses.dataclass
class Plain:
    name: str
    table: pd.DataFrame
    later: int = dataclasses.field(init=False)


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    rate: float


class Pair(NamedTuple):
    low: int
    high: float


class Slotted:
    __slots__ = ("_hidden", "seen", "unset")

    def __init__(self) -> None:
        self.seen, self._hidden = [1], 2


class Below(Slotted):
    def __init__(self) -> None:
        super().__init__()
        self.own: dict[str, int] = {}


class Loud:
    """Words of its own, and a field."""

    def __init__(self) -> None:
        self.field = 1

    def __repr__(self) -> str:
        return "Loud(" + "!" * 500 + ")"


class Broken:
    def __init__(self) -> None:
        self.field = 1

    @property
    def computed(self) -> int:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError


class Quiet:
    def __init__(self) -> None:
        self._hidden = 1


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (Plain("x", pd.DataFrame({"a": [1]})), ["name", "table"]),
        (Model(rate=0.5, more=1), ["rate", "more"]),  # type: ignore[call-arg]  # one that was not declared
        (Pair(1, 2.0), ["low", "high"]),
        (Slotted(), ["seen"]),
        (Below(), ["seen", "own"]),
        (Broken(), ["field"]),
        (Quiet(), []),
        (Colour.RED, []),
        (3, []),
        ("text", []),
        ({"a": 1}, []),
        (ValueError("x"), []),
        (Plain, []),
        (len, []),
        (None, []),
    ],
    ids=lambda each: type(each).__name__,
)
def test_fields_of_each_kind_of_object(value: Any, fields: Any) -> None:
    """Declared ones, else public ones; what was never set, or cannot be asked, is left out."""
    assert [name for name, _ in find_fields(value)] == fields


def test_an_object_is_shown_with_its_fields() -> None:
    """A line for each: name, type, and the value or how large it is."""
    assert shown(Plain("x", pd.DataFrame({"a": [1, 2]}))) == [
        "node: Plain",
        "",
        "field  type       value",
        "name   str        'x'",
        "table  DataFrame  DataFrame 2 x 1",
    ]


def test_a_model_is_shown_with_its_words_and_its_fields() -> None:
    """What a library's class says of itself comes first."""
    lines = shown(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]))

    assert lines[2] == "LinearRegression()"
    assert any(line.split()[:2] == ["coef_", "ndarray"] for line in lines)


def test_polars_types_are_polars() -> None:
    """A frame of polars is told in its words, and whole numbers stay whole beside a gap."""
    lines = shown(pl.DataFrame({"count": [2**53 + 1, None], "tags": [["a"], None], "on": [True, None]}))

    assert [line.split()[:2] for line in lines[3:6]] == [
        ["count", "Int64"],
        ["tags", "List(String)"],
        ["on", "Boolean"],
    ]
    assert any(str(2**53 + 1) in line.split() for line in lines[6:])


@pytest.mark.parametrize(
    ("value", "types"),
    [
        (pl.Series("a", [1, None], dtype=pl.UInt8), ["UInt8"]),
        (pa.table({"a": pa.array([1, None], pa.uint8()), "b": ["x", "y"]}), ["uint8", "string"]),
        (pa.array([1.5, None], pa.float32()), ["float"]),
        (pd.DataFrame({"a": [1, 2]}), ["int64"]),
        (pd.Series([1, 2], dtype="Int64"), ["Int64"]),
        (type("Mine", (pd.DataFrame,), {})({"a": [1]}), ["int64"]),
    ],
    ids=["polars series", "pyarrow", "pyarrow array", "pandas", "pandas series", "subclass"],
)
def test_types_are_those_of_the_tables_library(value: Any, types: Any) -> None:
    """Nothing is told in the words of a form that the value only passes through."""
    lines = shown(value)

    assert lines[2].split() == ["column", "type", "missing", "values"]
    assert [line.split()[1] for line in lines[3 : 3 + len(types)]] == types


def test_more_rows_than_asked_for_are_counted() -> None:
    """As of a frame of pandas."""
    assert shown(pl.DataFrame({"a": range(10)}), rows=2)[-1] == "... 8 more rows"


class Counted:
    """Knows how often one of its kind was asked for its words."""

    asked = 0

    def __repr__(self) -> str:
        Counted.asked += 1
        return "counted"


@pytest.mark.parametrize(
    "make",
    [
        lambda one: [one] * 10**5,
        lambda one: {"a": [one] * 10**5, "b": "x" * 10**7},
        lambda one: {number: [one] for number in range(10**5)},
        lambda one: [[[one] * 1000 for _ in range(100)] for _ in range(10)],
        lambda one: (one,) * 10**5,
        lambda one: {Counted() for _ in range(10**5)},
        lambda one: Plain("x" * 10**7, [one] * 10**5),  # type: ignore[arg-type]  # any field that is long
    ],
    ids=["list", "dict", "many keys", "nested", "tuple", "set", "fields"],
)
def test_large_values_are_shown_in_part(make: Any) -> None:
    """A screen of it, and little more of it is looked at."""
    value = make(Counted())
    Counted.asked = 0

    lines = shown(value)

    assert Counted.asked < 20_000  # pprint asks several times
    assert len(lines) < 40
    assert sum(map(len, lines)) < 10_000


def test_values_that_hold_themselves_are_shown() -> None:
    """There is an end to it."""
    value: list[Any] = [1]
    value.append(value)

    assert shown(value)


def test_what_a_class_does_cannot_fail_the_command() -> None:
    """Its words may raise, or be long."""
    assert shown(Broken())[-1].split() == ["field", "int", "1"]
    assert shown([Broken()])[-1] == "[a Broken without text: its __repr__ raised RuntimeError]"
    assert max(map(len, shown(Loud()))) < 80


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros((3, 4)), "ndarray 3 x 4"),
        (np.array([1, 2]), "[1, 2]"),
        (np.float64(1.5), "np.float64(1.5)"),
        (object(), "object"),
        ({"b": 1, "a": 2}, "{'b': 1, 'a': 2}"),
        (list(range(99)), f"list {list(range(22))}"[:77] + "..."),
        ("a\nb", "'a\\nb'"),
        (Pair(1, 2.0), "Pair(low=1, high=2.0)"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_value_in_a_line(value: Any, said: Any) -> None:
    """Itself where it is small, else what it is and how large."""
    assert tell_short(value) == said
