"""Values: equal content has one digest in every process, and nothing else has."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import functools
import itertools
import logging
import pathlib
import random
import re
import subprocess
import sys
import threading
import types
import typing
import uuid
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagbuild.code.closure import digest_value


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Point:
    def __init__(self, x: object) -> None:
        self.x = x


def plus(a: int, b: int) -> int:
    return a + b


def loop() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


SAMPLES: list[Callable[[], Any]] = [
    lambda: 1, lambda: 1.0, lambda: True, lambda: "1", lambda: b"1", lambda: bytearray(b"1"), lambda: None,
    lambda: 0.0, lambda: -0.0, lambda: float("nan"), lambda: float("inf"), lambda: 1j, lambda: 10**5000, lambda: ...,
    lambda: (), lambda: [], lambda: {}, lambda: set(), lambda: frozenset(), lambda: [()], lambda: ((),),
    lambda: [1, 2], lambda: [2, 1], lambda: (1, 2), lambda: [1, [2]], lambda: [[1], 2], lambda: [[1, 2]],
    lambda: {"a": 1, "b": 2}, lambda: {"b": 2, "a": 1}, lambda: {"a": "b", 1: 2}, lambda: {1: "a"}, lambda: {"1": "a"},
    lambda: {1, 2}, lambda: {(1, 2), (3, 4)}, lambda: frozenset({1, 2}), lambda: {"x", "y", "z"},
    lambda: collections.Counter("aab"), lambda: collections.OrderedDict(a=1), lambda: collections.defaultdict(list),
    lambda: collections.defaultdict(int), lambda: collections.deque([1], 3), lambda: collections.deque([1]),
    lambda: collections.ChainMap({"a": 1}), lambda: types.SimpleNamespace(a=1), lambda: types.MappingProxyType({"a": 1}),
    lambda: range(3), lambda: range(0, 3, 2), lambda: slice(3), lambda: memoryview(b"1"),
    lambda: decimal.Decimal("1.0"), lambda: decimal.Decimal("1.00"), lambda: Fraction(1, 3), lambda: uuid.UUID(int=1),
    lambda: datetime.date(2020, 1, 1), lambda: datetime.datetime(2020, 1, 1), lambda: datetime.time(1),
    lambda: datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), lambda: datetime.timedelta(1), lambda: datetime.datetime(2020, 1, 1, fold=1),
    lambda: pathlib.Path("a/b"), lambda: pathlib.PurePosixPath("a/b"), lambda: re.compile("a"), lambda: re.compile("a", re.I),
    lambda: Color.RED, lambda: Color.BLUE, lambda: Color, lambda: Point(1), lambda: Point(2), lambda: Point([Point(1)]),
    lambda: plus, lambda: functools.partial(plus, 1), lambda: functools.partial(plus, b=1),
    lambda: Point(1).__init__,  # type: ignore[misc]  # a method that is bound
    lambda: int, lambda: list[int], lambda: list[str], lambda: int | str, lambda: typing.Literal["a"], lambda: typing.Any,
    lambda: typing.Optional[int],  # noqa: UP045 (another object)
    lambda: typing.Annotated[int, 1], lambda: typing.Annotated[int, 2],
    lambda: np.int64(1), lambda: np.float64(1), lambda: np.array([1, 2]), lambda: np.array([1, 2], dtype="i4"),
    lambda: np.array([[1, 2]]), lambda: np.array([1, "a"], dtype=object), lambda: np.dtype("f8"), lambda: np.dtype("f4"),
    lambda: np.datetime64("2020-01-01"), lambda: np.ma.array([1, 2], mask=[True, False]), lambda: np.add, lambda: np.float32,
    lambda: pd.DataFrame({"a": [1, 2]}), lambda: pd.DataFrame({"b": [1, 2]}), lambda: pd.DataFrame({"a": [1.0, 2.0]}),
    lambda: pd.DataFrame({"a": [1, 2]}, index=[1, 0]), lambda: pd.DataFrame({"a": [1, 2], "b": [3, 4]}),
    lambda: pd.DataFrame({"b": [3, 4], "a": [1, 2]}), lambda: pd.Series([1, 2]), lambda: pd.Series([1, 2], name="a"),
    lambda: pd.Series(["a", None]), lambda: pd.Series(["a", "None"]), lambda: pd.Series(["a", "b"], dtype="category"),
    lambda: pd.Series(["a", "b"], dtype=pd.CategoricalDtype(["b", "a"])), lambda: pd.Series(pd.to_datetime(["2020-01-01"])),
    lambda: pd.Series(pd.to_datetime(["2020-01-01"])).dt.tz_localize("UTC"), lambda: pd.Series([1, None], dtype="Int64"),
    lambda: pd.MultiIndex.from_tuples([(1, "a")]), lambda: pd.MultiIndex.from_tuples([(1, "b")]), lambda: pd.RangeIndex(3),
    lambda: pd.Timestamp("2020-01-01"), lambda: pd.NA, lambda: pd.NaT, lambda: pd.Interval(0, 1), lambda: pd.Timedelta(1),
    loop, lambda: functools.lru_cache(plus), lambda: functools.lru_cache(maxsize=1)(plus), lambda: itertools.chain,
]  # fmt: skip


def test_each_kind_of_value_has_a_digest_of_its_own() -> None:
    """No two of the samples are mistaken for each other, and none says nothing."""
    found = [digest_value(make()) for make in SAMPLES]

    assert None not in found
    assert len(set(found)) == len(found), [
        (i, j) for i in range(len(found)) for j in range(i) if found[i] == found[j]
    ]


def test_equal_values_have_equal_digests() -> None:
    """Made twice, from other objects."""
    for index, make in enumerate(SAMPLES):
        assert digest_value(make()) == digest_value(make()), index


EQUAL: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
    (lambda: {3, 1, 2}, lambda: {*[2, 3, 1]}),
    (lambda: [x := [1], x], lambda: [[1], [1]]),
    (lambda: np.array([1, 2, 3])[::2], lambda: np.array([1, 3])),
    (lambda: np.asfortranarray([[1, 2], [3, 4]]), lambda: np.array([[1, 2], [3, 4]])),
    (lambda: pd.DataFrame({"a": [1, 9], "b": [2, 9]}).iloc[:1], lambda: pd.DataFrame({"a": [1], "b": [2]})),
    (lambda: float("nan"), lambda: -float("nan")),
    (lambda: "".join(["a", "b"]), lambda: "ab"),
]


@pytest.mark.parametrize(("one", "two"), EQUAL)
def test_identity_and_memory_layout_say_nothing(one: Callable[[], Any], two: Callable[[], Any]) -> None:
    """What no code can tell apart is one value."""
    assert digest_value(one()) == digest_value(two())


NOTHING: list[Callable[[], Any]] = [
    threading.Lock, lambda: logging.getLogger("x"), lambda: iter([1]), lambda: random.Random(1), lambda: (i for i in ""),
    lambda: np.random.default_rng(1), lambda: open(pathlib.Path(__file__)), lambda: itertools.count(), threading.local,
    lambda: [1, {"lock": threading.Lock()}], lambda: Point(threading.RLock()), lambda: np.frompyfunc(plus, 2, 1),
]  # fmt: skip


@pytest.mark.parametrize("make", NOTHING)
def test_values_that_say_nothing_have_no_digest(make: Callable[[], Any]) -> None:
    """Also where they are inside others."""
    assert digest_value(make()) is None


SCRIPT = """
import enum, datetime, pathlib, decimal
from dagbuild.code.closure import digest_value
class Color(enum.Enum):
    RED = 1
class Point:
    def __init__(self, x): self.x = x
v = [{"x", "y", "z", (1, 2)}, {"b": 2, "a": frozenset("abc")}, Color.RED, Point({"p", "q"}), datetime.date(2020, 1, 1),
     pathlib.Path("a"), decimal.Decimal("1.10"), lambda x: x + 1]
print(digest_value(v))
"""


def test_every_process_gives_the_same() -> None:
    """Whatever its hash seed."""
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(pathlib.Path(__file__).parents[3])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(found) == 1
    assert next(iter(found)).startswith("xxh3-")


def test_a_value_nested_deeper_than_the_stack_has_a_digest() -> None:
    """No recursion."""
    value: list[Any] = []
    for _ in range(20_000):
        value = [value]

    assert digest_value(value) is not None
