"""A value as text: what it is, its columns with statistics, its first rows, its fields.

Imports no library of values: what a value is, its class and its methods tell.
"""

from __future__ import annotations

import pprint
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dagbuild.ground import units
from dagbuild.report.fields import bound, declares_fields, find_fields, has_words, tell_short
from dagbuild.report.style import Style, columns
from dagbuild.report.tables import Table, open_table

LINES = 30
"""Of a plain value; the rest is cut."""


def tell_description(described: Mapping[str, Any]) -> str:
    """Return a stored value in a few words: "DataFrame 31 x 4, 12 kB", or itself where `value` is given."""
    if "value" in described:
        return str(described["value"])
    if described.get("kind") in ("file", "folder"):
        return f"{described['kind']} {described['name']}, {units.size(described['size'])}"
    kind = str(described.get("kind", "value")).rpartition(".")[2]
    if kind == "elements":
        kind = units.count(described["length"], "element")
    shape = described.get("shape")
    if shape:
        kind += " " + " x ".join(f"{length:,}" for length in shape)
    stored = described.get("bytes")
    return f"{kind}, {units.size(stored)}" if stored else kind


def tell_value(name: str, value: Any, rows: int, stored: int, style: Style) -> list[str]:
    """Return the lines of `show`."""
    if isinstance(value, Path) and value.exists():
        return _tell_path(name, value, style)
    shape = getattr(value, "shape", None)
    size = f" {' x '.join(f'{length:,}' for length in shape)}" if shape else ""
    space = f", {units.size(stored)}" if stored else ""
    head = [f"{style.paint(name, 'bold')}: {type(value).__name__}{size}{space}", ""]
    if (table := open_table(value)) is not None:
        return [*head, *_tell_table(table, rows, style)]
    if type(value).__module__.partition(".")[0] == "numpy":
        return [*head, *_cut(str(value).splitlines())]
    if fields := find_fields(value):
        return [*head, *_tell_fields(value, fields, style)]
    return [*head, *_cut(_lay_out(value, style).splitlines())]


def _cut(lines: list[str]) -> list[str]:
    return [*lines[:LINES], *([f"... {len(lines) - LINES:,} more lines"] if len(lines) > LINES else [])]


def _lay_out(value: Any, style: Style) -> str:
    try:
        return pprint.pformat(bound(value), width=max(style.width - 1, 20))
    except Exception:  # somebody's __repr__
        return tell_short(value)


def _tell_fields(value: Any, fields: Sequence[tuple[str, Any]], style: Style) -> list[str]:
    """Return an object's own words, where it has other words than its fields, and a line for each field."""
    lines = []
    if has_words(value) and not declares_fields(value):
        words = tell_short(value)
        room = max(style.width - 1, 20)
        lines += [words if len(words) <= room else f"{words[: room - 1]}…", ""]
    cells = [(name, type(field).__name__, tell_short(field)) for name, field in fields]
    lines += columns(cells[:LINES], style, ("field", "type", "value"))
    return [*lines, *([f"... {len(cells) - LINES:,} more fields"] if len(cells) > LINES else [])]


def _tell_path(name: str, path: Path, style: Style) -> list[str]:
    """Return what a file or folder is called, how large it is, where it lies and what is in it."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    kind, total = "folder" if path.is_dir() else "file", sum(each.stat().st_size for each in files)
    lines = [
        f"{style.paint(name, 'bold')}: {kind} {path.name}, {units.size(total)}",
        style.paint(str(path), "dim"),
    ]
    if path.is_dir():
        rows = [(each.relative_to(path).as_posix(), units.size(each.stat().st_size)) for each in files]
        lines += ["", *columns(rows[:LINES], style, ("file", "size"))]
        lines += [f"... {len(rows) - LINES:,} more files"] if len(rows) > LINES else []
    return lines


def _tell_table(table: Table, rows: int, style: Style) -> list[str]:
    lines = columns(table.describe(), style, ("column", "type", "missing", "values"))
    if rows and table.length:
        lines.append("")
        lines.extend(table.tell_head(rows, max(style.width - 1, 20)))
        if table.length > rows:
            lines.append(style.paint(f"... {table.length - rows:,} more rows", "dim"))
    return lines
