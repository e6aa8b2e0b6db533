"""A call at the start of a function that leaves all the rest of it as it was."""

from __future__ import annotations

import ast
import dis
import inspect
import os
import sys
import threading
import traceback
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from dagbuild.observe.prologue import add_prologue, copy_function


def plain(a: int, b: int = 2, *rest: int, c: int = 3, **more: int) -> Any:
    return a, b, rest, c, more


def handles(text: str) -> Any:
    try:
        return int(text)
    except ValueError as error:
        return type(error)
    finally:
        text = ""


def nested(items: list[int]) -> Any:
    total = 0

    def inner() -> int:
        nonlocal total
        total += sum(item for item in items)
        return total

    return inner(), [inner() for _ in items]


def closes_over_itself(depth: int) -> Any:
    return depth and closes_over_itself(depth - 1)


def loops(count: int) -> Any:
    while count:
        count -= 1
    for each in range(5):
        if each == 3:
            break
    else:
        return None
    with threading.Lock():
        return each


def generates(count: int) -> Iterator[int]:
    try:
        for each in range(count):
            got = yield each
            if got:
                yield got
    finally:
        yield -1


def make_closure() -> Callable[[int], Any]:
    outside = [1]

    def within(more: int) -> Any:
        outside.append(more)
        return [outside[0] + each + more for each in range(3)], lambda: (outside, more)

    return lambda more: within(more)[0]


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "arguments of every kind": (plain, (1, 5, 6)),
    "handlers that are needed": (handles, ("x",)),
    "handlers that are not": (handles, ("3",)),
    "cells": (nested, ([1, 2],)),
    "recursion": (closes_over_itself, (3,)),
    "loops": (loops, (3,)),
    "generator": (lambda n: list(generates(n)), (3,)),
    "a closure": (make_closure(), (4,)),
    "many constants": (eval("lambda x: [" + ",".join(f"x + {n}" for n in range(1000, 1400)) + "]"), (1,)),
}


@pytest.mark.parametrize("case", CASES)
def test_function_does_what_it_did(case: str) -> None:
    """The result is the same, and the call comes first, once for each call."""
    function, arguments = CASES[case]
    work = generates if case == "generator" else function
    assert isinstance(work, FunctionType)
    twin, calls = copy_function(work), []
    expected = function(*arguments)
    kept = work.__code__
    try:
        add_prologue(work, lambda: calls.append(sys._getframe(1).f_code.co_name))
        given = function(*arguments)
    finally:
        work.__code__ = kept

    assert repr(given) == repr(expected)
    assert calls and set(calls) == {work.__name__}
    assert twin.__code__ is kept


def test_arguments_are_seen_before_anything_happens() -> None:
    def function(a: int, *rest: int, b: int = 2) -> Any:
        a += 1
        return lambda: (a, b)

    seen: list[dict[str, Any]] = []
    assert isinstance(function, FunctionType)
    add_prologue(function, lambda: seen.append(dict(sys._getframe(1).f_locals)))
    function(1, 7)

    assert seen == [{"a": 1, "rest": (7,), "b": 2}]


def test_asynchronous_functions() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def work() -> list[int]:
        return [number async for number in numbers()]

    calls: list[str] = []
    for function in (numbers, work):
        assert isinstance(function, FunctionType)
        add_prologue(function, lambda name=function.__name__: calls.append(name))
    running = work()
    with pytest.raises(StopIteration) as stopped:
        running.send(None)

    assert stopped.value.value == [1, 2] and calls == ["work", "numbers"]


def test_traceback_is_that_of_the_function_alone() -> None:
    def fails(x: int) -> float:
        y = x
        return y / 0

    def tell() -> str:
        try:
            fails(1)
        except ZeroDivisionError:
            return traceback.format_exc()
        return ""

    before = tell()
    assert isinstance(fails, FunctionType)
    add_prologue(fails, lambda: None)

    assert tell() == before


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    for thing in vars(module).values():
        if isinstance(thing, FunctionType):
            yield thing
        elif isinstance(thing, type):
            yield from (each for each in vars(thing).values() if isinstance(each, FunctionType))


def _instructions(code: CodeType) -> list[tuple[Any, ...]]:
    return [
        (step.opname, step.argval if step.opcode not in dis.hasjrel else None, step.positions)
        for step in dis.get_instructions(code)
    ]


def _handlers(code: CodeType, left_out: int) -> list[tuple[int, ...]]:
    entries = dis._parse_exception_table(code)  # type: ignore[attr-defined]
    return [(e.start - left_out, e.end - left_out, e.target - left_out, e.depth, e.lasti) for e in entries]


@pytest.mark.parametrize(
    "module", [os, ast, inspect, threading, typing, traceback, dis], ids=lambda m: m.__name__
)
def test_all_but_the_call_is_as_it_was(module: ModuleType) -> None:
    """Over real code: every instruction with its place in the text, every handler, every jump."""
    checked = 0
    for function in _functions(module):
        twin = copy_function(function)
        add_prologue(twin, print)
        old, new = function.__code__, twin.__code__
        added = (len(new.co_code) - len(old.co_code)) // 2
        before, after = _instructions(old), _instructions(new)
        start = [step[0] for step in after].index("RESUME") + 1
        more = len(after) - len(before)

        assert [step[0] for step in after[start : start + more]][-1] == "POP_TOP"
        assert after[:start] + after[start + more :] == before
        begun = old.co_code[::2].index(dis.opmap["RESUME"]) + 1
        places = list(new.co_positions())
        assert places[:begun] + places[begun + added :] == list(old.co_positions())
        if not old.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
            assert _handlers(new, 2 * added) == _handlers(old, 0)
        assert {line for _, _, line in new.co_lines()} == {line for _, _, line in old.co_lines()}
        assert inspect.signature(twin) == inspect.signature(function)
        checked += 1
    assert checked > 10
