"""Recognise frames and columns by the names of their types, without importing the libraries of them."""

from __future__ import annotations

import sys
import typing
from typing import Any

from dagbuild.model.types import plain_type

FRAMES = {("pandas", "DataFrame"), ("polars", "DataFrame"), ("polars", "LazyFrame"), ("dask", "DataFrame")}
COLUMNS = {("pandas", "Series"), ("polars", "Series"), ("dask", "Series")}
HOMES = {"dask": "dask.dataframe"}
"""Where a library has its types, when that is not the library itself."""


def find_frame_library(form: Any) -> str | None:
    """Return the library whose frame the annotation is, or None when it is no frame."""
    return _find_library(form, FRAMES)


def find_column_library(form: Any) -> str | None:
    """Return the library whose column the annotation is, or None when it is no column."""
    return _find_library(form, COLUMNS)


def column_type(library: str) -> Any:
    """Return the type of a column of the library, which is imported already."""
    return sys.modules[HOMES.get(library, library)].Series


def _find_library(form: Any, kinds: set[tuple[str, str]]) -> str | None:
    form = plain_type(form)
    kind = typing.get_origin(form) or form
    for base in getattr(kind, "__mro__", ()):
        library = base.__module__.split(".")[0]
        if (library, base.__name__) in kinds:
            return str(library)
    return None
