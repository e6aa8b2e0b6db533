"""Go through compiled code: what is compiled inside it, and where an instruction stands in the text.

Knows what Python says of its code objects, nothing of what they mean.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

_UNIT = 2
"""Bytes of an instruction."""


def iter_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield code, and that of the functions, classes and comprehensions inside it."""
    todo = [code]
    while todo:
        code = todo.pop()
        yield code
        todo += [const for const in code.co_consts if isinstance(const, CodeType)]


_SHIFTS = {"LOAD_GLOBAL": 1, "LOAD_ATTR": 1 if sys.version_info >= (3, 12) else 0, "LOAD_SUPER_ATTR": 2}
"""Bits of an argument that do not say which name it is."""
_LOADS = {name: op for name, op in dis.opmap.items() if name.startswith("LOAD_")}
_OF_NAMES = {op: (name, _SHIFTS.get(name, 0)) for name, op in _LOADS.items() if op in dis.hasname}
_OF_PLACES = {
    op: name
    for name, op in _LOADS.items()
    if op in {*dis.haslocal, *dis.hasfree} and name.count("LOAD_") == 1
}


def iter_loads(code: CodeType) -> Iterator[tuple[str, str]]:
    """Yield the instructions that load something by a name, each with that name: what `dis` says, much quicker."""
    raw = code.co_code
    more = 0
    for op, low in zip(raw[::_UNIT], raw[1::_UNIT], strict=True):
        argument = more | low
        more = argument << 8 if op == dis.EXTENDED_ARG else 0
        if op in _OF_NAMES:
            name, shift = _OF_NAMES[op]
            yield name, code.co_names[argument >> shift]
        elif op in _OF_PLACES:
            yield _OF_PLACES[op], code._varname_from_oparg(argument)  # type: ignore[attr-defined]


class Span(NamedTuple):
    """Where something stands in a text: lines from 1, columns in bytes from 0, as a syntax tree has them."""

    line: int
    end_line: int
    column: int
    end_column: int


def find_span(code: CodeType, at: int) -> Span | None:
    """Return where the instruction at this offset stands; None when that is not known."""
    places = list(code.co_positions())
    found = places[at // _UNIT] if at // _UNIT < len(places) else (None,) * 4
    line, end_line, column, end = found
    if line is None or end_line is None or column is None or end is None:
        return None
    return Span(line, end_line, column, end)
