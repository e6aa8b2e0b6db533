"""Tables as files: frames and series of pandas, polars and pyarrow.

The one file that knows what each of them is written with. A table stays what it is: whole numbers with gaps do not
become fractions on the way, and a text that looks like a formula stays a text.
"""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import Any, BinaryIO

from dagbuild.project.exchange.plain import Writer

_PAGE = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 14px/1.45 system-ui, sans-serif; margin: 2rem }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ padding: .25rem .75rem; border-bottom: 1px solid #8884; text-align: right }}
thead th {{ border-bottom: 2px solid #888 }}
</style>
</head>
<body>
{table}
</body>
</html>
"""


def find_writers(value: Any) -> dict[str, Writer]:
    """Return the ways to write a table, by suffix; none for what is no table."""
    library = _find_library(value)
    presented: dict[str, Writer] = {".xlsx": _write_excel, ".html": _write_html, ".md": _write_markdown}
    if library == "numpy":
        return presented if value.ndim in (1, 2) and value.dtype.names is None else {}
    if library is None:
        return {}
    own: dict[str, Writer] = {".csv": _write_csv, ".parquet": _write_parquet, ".json": _write_json}
    if library == "polars":
        own |= {".csv": _write_polars_csv, ".parquet": _write_polars_parquet}
    if library == "pyarrow":
        own[".parquet"] = _write_arrow_parquet
    return own | presented


def _find_library(value: Any) -> str | None:
    """Return whose table a value is, subclasses included; "" of a library that can at least turn it into pandas'."""
    names = [base.__module__.partition(".")[0] for base in type(value).__mro__]
    if "pandas" in names and hasattr(value, "ndim"):
        return "pandas" if hasattr(value, "to_frame" if value.ndim == 1 else "columns") else None
    if "numpy" in names:
        return "numpy" if hasattr(value, "ndim") else None
    found = next((name for name in ("polars", "pyarrow") if name in names), "")
    return found if hasattr(value, "to_pandas") else None


def _to_pandas(value: Any) -> Any:
    """Return a table as a DataFrame whose columns keep their types."""
    import pandas as pd

    library = _find_library(value)
    if library == "numpy":
        return pd.DataFrame(value, columns=["value"] if value.ndim == 1 else None)
    frame = value
    if library == "polars":
        frame = value.to_pandas(use_pyarrow_extension_array=True)
    elif library == "pyarrow":
        frame = value.to_pandas(types_mapper=pd.ArrowDtype)
    elif library == "":
        frame = value.to_pandas()
    if frame.ndim == 1:
        return frame.to_frame(frame.name if frame.name is not None else "value")
    return frame


def _has_index(frame: Any) -> bool:
    """Tell whether the index says more than where a row stands."""
    import pandas as pd

    return not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None)


def _write_csv(value: Any, stream: BinaryIO) -> None:
    frame = _to_pandas(value)
    frame.to_csv(stream, index=_has_index(frame))


def _write_polars_csv(value: Any, stream: BinaryIO) -> None:
    (value.to_frame() if hasattr(value, "to_frame") else value).write_csv(stream)


def _write_parquet(value: Any, stream: BinaryIO) -> None:
    _to_pandas(value).to_parquet(stream)


def _write_polars_parquet(value: Any, stream: BinaryIO) -> None:
    (value.to_frame() if hasattr(value, "to_frame") else value).write_parquet(stream)


def _write_arrow_parquet(value: Any, stream: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if isinstance(value, pa.RecordBatch):
        value = pa.Table.from_batches([value])
    elif not isinstance(value, pa.Table):
        value = pa.table({"value": value})
    pq.write_table(value, stream)


def _write_json(value: Any, stream: BinaryIO) -> None:
    text = _to_pandas(value).to_json(orient="records", date_format="iso", indent=2)
    stream.write(f"{text}\n".encode())


def _write_excel(value: Any, stream: BinaryIO) -> None:
    import pandas as pd
    import xlsxwriter  # noqa: F401 - pandas says that it is missing in words of its own

    frame = _spell_zones(_to_pandas(value))
    # Of text a workbook would make formulas and links, which run and lead somewhere at the reader's.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with pd.ExcelWriter(stream, engine="xlsxwriter", engine_kwargs={"options": options}) as book:
        index = _has_index(frame) or frame.columns.nlevels > 1  # pandas wants one under such a head
        frame.to_excel(book, sheet_name="values", index=index, freeze_panes=(frame.columns.nlevels, 0))


def _spell_zones(frame: Any) -> Any:
    """Return the table with times of a time zone as texts: a workbook knows no zones, and the wrong hour is worse."""
    found = frame.copy(deep=False)
    for at in range(found.shape[1]):
        if _may_have_zones(found.dtypes.iloc[at]):
            found.isetitem(at, found.iloc[:, at].map(_spell_zone))
    for axis in ("index", "columns"):
        labels = getattr(found, axis)
        if any(map(_may_have_zones, labels.dtypes if labels.nlevels > 1 else [labels.dtype])):
            setattr(found, axis, labels.map(_spell_labels))
    return found


def _may_have_zones(dtype: Any) -> bool:
    of_arrow = getattr(dtype, "pyarrow_dtype", dtype)
    return getattr(of_arrow, "tz", None) is not None or dtype.kind == "O"


def _spell_labels(label: Any) -> Any:
    return tuple(map(_spell_zone, label)) if isinstance(label, tuple) else _spell_zone(label)


def _spell_zone(cell: Any) -> Any:
    return str(cell) if isinstance(cell, dt.datetime | dt.time) and cell.tzinfo is not None else cell


def _write_html(value: Any, stream: BinaryIO) -> None:
    import pandas as pd

    frame = _to_pandas(value)
    with pd.option_context("display.max_colwidth", None):
        table = frame.to_html(index=_has_index(frame), border=0, na_rep="", float_format=_say_float)
    stream.write(_PAGE.format(title=escape(type(value).__name__), table=table).encode())


def _write_markdown(value: Any, stream: BinaryIO) -> None:
    frame = _to_pandas(value)
    numeric = [getattr(dtype, "kind", "O") in "iufc" for dtype in frame.dtypes]
    names = [_cell(name) for name in frame.columns]
    if _has_index(frame):
        heads = [_cell(name) if name is not None else "" for name in frame.index.names]
        frame, numeric = frame.reset_index(allow_duplicates=True), [False] * len(heads) + numeric
        names = heads + names
    rows = [[_cell(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
    widths = [max(3, *(len(row[i]) for row in [names, *rows])) for i in range(len(names))]
    ruler = ["-" * (width - right) + ":" * right for width, right in zip(widths, numeric, strict=True)]
    lines = []
    for row in [names, ruler, *rows]:
        cells = zip(row, widths, numeric, strict=True)
        lines.append("| " + " | ".join(c.rjust(w) if right else c.ljust(w) for c, w, right in cells) + " |")
    stream.write("".join(f"{line}\n" for line in lines).encode())


def _cell(value: Any) -> str:
    """Return what may stand between two bars of a Markdown table."""
    import pandas as pd

    if not hasattr(value, "__len__") and pd.isna(value):
        return ""
    if isinstance(value, tuple):  # a name of several levels
        value = " ".join(map(str, value))
    text = _say_float(value) if isinstance(value, float) else str(value)
    if hasattr(value, "hour"):
        text = text.removesuffix(" 00:00:00")  # a day
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r\n", "\n").replace("\n", "<br>")


def _say_float(number: float) -> str:
    """Say a number as far as it is known, without the last digit's noise: 0.3 for 0.1 + 0.2."""
    return f"{number:.15g}"
