"""What numpy arrays and pandas tables say: types, order, names and every value.

Imports neither: a value of theirs means that they are loaded.
"""

from __future__ import annotations

import sys
from typing import Any

from dagbuild.code.entities import Item
from dagbuild.code.protocols import Referrer
from dagbuild.ground.digest import digest_bytes


def array_items(walk: Referrer, value: Any) -> list[Item] | None:
    """Return the content of an array, dtype or table, or None for anything else."""
    tops = {cls.__module__.partition(".")[0] for cls in type(value).__mro__}
    if "pandas" in tops and "pandas" in sys.modules:
        found = _pandas_items(walk, value)
        if found is not None:
            return found
    if "numpy" in tops and "numpy" in sys.modules:
        return _numpy_items(walk, value)
    return None


def _numpy_items(walk: Referrer, value: Any) -> list[Item] | None:
    np = sys.modules["numpy"]
    if isinstance(value, np.dtype):
        return ["dtype", _dtype_text(value)]
    if isinstance(value, np.ma.MaskedArray):
        return ["masked", walk.refer(np.asarray(value.filled())), walk.refer(np.ma.getmaskarray(value))]
    if isinstance(value, np.ndarray | np.generic):
        head = ["array", _dtype_text(value.dtype), str(value.shape)]
        if value.dtype.hasobject or value.dtype.kind == "T":
            return [*head, *(walk.refer(item) for item in np.asarray(value).ravel().tolist())]
        return [*head, digest_bytes(np.ascontiguousarray(value).tobytes())]
    return None


def _dtype_text(dtype: Any) -> str:
    if dtype.names is None:
        return str(dtype.str) + str(dtype.shape) if dtype.kind != "T" else "StringDType"
    return f"{dtype.itemsize} {dtype.descr}"


def _pandas_items(walk: Referrer, value: Any) -> list[Item] | None:
    pd: Any = sys.modules["pandas"]
    if isinstance(value, pd.DataFrame):
        columns: list[Item] = [walk.refer(value.iloc[:, i].array) for i in range(value.shape[1])]
        return [
            "frame",
            walk.refer(value.columns),
            walk.refer(value.index),
            walk.refer(value.attrs),
            *columns,
        ]
    if isinstance(value, pd.Series):
        return ["series", *(walk.refer(part) for part in (value.name, value.index, value.attrs, value.array))]
    if isinstance(value, pd.MultiIndex):
        levels = [walk.refer(value.get_level_values(i).array) for i in range(value.nlevels)]
        return ["levels", walk.refer(list(value.names)), *levels]
    if isinstance(value, pd.RangeIndex):
        return ["range", walk.refer(value.name), f"{value.start},{value.stop},{value.step}"]
    if isinstance(value, pd.Index):
        frequency = getattr(value, "freqstr", None)
        return ["index", walk.refer(value.name), str(frequency), walk.refer(value.array)]
    if isinstance(value, pd.Categorical):
        return ["categorical", str(value.ordered), walk.refer(value.categories), walk.refer(value.codes)]
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return ["column", *_column_items(walk, value)]
    return None


def _column_items(walk: Referrer, value: Any) -> list[Item]:
    np = sys.modules["numpy"]
    dtype = value.dtype
    if isinstance(dtype, np.dtype):
        return [walk.refer(value.to_numpy())]
    integers = getattr(value, "asi8", None)
    if integers is not None:
        return [repr(dtype), walk.refer(integers)]
    return [repr(dtype), *(walk.refer(item) for item in value.to_numpy(dtype=object).tolist())]
