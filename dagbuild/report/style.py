"""Colours for a terminal, or none, and tables that fit its width. No library: commands start quickly."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CODES = {
    "fresh": "32",
    "reuse": "32",
    "reused": "32",
    "same": "2",
    "stale": "33",
    "changed": "33",
    "run": "33",
    "computed": "36",
    "affected": "93",
    "pinned": "35",
    "accepted": "35",
    "missing": "31",
    "removed": "31",
    "added": "32",
    "failed": "31;1",
    "blocked": "31",
    "error": "31;1",
    "warning": "33",
    "fetch": "34",
    "fetched": "34",
    "hint": "36",
    "dim": "2",
    "bold": "1",
    "skip": "2",
    "skipped": "2",
}
NARROW = 24
"""With fewer columns left than this, text goes below its name rather than beside it."""


@dataclass(frozen=True, slots=True)
class Style:
    """How to write: with colours or not, in how many columns."""

    colour: bool = False
    width: int = 80

    def paint(self, text: str, kind: str) -> str:
        """Return the text in the colour of a kind of thing; as it is when there are no colours."""
        code = _CODES.get(kind)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

    def wrap(self, text: str, indent: str = "") -> list[str]:
        """Return the text in lines that fit, each after `indent`."""
        return textwrap.wrap(
            text,
            max(self.width - 1, len(indent) + 16),
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [indent]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: a word that groups rows, a name, and text; `kind` colours the word."""

    word: str
    name: str
    text: str = ""
    kind: str = ""


def table(rows: Sequence[Row], style: Style, gap: int = 2) -> list[str]:
    """Return the rows as aligned lines; a word is said once for the rows that share it."""
    first = max((len(row.word) for row in rows), default=0) + gap
    most = max(12, (style.width - first) // 2)
    second = min(max((len(row.name) for row in rows if row.text), default=0), most) + gap
    lines: list[str] = []
    previous = None
    for row in rows:
        word = row.word if row.word != previous else ""
        previous = row.word
        head = style.paint(word, row.kind or row.word) + " " * (first - len(word))
        if not row.text:
            lines.append((head + row.name).rstrip())
            continue
        left = style.width - 1 - first - second
        if left >= NARROW and len(row.name) + gap <= second:
            indent = " " * (first + second)
            wrapped = style.wrap(row.text, indent)
            lines.append(head + row.name.ljust(second) + wrapped[0].lstrip())
            lines.extend(wrapped[1:])
        else:
            lines.append(head + row.name)
            lines.extend(style.wrap(row.text, " " * (first + gap)))
    return lines


def columns(rows: Iterable[Sequence[str]], style: Style, heads: Sequence[str] = ()) -> list[str]:
    """Return rows of texts in aligned columns; the last one is cut where the terminal ends."""
    body = [list(row) for row in rows]
    everything = [list(heads), *body] if heads else body
    widths = [max(len(row[i]) for row in everything) for i in range(len(everything[0]))] if everything else []
    lines: list[str] = []
    for number, row in enumerate(everything):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if len(text) > style.width - 1:
            text = text[: max(style.width - 2, 20)] + "…"
        lines.append(style.paint(text, "dim") if heads and number == 0 else text)
    return lines
