"""A value as text: what it is, its columns with statistics, its first rows. Imports no library of tables."""

from __future__ import annotations

import pprint
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dagbuild.report import units
from dagbuild.report.style import Style, columns

LINES = 30
"""Of a plain value; the rest is cut."""


def tell_description(described: Mapping[str, Any]) -> str:
    """Return a stored value in a few words: "DataFrame 31 x 4, 12 kB", or itself where `value` is given."""
    if "value" in described:
        return str(described["value"])
    if described.get("kind") in ("file", "folder"):
        return f"{described['kind']} {described['name']}, {units.size(described['size'])}"
    kind = str(described.get("kind", "value")).rpartition(".")[2]
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
    library = type(value).__module__.partition(".")[0]
    if library == "pandas" and hasattr(value, "iloc"):
        return [*head, *_tell_pandas(value, rows, style)]
    if hasattr(value, "to_pandas"):
        return [*head, *_tell_pandas(value.to_pandas(), rows, style)]
    text = str(value) if library == "numpy" else pprint.pformat(value, width=max(style.width - 1, 20))
    lines = text.splitlines()
    cut = [f"... {len(lines) - LINES:,} more lines"] if len(lines) > LINES else []
    return [*head, *lines[:LINES], *cut]


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


def _tell_pandas(value: Any, rows: int, style: Style) -> list[str]:
    frame = value.to_frame(value.name if value.name is not None else "value") if value.ndim == 1 else value
    cells = [
        (str(name), str(frame.dtypes.iloc[i]), _count_missing(frame.iloc[:, i]), _summarise(frame.iloc[:, i]))
        for i, name in enumerate(frame.columns)
    ]
    lines = columns(cells, style, ("column", "type", "missing", "values"))
    if rows and len(frame):
        lines.append("")
        lines.extend(
            frame.head(rows).to_string(max_colwidth=28, line_width=max(style.width - 1, 20)).splitlines()
        )
        if len(frame) > rows:
            lines.append(style.paint(f"... {len(frame) - rows:,} more rows", "dim"))
    return lines


def _count_missing(column: Any) -> str:
    missing = int(column.isna().sum())
    return f"{missing:,}" if missing else "-"


def _summarise(column: Any) -> str:
    """Return the range of what has an order, else how many different values there are; never raises."""
    try:
        if not column.notna().any():
            return ""
        if column.dtype.kind == "b":
            return f"{int(column.sum()):,} true"
        if column.dtype.kind in "iuf":
            return f"{_short(column.min())} .. {_short(column.max())}, mean {_short(column.mean())}"
        if column.dtype.kind == "M":
            return f"{column.min()} .. {column.max()}".replace(" 00:00:00", "")
        different = column.nunique()
        examples = ", ".join(_texts(column.dropna().unique()[:3]))
        return f"{different:,} different: {examples}"
    except (TypeError, ValueError):  # values that cannot be hashed or compared
        return ""


def _short(number: Any) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:.6g}"


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        text = str(value)
        yield text if len(text) <= 20 else text[:19] + "…"
