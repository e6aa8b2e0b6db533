"""Values that were written down become what annotations want, or are refused in words."""

import collections.abc
import datetime as dt
import enum
import fractions
import typing
import uuid
import zoneinfo
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict, Union

import pandas as pd
import pytest

from dagbuild.model.conversion import Unfit, convert_value
from dagbuild.model.node import Columns, File, Files
from dagbuild.settings import parse_value

T = typing.TypeVar("T")


class Region(enum.Enum):
    US = "us"
    UK = "uk"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    YES = "true"


@dataclass(frozen=True)
class Window:
    days: int
    label: str = "w"
    where: Path | None = None
    every: dt.timedelta = dt.timedelta(days=1)


@dataclass
class Plan:
    windows: list[Window] = field(default_factory=list)
    by_name: dict[str, Window] = field(default_factory=dict)
    made: dt.date | None = None

    def __post_init__(self) -> None:
        if len(self.windows) > 2:
            raise ValueError("two windows at most")


class Point(NamedTuple):
    x: float
    y: float = 0.0


class Options(TypedDict):
    path: Path


Days = NewType("Days", int)
DAY, NOON = dt.date(2013, 10, 1), dt.datetime(2013, 10, 1, 12)

SPELLED = [
    # what is typed, the annotation, what it means
    ("2013-10-01", str, "2013-10-01"),
    ("2013-10-01", dt.date, DAY),
    ("2013-10-01", dt.datetime, dt.datetime(2013, 10, 1)),
    ("2013-10-01T12:00", dt.datetime, NOON),
    ("2013-10-01 12:00:00", dt.datetime, NOON),
    ("2013-10-01", pd.Timestamp, pd.Timestamp("2013-10-01")),
    ("12:30", dt.time, dt.time(12, 30)),
    ("1.10", str, "1.10"),
    ("007", str, "007"),
    ("true", str, "true"),
    ('"quoted"', str, "quoted"),
    ("a = b", str, "a = b"),
    ("", str, ""),
    ("5", int, 5),
    ("007", int, 7),
    ("5", float, 5.0),
    (".5", float, 0.5),
    ("1e3", float, 1000.0),
    ("inf", float, float("inf")),
    ("1+2j", complex, 1 + 2j),
    ("true", bool, True),
    ("True", bool, True),
    ("no", bool, False),
    ("1", bool, True),
    ("data/x.csv", Path, Path("data/x.csv")),
    ("2013", Path, Path("2013")),
    ("2013", PurePosixPath, PurePosixPath("2013")),
    ("2013", File, "2013"),
    ("2013", Files, "2013"),
    ("us", Region, Region.US),
    ("US", Region, Region.US),
    ("2", Level, Level.HIGH),
    ("HIGH", Level, Level.HIGH),
    ("true", Word, Word.YES),
    ("us", Literal["us", "uk"], "us"),
    ("3", Literal[1, 3], 3),
    ("3", Literal["1", "3"], "3"),
    ("uk", Literal[Region.UK], Region.UK),
    ("1.10", Decimal, Decimal("1.10")),
    ("1/3", fractions.Fraction, fractions.Fraction(1, 3)),
    ("90s", dt.timedelta, dt.timedelta(seconds=90)),
    ("1h 30min", dt.timedelta, dt.timedelta(minutes=90)),
    ("1:30:00", dt.timedelta, dt.timedelta(minutes=90)),
    ("01:30:00", dt.timedelta, dt.timedelta(minutes=90)),
    ("1 day, 0:00:01", dt.timedelta, dt.timedelta(days=1, seconds=1)),
    ("PT1H30M", dt.timedelta, dt.timedelta(minutes=90)),
    ("-2 days", dt.timedelta, dt.timedelta(days=-2)),
    ("2 days", pd.Timedelta, pd.Timedelta(days=2)),
    ("00000000-0000-0000-0000-000000000001", uuid.UUID, uuid.UUID(int=1)),
    ("Europe/London", zoneinfo.ZoneInfo, zoneinfo.ZoneInfo("Europe/London")),
    ("5", int | None, 5),
    ("none", int | None, None),
    ("none", Optional[str], "none"),  # noqa: UP045 - as people write it
    ("2013-10-01", str | None, "2013-10-01"),
    ("2013-10-01", Union[dt.date, str], DAY),  # noqa: UP007 - as people write it
    ("5", float | None, 5.0),
    ("5", int | float, 5),
    ("5", int | str, 5),
    ("x", int | str, "x"),
    ("us", Region | None, Region.US),
    ("[1, 2]", list[int], [1, 2]),
    ("[1, 2]", list[float], [1.0, 2.0]),
    ("[1, 2]", tuple[int, ...], (1, 2)),
    ('[1, "a"]', tuple[int, Path], (1, Path("a"))),
    ("[1, 2]", set[int], {1, 2}),
    ("[1, 2]", collections.abc.Sequence[float], [1.0, 2.0]),
    ('["us"]', list[Region], [Region.US]),
    ('["us"]', frozenset[Region], frozenset({Region.US})),
    ('{a = "90s"}', dict[str, dt.timedelta], {"a": dt.timedelta(seconds=90)}),
    ("{1 = 2}", dict[int, float], {1: 2.0}),
    ('{us = "a"}', collections.abc.Mapping[Region, Path], {Region.US: Path("a")}),
    ("{days = 3}", Window, Window(3)),
    ('{days = 3, where = "a", every = "1w"}', Window, Window(3, "w", Path("a"), dt.timedelta(weeks=1))),
    ("{x = 1}", Point, Point(1.0)),
    ('{path = "a"}', Options, {"path": Path("a")}),
    ("5", Days, 5),
    ("5", Annotated[float, "unit"], 5.0),
    ("2013-10-01", Any, DAY),
    ("5", object, 5),
    ("5", "Unknown", 5),
]

WRITTEN = [
    # what TOML has, the annotation, what it means
    (DAY, dt.datetime, dt.datetime(2013, 10, 1)),
    ("2013-10-01", dt.date, DAY),
    ("2013-10-01T12:00", pd.Timestamp, pd.Timestamp(NOON)),
    (NOON, pd.Timestamp, pd.Timestamp(NOON)),
    (dt.time(1, 30), dt.timedelta, dt.timedelta(minutes=90)),
    ("90 s", dt.timedelta, dt.timedelta(seconds=90)),
    (3, float, 3.0),
    (0.1, Decimal, Decimal("0.1")),
    (2, Decimal, Decimal(2)),
    ("x", Path, Path("x")),
    ("none", Path | None, Path("none")),
    ("none", float | None, None),
    (1, Level, Level.LOW),
    ([1, [2, 3]], tuple[int, tuple[float, ...]], (1, (2.0, 3.0))),
    ([{"days": 1}], list[Window], [Window(1)]),
    (
        {"windows": [{"days": 1}], "by_name": {"a": {"days": 2}}, "made": "2013-10-01"},
        Plan,
        Plan([Window(1)], {"a": Window(2)}, DAY),
    ),
    ([], list[Path], []),
    ("abc", collections.abc.Sequence[str], "abc"),
    ("abc", collections.abc.Sequence, "abc"),
    ("abc", collections.abc.Iterable[Any], "abc"),
    ("abc", collections.abc.Sequence[int] | str, "abc"),
    ("abc", collections.abc.Sequence[int | str], "abc"),
    ("US", typing.cast(Any, collections.abc.Collection)[T], "US"),
]

REFUSED = [
    # what TOML has, how it was typed if it was, the annotation, what is said
    ("x", None, int, "'x' is no int"),
    ("5", None, int, "'5' is no int"),
    (5, None, str, "5 is no str"),
    (DAY, None, str, "2013-10-01 is no str"),
    ("true", None, bool, "'true' is no bool"),
    ("x", "x", int, "'x' is no int"),
    (True, "true", int, "'true' is no int"),
    ("maybe", "maybe", bool, '\'maybe\' is no bool: say "true" or "false"'),
    ("2013-13-01", "2013-13-01", dt.date, "'2013-13-01' is no datetime.date: "),
    (90, "90", dt.timedelta, "'90' is no datetime.timedelta: say how long with a unit"),
    ("fr", None, Region, "'fr' is no tests.Region: it may be 'us', 'uk'"),
    ("fr", None, Literal["us", "uk"], "'fr' is no Literal['us', 'uk']: it may be 'us', 'uk'"),
    ("fr", None, Region | None, "'fr' is no tests.Region: it may be 'us', 'uk'"),
    ("x", None, int | float, "'x' is no int | float"),
    ("x", None, Decimal, "'x' is no decimal.Decimal"),
    ("Nowhere", None, zoneinfo.ZoneInfo, "'Nowhere' is no zoneinfo.ZoneInfo"),
    ([1, "x"], None, list[int], "1: 'x' is no int"),
    ([1], None, tuple[int, int], "it has 1 items, not 2"),
    ("US,UK", "US,UK", list[str], "'US,UK' is no list[str]"),
    ("1,2", "1,2", collections.abc.Sequence[int], "'1,2' is no Sequence[int]"),
    ("", "", typing.Iterable[float], "'' is no Iterable[float]"),
    ("a.csv", None, collections.abc.Collection[Path], "'a.csv' is no Collection[pathlib.Path]"),
    ("1,2", None, collections.abc.Sequence[int] | None, "'1,2' is no Sequence[int]"),
    ("us", None, dict[str, collections.abc.Reversible[Region]] | list[int], "'us' is no "),
    (
        {"a": "us"},
        None,
        dict[str, collections.abc.Reversible[Region]],
        "a: 'us' is no Reversible[tests.Region]",
    ),
    ({"days": "x"}, None, Window, "days: 'x' is no int"),
    ({"day": 1}, None, Window, "day: Window has no 'day': did you mean 'days'?"),
    ({}, None, Window, "missing a required argument: 'days'"),
    ({"windows": [{"days": 1}] * 3}, None, Plan, "two windows at most"),
    ({"windows": [{"days": 1, "where": 5}]}, None, Plan, "windows.0.where: 5 is no pathlib.Path"),
    ({"a": {"b": 1}}, None, dict[str, dict[str, str]], "a.b: 1 is no str"),
    ({}, None, Options, "it has no 'path'"),
    ([[1]], None, set[list[int]], "unhashable"),
    (5, None, File, "5 is no File"),
]


def exact(value: Any) -> tuple[type, str]:
    return type(value), repr(value)


@pytest.mark.parametrize(("text", "form", "meant"), SPELLED, ids=lambda value: str(value)[:40])
def test_reads_what_was_typed(text: Any, form: Any, meant: Any) -> None:
    """By the annotation, not by what TOML would make of it."""
    assert exact(convert_value(parse_value(text), form, {(): text})) == exact(meant)


@pytest.mark.parametrize(("value", "form", "meant"), WRITTEN, ids=lambda value: str(value)[:40])
def test_reads_what_stands_in_the_file(value: Any, form: Any, meant: Any) -> None:
    """Where TOML has no words for the type."""
    assert exact(convert_value(value, form)) == exact(meant)


@pytest.mark.parametrize(("value", "text", "form", "said"), REFUSED, ids=lambda value: str(value)[:40])
def test_refuses_in_words(value: Any, text: Any, form: Any, said: Any) -> None:
    """What is wrong, and where inside of the value."""
    with pytest.raises(Unfit) as refused:
        convert_value(value, form, {} if text is None else {(): text})

    assert said in str(refused.value)


def test_texts_reach_into_tables() -> None:
    """`--set window.label=1.10` is a text where the field wants one."""
    found = convert_value({"days": 1, "label": 1.1}, Window, {("label",): "1.10"})

    assert found == Window(1, "1.10")


@pytest.mark.parametrize(("_", "form", "meant"), [*SPELLED, *WRITTEN], ids=lambda value: str(value)[:40])
def test_what_fits_stays_as_it_is(_: Any, form: Any, meant: Any) -> None:
    """The very same object: a value from Python is not touched."""
    if form not in (File, Files, "Unknown"):
        assert convert_value(meant, form) is meant


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({}, typing.TypeVar("T")),
        ({"a": 1}, Annotated[dict[str, Any], Columns("a")]),
        (len, collections.abc.Callable[[int], int]),
        ("a", "NotThere"),
        (5, typing.SupportsInt),
        ({"more": 1, "path": Path("a")}, Options),
    ],
    ids=lambda value: str(value)[:40],
)
def test_exotic_annotations_stop_nothing(value: Any, form: Any) -> None:
    """What is not understood is accepted."""
    assert convert_value(value, form) is value
