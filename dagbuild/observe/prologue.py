"""Have a Python function call something before anything else, without putting another function in its place.

Its code is exchanged for the same code with one call more at its start. The function stays the object that everybody
has: its name, signature, identity and pickle are its own, no frame of ours is on the stack while it works, and who
bound it before is served too. Knows nothing of what is called. Written for the code objects of Python 3.11 and later,
whose jumps are relative; what begins a function and what a call looks like is read off a function of this file, not
spelled out, since both differ from version to version.
"""

from __future__ import annotations

import dis
import itertools
from collections.abc import Callable, Iterable, Iterator
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, FunctionType
from typing import Any, TypeAlias

_UNIT = 2
"""Bytes of a code unit; all tables count in units."""

_RESUME = dis.opmap["RESUME"]
_LOAD_CONST = dis.opmap["LOAD_CONST"]
_POP_TOP = dis.opmap["POP_TOP"]
_EXTENDED_ARG = dis.opmap["EXTENDED_ARG"]

Position: TypeAlias = tuple[int | None, int | None, int | None, int | None]


def add_prologue(function: FunctionType, first: Callable[..., object], given: int = 0) -> None:
    """Let the function call `first` whenever its body starts; of a generator: when the first item is asked for.

    It is given as many of the parameters as `given` says, at most two, which are none of the function's cells.
    """
    function.__code__ = _begin_with(function.__code__, first, _TEMPLATES[given])


def can_give(code: CodeType) -> int:
    """Return how many parameters there are, where that is all and a prologue can be given each of them; else 0."""
    count = code.co_argcount
    plain = not (code.co_kwonlyargcount or code.co_flags & (CO_VARARGS | CO_VARKEYWORDS) or code.co_cellvars)
    return count if plain and count < len(_TEMPLATES) else 0


def copy_function(function: FunctionType) -> FunctionType:
    """Return a function that is in all but identity what this one is now, and stays so."""
    twin = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    twin.__kwdefaults__, twin.__qualname__ = function.__kwdefaults__, function.__qualname__
    twin.__module__, twin.__doc__ = function.__module__, function.__doc__
    twin.__annotations__ = function.__annotations__
    twin.__dict__.update(function.__dict__)
    return twin


def _begin_with(code: CodeType, first: Callable[..., object], template: CodeType) -> CodeType:
    units = code.co_code
    start = _end_of_first(units, _RESUME)  # what comes before belongs to the making of the frame
    call = bytes(_load_first(_cut_call(template), len(code.co_consts)))
    added = len(call) // _UNIT
    places = list(code.co_positions())
    places[start:start] = [places[start - 1]] * added
    return code.replace(
        co_code=units[: start * _UNIT] + call + units[start * _UNIT :],
        co_consts=(*code.co_consts, first),
        co_stacksize=max(code.co_stacksize, template.co_stacksize),
        co_linetable=bytes(_encode_places(places, code.co_firstlineno)),
        co_exceptiontable=bytes(_shift_handlers(code.co_exceptiontable, start, added)),
    )


def _give_none(first: Callable[[], object]) -> None:
    first()


def _give_one(first: Callable[[Any], object], one: Any) -> None:
    first(one)


def _give_two(first: Callable[[Any, Any], object], one: Any, two: Any) -> None:
    first(one, two)


_TEMPLATES = (_give_none.__code__, _give_one.__code__, _give_two.__code__)


def _end_of_first(units: bytes, wanted: int) -> int:
    """Return the number of units up to the first of an operation, itself included."""
    return units[::_UNIT].index(wanted) + 1


def _cut_call(template: CodeType) -> bytes:
    """Return what a template does: load, call, drop what comes back."""
    units = template.co_code
    return units[_end_of_first(units, _RESUME) * _UNIT : _end_of_first(units, _POP_TOP) * _UNIT]


_LOAD = dis.opmap["LOAD_FAST"]
_LOADS = {op: name.count("LOAD_FAST") for name, op in dis.opmap.items() if name.startswith("LOAD_FAST")}
"""Those that load a variable, or two in a row whose numbers share a byte."""


def _load_first(call: bytes, index: int) -> Iterator[int]:
    """Yield the call with its first variable loaded from the constants instead; the others move up by one."""
    for op, argument in zip(call[::_UNIT], call[1::_UNIT], strict=True):
        count = _LOADS.get(op)
        if count is None:
            yield from (op, argument)
            continue
        for number in (argument,) if count == 1 else (argument >> 4, argument & 15):
            if number:
                yield from (_LOAD, number - 1)
                continue
            for shift in (24, 16, 8):
                if index >> shift:
                    yield from (_EXTENDED_ARG, index >> shift & 255)
            yield from (_LOAD_CONST, index & 255)


# -- where each unit stands in the text (Objects/locations.md of CPython) ---------------------------------------------

_NOWHERE, _NO_COLUMNS, _WHOLE = 15, 13, 14
_LONGEST = 8


def _encode_places(places: Iterable[Position], line: int) -> Iterator[int]:
    for place, group in itertools.groupby(places):
        left = sum(1 for _ in group)
        while left:
            length = min(left, _LONGEST)
            left -= length
            yield from _encode_place(place, line, length)
            line = line if place[0] is None else place[0]


def _encode_place(place: Position, line: int, length: int) -> Iterator[int]:
    first, last, column, end = place
    if first is None:
        kind = _NOWHERE
    elif last is None or column is None or end is None:
        kind = _NO_COLUMNS
    else:
        kind = _WHOLE
    yield 0x80 | kind << 3 | length - 1
    if first is not None:
        step = first - line
        yield from _encode_little(-step << 1 | 1 if step < 0 else step << 1)
        if kind == _WHOLE:
            assert last is not None and column is not None and end is not None
            yield from _encode_little(last - first)
            yield from _encode_little(column + 1)
            yield from _encode_little(end + 1)


def _encode_little(value: int) -> Iterator[int]:
    while value > 63:
        yield 64 | value & 63
        value >>= 6
    yield value


# -- who handles exceptions (Objects/exception_handling_notes.txt of CPython) -----------------------------------------


def _shift_handlers(table: bytes, start: int, added: int) -> Iterator[int]:
    numbers = _decode_big(table)
    for begin, length, target, depth in zip(numbers, numbers, numbers, numbers, strict=True):
        new_begin, new_end, new_target = (
            at if at < start else at + added for at in (begin, begin + length, target)
        )
        first, *rest = _encode_big(new_begin)
        yield first | 0x80
        yield from rest
        for number in (new_end - new_begin, new_target, depth):
            yield from _encode_big(number)


def _decode_big(table: bytes) -> Iterator[int]:
    value = 0
    for byte in table:
        value = value << 6 | byte & 63
        if not byte & 64:
            yield value
            value = 0


def _encode_big(value: int) -> list[int]:
    parts = [value & 63]
    while value := value >> 6:
        parts.append(value & 63 | 64)
    return parts[::-1]
