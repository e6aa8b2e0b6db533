"""How exceptions are described: what is behind them, whose frames, and what of long chains."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pandas as pd
import pytest

from dagbuild.executors.failures import FIRST, LAST, make_failure


def fail(call: Any) -> BaseException:
    try:
        call()
    except BaseException as error:
        return error
    raise AssertionError("it did not fail")


def test_a_chain_in_a_circle_is_told_once() -> None:
    """Each exception once, whoever names it as its cause."""
    first, second = KeyError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first

    failure = make_failure(first, {})

    assert [cause.kind for cause in failure.causes] == ["ValueError"]


ATTRIBUTES = ("__cause__", "__context__", "__suppress_context__", "__traceback__", "__notes__", "__class__")


class Unready(Exception):
    """Hands on what it is asked for to something that it has not been given yet."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Sealed(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"not ready to tell {name}")


class SealedGroup(ExceptionGroup[Exception]):
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"not ready to tell {name}")


def make_odd(name: str, answer: Any) -> type[Exception]:
    def tell(_: object) -> Any:
        if answer is RuntimeError:
            raise RuntimeError("not ready")
        return answer

    return type("Odd", (Exception,), {name: property(tell)})


ODD = [
    Unready,
    Sealed,
    *(make_odd(name, answer) for name in ATTRIBUTES for answer in (RuntimeError, 5, "x", int)),
]


@pytest.mark.parametrize("kind", ODD, ids=str)
def test_whatever_an_exception_answers_it_is_told(kind: type[Exception]) -> None:
    """What Python noted on it is told, also where it stands behind another one or in a group."""

    def call() -> None:
        try:
            raise KeyError("before")
        except KeyError as error:
            raise kind("odd") from error

    error = fail(call)
    assert issubclass(type(error), Exception)

    alone = make_failure(error, {})
    assert (alone.kind, [cause.kind for cause in alone.causes]) == (kind.__name__, ["KeyError"])
    assert "in call" in alone.frames
    outer = ValueError("outer")
    outer.__cause__ = error
    assert [cause.kind for cause in make_failure(outer, {}).causes] == [kind.__name__, "KeyError"]
    for group in (BaseExceptionGroup("g", [error]), SealedGroup("g", [error])):  # type: ignore[list-item]
        assert [cause.kind for cause in make_failure(group, {}).causes] == [kind.__name__, "KeyError"]


def test_of_a_long_chain_the_ends_are_told() -> None:
    """The last tries, how many were left out, and what it began with."""
    errors = [OSError(f"try {number}") for number in range(10_000)]
    for before, error in itertools.pairwise(errors):
        error.__context__ = before

    told = [cause.message or cause.relation for cause in make_failure(errors[-1], {}).causes]

    assert told[:FIRST] == [f"try {number}" for number in range(9998, 9998 - FIRST, -1)]
    assert told[FIRST] == f"and {9999 - FIRST - LAST:,} more, then"
    assert told[FIRST + 1 :] == [f"try {number}" for number in range(LAST - 1, -1, -1)]


def test_deep_groups_are_no_recursion() -> None:
    """Groups in groups, as deep as they come."""
    error: Exception = ValueError("at the bottom")
    for number in range(3000):
        error = ExceptionGroup(str(number), [error])

    assert make_failure(error, {}).causes[-1].message == "at the bottom"


def test_what_libraries_did_is_a_line() -> None:
    """A callback's frame below pandas is the user's; pandas' own are counted."""

    def divide(number: int) -> float:
        return number / 0

    failure = make_failure(fail(lambda: pd.Series([1]).apply(divide)), {})

    lines = failure.frames.splitlines()
    assert [line.split(", in ")[1] for line in lines if ", in " in line] == ["fail", "<lambda>", "divide"]
    assert sum("of pandas" in line for line in lines) == 1
    assert "site-packages" not in failure.frames


def test_what_a_library_raises_twice_is_told_once() -> None:
    """A column that is not there is two errors of one text in pandas."""
    error = fail(lambda: pd.DataFrame({"a": [1]})["price"])

    assert isinstance(error.__cause__, KeyError)
    assert make_failure(error, {}).causes == ()


def test_where_a_library_failed_is_told_when_no_own_code_was_there() -> None:
    """The innermost frame."""

    def call() -> None:
        try:
            json.loads("{")
        except ValueError as error:
            assert error.__traceback__ is not None
            error.__traceback__ = error.__traceback__.tb_next  # as of an exception that another thread raised
            raise OSError("no") from error

    [cause] = make_failure(fail(call), {}).causes

    assert cause.kind == "JSONDecodeError"
    assert "decoder.py" in cause.frames
    assert cause.frames.count("File ") == 1


class Broken:
    """A value that raises whatever it is asked."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    @property
    def shape(self) -> Any:
        raise self._error

    def __repr__(self) -> str:
        raise self._error


class OddText(str):
    """A text that has another text."""

    __slots__ = ()


class OddError(Exception):
    def __str__(self) -> str:
        return OddText("odd")


class Notes(Exception):
    __notes__ = 5  # type: ignore[assignment]  # wrong on purpose


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(0)])
def test_inputs_are_told_in_a_line(error: BaseException) -> None:
    """Whatever they do when they are asked."""
    failure = make_failure(KeyError("y"), {"a": 1, "b": Broken(error)})

    assert failure.inputs["a"] == "1"
    assert "Broken" in failure.inputs["b"]


def test_texts_are_plain() -> None:
    """A text of a class of its own could not travel; notes that are none are left alone."""
    assert type(make_failure(OddError(), {}).message) is str
    assert make_failure(Notes("x"), {}).message == "x"


class Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no name")


def test_a_type_that_tells_no_name_is_named() -> None:
    """Its metaclass may answer as it likes; Python knows the name."""
    error = Nameless("Odd", (Exception,), {})("m")

    assert make_failure(error, {}).kind == "Odd"
