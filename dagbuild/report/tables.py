"""Tables as people look at them: their columns with types and statistics, and their first rows.

Types are said as the table's own library says them. Imports none: statistics are asked of pandas' form, to which every
table can be turned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

WIDE = 28
"""Letters of a cell."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: `frame` is pandas', `types` are the columns' as their library says them, `source` is the value."""

    frame: Any
    types: list[str]
    source: Any

    @property
    def length(self) -> int:
        """The rows."""
        return len(self.frame)

    def describe(self) -> list[tuple[str, str, str, str]]:
        """Return for each column its name, type, how many values are missing, and what they are."""
        return [
            (str(name), kind, _count_missing(self.frame.iloc[:, i]), _summarise(self.frame.iloc[:, i]))
            for i, (name, kind) in enumerate(zip(self.frame.columns, self.types, strict=True))
        ]

    def tell_head(self, rows: int, width: int) -> list[str]:
        """Return the first rows as lines that fit."""
        head = self.frame.head(rows)
        if _library(self.source) == "pyarrow":  # whole numbers beside a gap are whole
            head = _as_frame(self.source.slice(0, rows).to_pandas(integer_object_nulls=True))
        # Rows of polars and pyarrow have no names, and those that pandas gives them say nothing.
        named = _library(self.source) not in ("polars", "pyarrow")
        text: str = head.to_string(max_colwidth=WIDE, line_width=width, index=named)
        return text.splitlines()


def open_table(value: Any) -> Table | None:
    """Return a frame or series of pandas, polars, pyarrow, or of what can be turned into pandas'; None for others."""
    if isinstance(value, type):
        return None
    library = _library(value)
    if library == "pandas" and hasattr(value, "iloc"):
        frame = _as_frame(value)
        return Table(frame, [str(kind) for kind in frame.dtypes], value)
    if not hasattr(value, "to_pandas"):
        return None
    if library == "polars":
        kinds = value.dtypes if hasattr(value, "columns") else [value.dtype]
        frame = _as_frame(value.to_pandas(use_pyarrow_extension_array=True))
        return Table(frame, [str(kind) for kind in kinds], value)
    frame = _as_frame(value.to_pandas())
    if library == "pyarrow":
        kinds = value.schema.types if hasattr(value, "schema") else [value.type]
        if len(kinds) == len(frame.columns):  # else some are an index in pandas
            return Table(frame, [str(kind) for kind in kinds], value)
    return Table(frame, [str(kind) for kind in frame.dtypes], frame)


def _library(value: Any) -> str:
    """Return the library of a table, of a subclass that of its base."""
    names = [base.__module__.partition(".")[0] for base in type(value).__mro__]
    return next((name for name in ("pandas", "polars", "pyarrow") if name in names), names[0])


def _as_frame(value: Any) -> Any:
    if value.ndim == 1:
        return value.to_frame(value.name if value.name is not None else "value")
    return value


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
    except Exception:  # values that cannot be hashed or compared, or that a library has no such question for
        return ""


def _short(number: Any) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:.6g}"


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        text = str(value)
        yield text if len(text) <= 20 else text[:19] + "…"
