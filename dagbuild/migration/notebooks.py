"""Notebooks: the code of their cells as one text, and back into the file; all else of it stays letter by letter.

Knows how IPython's magics look and where cells lie in the file's JSON; knows nothing of imports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dagbuild.migration.syntax import check_syntax

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r"[^\s\[\]{},:\"]+")
_MAGIC = re.compile(r"^\s*(?:[%!?]|[\w., ()\[\]'\"]+=\s*[%!]|.*\?\s*$)")
_LOADED = re.compile(r"^(\s*%(?:re|un)?load_ext\s+)([\w.]+)(?=\s*$)")
_HELD = re.compile(r"^(\s*)pass  # dagbuild holds (\d+)$")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TEXT = json.JSONDecoder(strict=False)
_BORDER = "# dagbuild begins cell "


@dataclass(frozen=True, slots=True)
class Span:
    """A value of JSON and where it lies in the text."""

    value: Any
    start: int
    end: int

    def get(self, *path: str) -> Any:
        """Return what lies under keys, plain; None where there is nothing."""
        at = self
        for key in path:
            if not isinstance(at.value, dict) or key not in at.value:
                return None
            at = at.value[key]
        return at.value


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of code: its number among all cells, from 1, and where its source lies."""

    number: int
    source: Span

    @property
    def text(self) -> str:
        """What stands in it."""
        value = self.source.value
        return value if isinstance(value, str) else "".join(each.value for each in value)


def read_cells(text: str) -> list[Cell]:
    """Return the cells of a notebook in Python; none of another language. Raises ValueError for what is no notebook."""
    whole, end = _read(text, _skip(text, 0))
    cells = whole.get("cells")
    if text[end:].strip() or not isinstance(cells, list):
        raise ValueError("it has no cells")
    language = whole.get("metadata", "language_info", "name") or whole.get(
        "metadata", "kernelspec", "language"
    )
    if language not in (None, "python"):
        return []
    found = []
    for number, each in enumerate(cells, 1):
        if each.get("cell_type") == "code":
            source: Span = each.value.get("source", each)
            parts = source.value if isinstance(source.value, list) else [source]
            if not all(isinstance(part.value, str) for part in parts):
                raise ValueError(f"its cell {number} has no text")
            found.append(Cell(number, source))
    return found


def put_cells(text: str, changed: dict[int, str], cells: list[Cell]) -> str:
    """Return the file's text with other sources in some of its cells."""
    for cell in reversed(cells):
        if cell.number in changed and changed[cell.number] != cell.text:
            source = cell.source
            text = text[: source.start] + _write(text, source, changed[cell.number]) + text[source.end :]
    return text


def _write(text: str, source: Span, new: str) -> str:
    plain = text[source.start : source.end].isascii()
    if isinstance(source.value, str):
        return json.dumps(new, ensure_ascii=plain)
    parts: list[Span] = source.value
    was = {part.value: text[part.start : part.end] for part in parts}
    if len(parts) > 1:
        between = text[parts[0].end : parts[1].start]
    else:
        between = "," + text[source.start + 1 : parts[0].start]
    lines = [was.get(line) or json.dumps(line, ensure_ascii=plain) for line in _LINE.findall(new)]
    return text[source.start : parts[0].start] + between.join(lines) + text[parts[-1].end : source.end]


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _read(text: str, at: int) -> tuple[Span, int]:
    """Return the JSON value that begins there, and where it ends; raises ValueError."""
    start, opening = at, text[at : at + 1]
    if opening == '"':
        value, at = _TEXT.raw_decode(text, at)
        return Span(value, start, at), at
    if opening in ("{", "["):
        closing = "}" if opening == "{" else "]"
        pairs: dict[str, Span] = {}
        items: list[Span] = []
        at = _skip(text, at + 1)
        while text[at : at + 1] != closing:
            item, at = _read(text, at)
            at = _skip(text, at)
            if opening == "{":
                pairs[item.value], at = _read(text, _skip(text, _expect(text, at, ":")))
                at = _skip(text, at)
            else:
                items.append(item)
            if text[at : at + 1] != closing:
                at = _skip(text, _expect(text, at, ","))
        return Span(pairs if opening == "{" else items, start, at + 1), at + 1
    found = _PLAIN.match(text, at)
    if found is None:
        raise ValueError("it is no JSON")
    return Span(None, start, found.end()), found.end()


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise ValueError("it is no JSON")
    return at + 1


@dataclass
class Script:
    """The code of cells as one text that Python can read."""

    text: str = ""
    unread: list[Cell] = field(default_factory=list)
    """Cells that are no Python: another language's, or broken."""
    _lines: list[tuple[int, int]] = field(default_factory=list)
    _held: list[str] = field(default_factory=list)
    _ended: set[int] = field(default_factory=set)

    def add(self, cell: Cell) -> None:
        """Take a cell; magics are held back and stand again where they stood."""
        code = cell.text if _parses(cell.text) else self._hold(cell.text)
        if not _parses(code):
            self.unread.append(cell)
            return
        self._lines.append((cell.number, 0))
        self._lines += ((cell.number, line) for line in range(1, code.count("\n") + 2))
        if code.endswith("\n"):
            self._lines.pop()
            self._ended.add(cell.number)
        self.text += f"{_BORDER}{cell.number}\n{code}" + ("" if code.endswith("\n") else "\n")

    def where(self, line: int) -> str:
        """Return which line of which cell a line is."""
        cell, within = self._lines[line - 1]
        return f"cell {cell}, line {within}"

    def magics(self) -> Iterator[tuple[int, str, str | None]]:
        """Yield the magics that were held back: the line, all of it, and which extension it loads."""
        for number, line in enumerate(self.text.split("\n"), 1):
            if (held := _HELD.match(line)) is not None:
                magic = self._held[int(held[2])]
                loaded = _LOADED.match(magic)
                yield number, magic, loaded[2] if loaded else None

    def load(self, old: str, new: str) -> None:
        """Load another extension instead of one."""
        self._held = [
            _LOADED.sub(lambda found: found[1] + new if found[2] == old else found[0], magic)
            for magic in self._held
        ]

    def split(self, text: str) -> dict[int, str]:
        """Return the sources of the cells, by number, of this text as it has become."""
        sources = {}
        whole = "\n" + text.removesuffix("\n")
        for part in whole.split(f"\n{_BORDER}")[1:]:
            number, _, code = part.partition("\n")
            lines = [_HELD.sub(lambda found: self._held[int(found[2])], line) for line in code.split("\n")]
            sources[int(number)] = "\n".join(lines) + ("\n" if int(number) in self._ended else "")
        return sources

    def _hold(self, text: str) -> str:
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if _MAGIC.match(line):
                self._held.append(line)
                indent = line[: len(line) - len(line.lstrip())]
                lines[number] = f"{indent}pass  # dagbuild holds {len(self._held) - 1}"
        return "\n".join(lines)


def _parses(code: str) -> bool:
    try:
        check_syntax(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
