"""What is known of a file, a frame or a query after it was loaded or saved: plain dicts, with Hamilton's keys.

Knows no library of frames: it asks for what all of them have.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FILE_METADATA = "file_metadata"
DATAFRAME_METADATA = "dataframe_metadata"
SQL_METADATA = "sql_metadata"

_VERSION = "1.0.0"
"""Of what these dicts say; each of them has it."""


def get_file_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return where a file is, its size and times; of what is no local file, that nothing is known of it."""
    text = os.fspath(path)
    scheme = urlsplit(text).scheme if "://" in text else ""
    now = time.time()
    size: int | None = None
    modified, notes = now, f"there is no local file '{text}' to ask for its size"
    if not scheme and Path(text).exists():
        found = Path(text).stat()
        size, modified, notes = found.st_size, found.st_mtime, ""
    return {
        FILE_METADATA: {
            "size": size,
            "path": text,
            "last_modified": modified,
            "timestamp": now,
            "scheme": scheme,
            "notes": notes,
            "__version__": _VERSION,
        }
    }


def get_dataframe_metadata(df: Any) -> dict[str, Any]:
    """Return how many rows and columns a frame has, and what these are."""
    lazy = is_plan(df)
    names, dtypes = zip(*df.collect_schema().items(), strict=True) if lazy else (df.columns, list(df.dtypes))
    return {
        DATAFRAME_METADATA: {
            "__version__": _VERSION,
            "rows": None if lazy else len(df),
            "columns": len(names),
            "column_names": list(names),
            "datatypes": [str(dtype) for dtype in dtypes],
        }
    }


def is_plan(value: Any) -> bool:
    """Tell whether a value is a frame that is not computed yet, as polars' LazyFrame."""
    return hasattr(value, "collect_schema") and hasattr(value, "collect")


def get_file_and_dataframe_metadata(path: str | os.PathLike[str], df: Any) -> dict[str, Any]:
    """Return what is known of a file and of the frame that is in it."""
    return {**get_file_metadata(path), **get_dataframe_metadata(df)}


def get_sql_metadata(query_or_table: str, results: Any) -> dict[str, Any]:
    """Return which query or table it was, and how many rows came of it or went into it."""
    query = query_or_table if "select" in query_or_table.lower().split() else None
    rows = results if results is None or isinstance(results, int) else len(results)
    return {
        SQL_METADATA: {
            "rows": rows,
            "query": query,
            "table_name": None if query else query_or_table,
            "timestamp": time.time(),
            "__version__": _VERSION,
        }
    }
