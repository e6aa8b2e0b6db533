"""What checks ask of columns and frames, whichever library they are from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagbuild.modifiers.frame_types import find_frame_library
from dagbuild.modifiers.validators import COLUMN, find_kinds


def is_frame(value: Any) -> bool:
    """Tell whether the value is a frame."""
    return find_frame_library(type(value)) is not None


def is_column(value: Any) -> bool:
    """Tell whether the value is a column or an array."""
    return find_kinds(type(value)) == {COLUMN}


def columns(frame: Any) -> list[tuple[Any, Any]]:
    """Return (name, column) of each column of a frame."""
    if hasattr(frame, "collect") and not hasattr(frame, "iloc"):
        frame = frame.collect()
    if hasattr(frame, "items"):
        return list(frame.items())
    return [(name, frame[name]) for name in frame.columns]


def as_series(column: Any) -> Any:
    """Return the column as a pandas Series."""
    import pandas as pd

    if isinstance(column, pd.Series):
        return column
    return pd.Series(column.to_numpy() if hasattr(column, "to_numpy") else column.ravel())


def count_wrong(column: Any, wrong: Any) -> Mapping[str, Any] | None:
    """Return how many elements are wrong, and some of them; None when there are none."""
    count = int(wrong.sum())
    if not count:
        return None
    shown = ", ".join(str(value) for value in column[wrong].head(5).tolist())
    return {"rows": f"{count} of {len(column)}", "such as": shown}


def tell(details: Mapping[str, Any]) -> str:
    """Return details in words."""
    return ", ".join(f"{name} {detail}" for name, detail in details.items())


def dtype_fits(dtype: Any, wanted: Any) -> bool:
    """Tell whether a dtype is the wanted one, or a kind of it."""
    import numpy as np

    if dtype == wanted:
        return True
    if type(dtype).__module__.startswith("polars"):
        return _polars_fits(dtype, wanted)
    if wanted is str:
        return str(dtype) in ("str", "string") or str(dtype).startswith("string[")
    numpy_dtype = getattr(dtype, "numpy_dtype", dtype)  # of a nullable dtype
    try:
        return bool(np.issubdtype(numpy_dtype, wanted))
    except TypeError:
        return False


def _polars_fits(dtype: Any, wanted: Any) -> bool:
    tests = {int: "is_integer", float: "is_float"}
    if wanted in tests:
        return bool(getattr(dtype, tests[wanted])())
    return (
        bool(dtype.to_python() is wanted)
        if isinstance(wanted, type) and hasattr(dtype, "to_python")
        else False
    )
