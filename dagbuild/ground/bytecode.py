"""Go through compiled code: what is compiled inside it, and where an instruction stands in the text.

Knows what Python says of its code objects, nothing of what they mean.
"""

from __future__ import annotations

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
