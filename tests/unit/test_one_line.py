"""Whatever a value is and does, people get one line about it."""

from __future__ import annotations

import dataclasses
import sys
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dagbuild.ground.one_line import LONGEST, find_text, one_line


class Raises:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


class Says:
    def __init__(self, text: Any) -> None:
        self.text = text

    def __repr__(self) -> Any:
        return self.text


class Shaped:
    @property
    def shape(self) -> tuple[int, ...]:
        raise self.error

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        return "Shaped()"


class Text(str):
    def __str__(self) -> str:
        return "another"

    __hash__ = str.__hash__


@dataclasses.dataclass
class Point:
    x: int
    y: Any


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def circle() -> list[Any]:
    value: list[Any] = [1]
    value.append(value)
    return value


LINES: dict[str, tuple[Any, str]] = {
    "number": (3, "3"),
    "text": ("abc", "'abc'"),
    "nothing": (None, "None"),
    "list": ([1, "a"], "[1, 'a']"),
    "dict in its order": ({"b": 1, "a": (2,)}, "{'b': 1, 'a': (2,)}"),
    "set": ({2, 1}, "{1, 2}"),
    "object": (Point(1, [2]), "Point(x=1, y=[2])"),
    "type": (int, "<class 'int'>"),
    "lines": (Says("a\n   b"), "a b"),
    "frame": (pd.DataFrame({"a": [1, 2]}), "DataFrame 2 x 1"),
    "long frame": (pd.DataFrame({"a": range(1234)}), "DataFrame 1,234 x 1"),
    "column": (pd.Series([1, 2]), "Series 2"),
    "array": (np.zeros((2, 3)), "ndarray 2 x 3"),
    "polars": (pl.DataFrame({"a": [1]}), "DataFrame 1 x 1"),
    "array without axes": (np.array(7), "array(7)"),
    "no text": (Raises(ValueError("x")), "a Raises without text: its __repr__ raised ValueError"),
    "ends the program": (Raises(SystemExit(0)), "a Raises without text: its __repr__ raised SystemExit"),
    "no str": (Says(3), "a Says without text: its __repr__ raised TypeError"),
    "a text of its own": (Says(Text("abc")), "abc"),
    "inside": ([Raises(KeyError())], "[a Raises without text: its __repr__ raised KeyError]"),
    "no shape": (Shaped(RuntimeError("not fitted")), "Shaped()"),
    "no shape at all": (Shaped(SystemExit(0)), "Shaped()"),
    "long number": (10**5000, "an integer of about 5,001 digits"),
    "password": ("s3://key:secret@host/a", "'s3://***@host/a'"),
    "password inside": ({"url": "https://u:p@h"}, "{'url': 'https://***@h'}"),
    "no password": ("https://host:80/a@b", "'https://host:80/a@b'"),
    "circle": (circle(), "[1, [1, [1, [1, [1, [...]]]]]]"),
    "deep": (nested(10_000), "[[[[[[...]]]]]]"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_line(name: str) -> None:
    """Short things in full, others by what they are."""
    value, line = LINES[name]

    assert one_line(value) == line


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("x" * 1000, "str 'xxx"),
        (list(range(1000)), "list [0, 1, 2"),
        ({n: n for n in range(1000)}, "dict {0: 0, 1: 1"),
        (Point(1, "y" * 1000), "Point(x=1, y='yyy"),
        (b"z" * 1000, "bytes b'zzz"),
    ],
)
def test_a_long_value_is_cut(value: Any, start: str) -> None:
    """It says what it is, and how it begins."""
    line = one_line(value)

    assert line.startswith(start)
    assert line.endswith("...")
    assert len(line) == LONGEST


@pytest.mark.parametrize("value", ["x" * 10**8, b"x" * 10**8, list(range(10**6)), dict.fromkeys(range(10**6)),
                                   [["y" * 10**6] * 30] * 30], ids=["str", "bytes", "list", "dict", "nested"])  # fmt: skip
def test_a_huge_value_is_not_spelled(value: Any) -> None:
    """Its line costs next to nothing."""
    tracemalloc.start()
    try:
        line = one_line(value)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(line) <= LONGEST
    assert most < 10**7


def test_ctrl_c_is_heard() -> None:
    """It is the person's, not the value's."""
    with pytest.raises(KeyboardInterrupt):
        one_line(Raises(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        one_line(Shaped(KeyboardInterrupt()))


def test_numbers_just_below_the_limit() -> None:
    """Are spelled, and cut."""
    number = 10 ** (sys.get_int_max_str_digits() - 2)

    assert find_text(number).startswith("1000")
    assert one_line(number).startswith("int 1000")
