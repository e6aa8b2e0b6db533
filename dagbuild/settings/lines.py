"""Where a key stands in a TOML text, for messages.

The standard library's parser does not say. This reads headers and keys line by line, which is enough to point
a person at the right line; it decides nothing.
"""

from __future__ import annotations

import re

_WORD = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_WORD}(?:\s*\.\s*{_WORD})*"
_HEADER = re.compile(rf"^\s*\[\[?\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"^\s*({_DOTTED})\s*=")
_PARTS = re.compile(_WORD)


def find_lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key and table by its path."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    fence: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if fence is None:
            if header := _HEADER.match(line):
                table = split_dotted(header[1])
                lines.setdefault(table, number)
            elif key := _KEY.match(line):
                lines.setdefault(table + split_dotted(key[1]), number)
        for mark in ('"""', "'''"):
            if fence in (None, mark) and line.count(mark) % 2:
                fence = None if fence else mark
    return lines


def find_line(lines: dict[tuple[str, ...], int], path: tuple[str, ...]) -> int | None:
    """Return the line of the key, or of the nearest table or key around it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def split_dotted(dotted: str) -> tuple[str, ...]:
    """Return the keys of a dotted one; what stands in quotes is one key, dots included."""
    return tuple(word.strip("\"'") for word in _PARTS.findall(dotted))
