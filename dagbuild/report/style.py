"""Colours for a terminal, or none, and tables that fit its width. No library: commands start quickly."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

INKS = {
    "green": ("#00883a", 29),
    "orange": ("#b45f00", 131),
    "red": ("#e52323", 131),
    "blue": ("#007fa8", 63),
    "violet": ("#9a4fe0", 98),
    "grey": ("#767676", 243),
}
"""Of each colour the exact one, and the nearest of the 256 for terminals that know no more.

Each can be read on white and on black (WCAG's contrast of 4.5 : 1), since a command cannot know which one is behind it.
The sixteen named colours are no choice: what they look like is the terminal's, and its yellow on white is lost.
"""

KINDS = {
    "fresh": "green",
    "reuse": "green",
    "reused": "green",
    "added": "green",
    "stale": "orange",
    "changed": "orange",
    "run": "orange",
    "restore": "orange",
    "affected": "orange",
    "warning": "orange",
    "missing": "red",
    "removed": "red",
    "blocked": "red",
    "failed": "red",
    "error": "red",
    "pinned": "violet",
    "accepted": "violet",
    "computed": "blue",
    "restored": "blue",
    "fetch": "blue",
    "fetched": "blue",
    "hint": "blue",
    "same": "grey",
    "seen": "grey",
    "skip": "grey",
    "skipped": "grey",
    "input": "grey",
    "dim": "grey",
}
"""The colour of each kind of thing that is said."""

STRONG = frozenset(("stale", "failed", "error", "bold"))
"""What comes before what has the same colour stands out."""

NARROW = 24
"""With fewer columns left than this, text goes below its name rather than beside it."""


_MARK = f"\ue000{os.urandom(8).hex()}"
"""Stands where a colour begins or ends until the text is written: no text from elsewhere can hold it."""

_UNSEEN = re.compile(
    r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    r"\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What acts on a terminal or turns the order of letters, and is none itself; as a line ends it stays."""


def visible(text: str) -> str:
    """Return a text as it is written: with the colours that it was painted in, and whatever else would act, spelled."""
    if _UNSEEN.search(text):
        text = _UNSEEN.sub(
            lambda found: f"\\u{ord(found[0]):04x}", text
        )  # as JSON spells it, so that JSON stays JSON
    return text.replace(_MARK, "\x1b")


@dataclass(frozen=True, slots=True)
class Style:
    """How to write: with colours or not, in how many columns; `exact` where the terminal knows all colours."""

    colour: bool = False
    width: int = 80
    exact: bool = False

    def paint(self, text: str, kind: str) -> str:
        """Return the text in the colour of a kind of thing; as it is when there are no colours."""
        codes = ["1"] if kind in STRONG else []
        if kind in KINDS:
            rgb, number = INKS[KINDS[kind]]
            red, green, blue = bytes.fromhex(rgb[1:])
            codes.append(f"38;2;{red};{green};{blue}" if self.exact else f"38;5;{number}")
        return f"{_MARK}[{';'.join(codes)}m{text}{_MARK}[0m" if self.colour and codes and text else text

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
