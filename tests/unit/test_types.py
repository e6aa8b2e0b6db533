# ruff: noqa: UP006, UP007, UP035, UP045  # the old spellings are tested too
"""Which types fit along an edge, which values fit an annotation, and how types are written."""

from __future__ import annotations

import collections.abc
import datetime
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Callable,
    Dict,
    Generator,
    Generic,
    Iterable,
    Iterator,
    List,
    Literal,
    LiteralString,
    Mapping,
    NamedTuple,
    NewType,
    Optional,
    ParamSpec,
    Protocol,
    Sequence,
    Tuple,
    TypedDict,
    TypeVar,
    Union,
)

import numpy as np
import pandas as pd
import pytest

from dagbuild.model.node import Columns, File, Files
from dagbuild.model.types import accepts, check_value, describe_type, fits_outside


class Base: ...


class Derived(Base): ...


T = TypeVar("T")
Number = TypeVar("Number", int, float)
Bounded = TypeVar("Bounded", bound=Base)
P = ParamSpec("P")
UserId = NewType("UserId", int)


class Box(Generic[T]): ...


class Pair(NamedTuple, Generic[T]):
    number: int
    thing: T


class Row(TypedDict):
    a: int


class Wide(TypedDict):
    a: int
    b: str


class HasArea(Protocol):
    name: str

    def area(self) -> float: ...


class Square:
    name: str

    def area(self) -> float:
        return 1.0


class Nameless:
    def area(self) -> float:
        return 1.0


FITS = [
    (int, int), (Derived, Base), (bool, int), (np.float64, float), (int, float), (bool, float), (float, complex),
    (int, object), (int, Any), (Any, int), (None, None), (None, Optional[int]), (int, Optional[int]),
    (int, "Unknown"), (int, Union[int, str]), (Union[int, str], str | int), (Union[int, str], Union[int, str, float]),
    (list, List[int]), (List[int], list), (List[int], Sequence[int]), (List[int], Iterable[int]),
    (list[bool], Sequence[int]), (list[int], list[Any]), (list[Any], list[int]), (str, Sequence[str]),
    (dict, Dict[str, int]), (Dict[str, int], Mapping[str, int]), (dict[str, bool], Mapping[str, int]),
    (dict[str, int], Iterable[str]), (dict[str, Any], dict[str, int]),
    (Tuple[int, int], Tuple[int, ...]), (tuple[int, ...], Sequence[int]), (tuple[int, str], tuple),
    (tuple[int], tuple[float]),
    (Generator[int, None, None], Iterator[int]), (Annotated[int, "x"], int), (int, Annotated[int, "x"]),
    (pd.DataFrame, Annotated[pd.DataFrame, Columns("a")]), (Row, dict), (Row, dict[str, Any]), (Wide, Row),
    (Literal["a"], str), (Literal["a"], Literal["a", "b"]), (Literal["a", 1], Union[str, int]), (LiteralString, str),
    (UserId, int), (UserId, UserId), (UserId, float), (int, T), (T, int), (int, Number), (Derived, Bounded),
    (Box[int], Box[str] | Box[int]),
    (Square, HasArea), (Callable[[int], int], Callable), (Callable, Callable[[int], int]), (type[int], type),
    (type[Derived], type[Base]), (np.ndarray, np.ndarray[Any, np.dtype[np.float64]]), (int, P),
    (str, File), (Path, File), (File, str), (str, Files), (list[str], Files), (tuple[Path, ...], Files),
]  # fmt: skip

CLASHES = [
    (float, int), (object, int), (Base, Derived), (int, str), (int, None), (None, int), (Optional[int], int),
    (int | str, int), (list[bool], list[int]), (list[Derived], list[Base]), (list[int], set[int]),
    (list[int], Sequence[str]), (dict[str, int], dict[str, str]), (dict[str, bool], dict[str, int]),
    (dict[int, int], Mapping[str, int]),
    (tuple[int, str], tuple[int, ...]), (tuple[int, ...], tuple[int, int]), (tuple[int], tuple[int, int]),
    (str, Literal["a"]), (Literal["a", "c"], Literal["a", "b"]), (Literal[1], str), (int, UserId),
    (dict, Row), (Row, Wide), (int, HasArea), (Nameless, HasArea), (str, Number), (str, Bounded), (int, Callable),
    (pd.DataFrame, pd.Series), (int, File), (list[int], Files), (Generator[str, None, None], Iterator[int]),
    (type[Base], type[Derived]),
]  # fmt: skip


@pytest.mark.parametrize(("produced", "wanted"), FITS)
def test_fitting_types_are_accepted(produced: Any, wanted: Any) -> None:
    """What a type checker lets through, the graph does."""
    assert accepts(produced, wanted)


@pytest.mark.parametrize(("produced", "wanted"), CLASHES)
def test_clashing_types_are_refused(produced: Any, wanted: Any) -> None:
    """What a type checker refuses, the graph does."""
    assert not accepts(produced, wanted)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, int), (True, int), (1, float), (np.int64(1), int), (np.float32(1), float), (None, None),
        (None, Optional[int]),
        ("a", Any), ("a", object), ("a", "Unknown"), ([1, 2], list[int]), ([], list[int]),
        ((1, "a"), tuple[int, str]),
        ((1, 2, 3), tuple[int, ...]), ({"a": 1}, dict[str, int]), ({1, 2}, set[int]), ({"a": 1}, Mapping[str, float]),
        ("a", Literal["a", "b"]), (3, UserId), (3, T), (3, Annotated[int, 1]), ({"a": 1}, Row), (len, Callable),
        (int, type), (Square(), Square), (pd.DataFrame(), pd.DataFrame), (iter([1]), Iterator[int]),
        ("x.csv", File), (Path("x.csv"), File), ("*.csv", Files), (["a", "b"], Files),
        ([1, 2], collections.abc.Sequence),
        ((), Sequence[int]), ((1,), Sequence[int]), ((1, 2), Sequence[int]), ((1, 2, 3), Iterable[int]),
        ((1, 2), collections.abc.Collection[int]), ((1, 2), collections.abc.Reversible[int]),
        ((1, 2), Sequence[int] | None), ((1,), tuple[int]), ((), tuple[int, ...]), (Pair(1, "a"), Pair[str]),
        (Pair(1, "a"), tuple[int, str]),
        (np.zeros(2), np.ndarray[Any, np.dtype[np.float64]]), (Box(), Box[int]), ([1] * 5 + ["late"], list[int]),
    ],
)  # fmt: skip
def test_fitting_values_are_accepted(value: Any, wanted: Any) -> None:
    """Values are looked at, containers only at their beginning."""
    assert check_value(value, wanted)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("1", int), (1.5, int), ("1", float), (None, int), (1, None), (1, str), (["a"], list[int]),
        ((1, 2), list[int]), ((1, "a"), Sequence[int]), (("a",), Iterable[int]), ((1, 2), tuple[int]), ((), tuple[int]),
        (Pair(1, "a"), tuple[int]),
        ((1, 2, 3), tuple[int, str]), ({"a": "b"}, dict[str, int]), ({1: 1}, dict[str, int]),
        ("c", Literal["a", "b"]),
        (True, Literal[1]), ("x", UserId), ("x", Number), ({}, Row), (3, Callable), (3, type), (3, HasArea),
        (pd.Series(), pd.DataFrame), (3, File), ([3], Files), ("x", int | None), ([1, "a"], list[int]),
    ],
)  # fmt: skip
def test_clashing_values_are_refused(value: Any, wanted: Any) -> None:
    """A value of another kind is refused, with its first few elements."""
    assert not check_value(value, wanted)


def test_an_iterator_is_not_used_up() -> None:
    """Looking at a value must not change it."""
    numbers = iter([1, 2])

    check_value(numbers, Iterator[str])

    assert list(numbers) == [1, 2]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (int, "int"), (None, "None"), (Optional[int], "int | None"), (list[int], "list[int]"),
        (List[str], "list[str]"),
        (dict[str, pd.Series], "dict[str, pandas.Series]"), (tuple[int, ...], "tuple[int, ...]"), (Any, "Any"),
        (Annotated[pd.DataFrame, 1], "pandas.DataFrame"), (Literal["a", 1], "Literal['a', 1]"),
        (np.float64, "numpy.float64"),
        (Callable[[int], str], "Callable"), ("Foo", "Foo"), (T, "T"), (UserId, "tests.UserId"), (File, "File"),
    ],
)  # fmt: skip
def test_types_are_written_as_people_write_them(form: Any, text: Any) -> None:
    """Messages show types the way they stand in code."""
    assert describe_type(form).replace("__main__", "tests") == text


Frame = TypeVar("Frame")


class OnlyAnnotates(pd.DataFrame, Generic[Frame]):
    """As pandera's `DataFrame[Schema]`: nobody makes one."""


FITS_OUTSIDE: list[tuple[Any, Any]] = [
    (1, float), (np.int64(1), int), (np.float32(1), float), (np.bool_(True), bool), (True, int), ("x", Literal["y"]),
    ([1], list[str]), ({}, Mapping[int, int]), (None, None), (None, Optional[int]), ((), Sequence[int]),
    (Nameless(), HasArea), (1, Any), (1, "Unknown"), (1, T), (pd.DataFrame(), OnlyAnnotates[int]), ({}, Wide),
    (pd.Timestamp(0), datetime.datetime), (np.str_("x"), str), ("a", File), (["a"], Files), (np.zeros(1), np.ndarray),
]  # fmt: skip
FITS_NOT_OUTSIDE: list[tuple[Any, Any]] = [
    (None, int), (1.0, int), ((), list), ([], tuple[int, ...]), (pd.DataFrame(), pd.Series), (1, bool), (1, None),
    (None, Union[int, str]), (1, Literal["y"]), (b"", str), (Nameless(), Square), (np.bool_(True), str), (1, File),
]  # fmt: skip


@pytest.mark.parametrize(("value", "wanted"), FITS_OUTSIDE, ids=lambda each: str(each).split(" object at")[0])
def test_outer_type_fits(value: Any, wanted: Any) -> None:
    """What works in practice is not told."""
    assert fits_outside(value, wanted)


@pytest.mark.parametrize(
    ("value", "wanted"), FITS_NOT_OUTSIDE, ids=lambda each: str(each).split(" object at")[0]
)
def test_outer_type_fits_not(value: Any, wanted: Any) -> None:
    """What was announced is something else."""
    assert not fits_outside(value, wanted)
