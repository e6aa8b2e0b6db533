"""Tell whether two values are equal in every way that a program could see: no tolerance, no exceptions.

Written apart from the codecs on purpose: it asks pandas, numpy and pyarrow for everything a value shows, and
compares bytes.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
import sys
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp


def differences(left: Any, right: Any, where: str = "value") -> list[str]:
    """Return what differs, one line each; an empty list means that the values are the same."""
    if type(left) is not type(right):
        return [f"{where}: type {type(left)} != {type(right)}"]
    for kinds, compare in _COMPARERS:
        if isinstance(left, kinds):
            return compare(left, right, where)
    # The standard library's objects keep what they have worked out in slots, and say themselves when they are equal.
    own = type(left).__module__.partition(".")[0] not in sys.stdlib_module_names
    if own and not isinstance(left, type) and (state := _state(left)) is not None:
        return differences(state, _state(right), f"{where} state")
    return [] if left is right or (left == right) is True else [f"{where}: {left!r} != {right!r}"]


def assert_same(left: Any, right: Any) -> None:
    """Fail with all differences."""
    found = differences(left, right)
    assert not found, "\n".join(found)


def _same(left: Any, right: Any, where: str) -> list[str]:
    return [] if left == right else [f"{where}: {left!r} != {right!r}"]


def _floats(left: float, right: float, where: str) -> list[str]:
    for singleton in (np.nan, math.nan):
        if (left is singleton) != (right is singleton):
            return [f"{where}: one is the NaN singleton"]
    return _same(struct.pack("d", left), struct.pack("d", right), where)


def _sequences(left: Any, right: Any, where: str) -> list[str]:
    if len(left) != len(right):
        return [f"{where}: length {len(left)} != {len(right)}"]
    return [
        d
        for i, (a, b) in enumerate(zip(left, right, strict=True))
        for d in differences(a, b, f"{where}[{i}]")
    ]


def _dicts(left: Any, right: Any, where: str) -> list[str]:
    return _sequences(list(left.items()), list(right.items()), where)


def _sets(left: Any, right: Any, where: str) -> list[str]:
    one, other = [sorted(f"{type(item)} {item!r}" for item in items) for items in (left, right)]
    return _same(one, other, where)


def _arrays(left: Any, right: Any, where: str) -> list[str]:
    names = [(dtype, dtype.str, dtype.type) for dtype in (left.dtype, right.dtype)]
    if names[0] != names[1] or left.shape != right.shape:
        return [f"{where}: {left.dtype} {left.shape} != {right.dtype} {right.shape}"]
    if (
        left.dtype.isalignedstruct != right.dtype.isalignedstruct
        or left.dtype.metadata != right.dtype.metadata
    ):
        return [f"{where}: dtype"]
    if left.dtype.hasobject:
        return _sequences(left.ravel().tolist(), right.ravel().tolist(), where)
    if left.dtype.names:
        return [
            d for name in left.dtype.names for d in _arrays(left[name], right[name], f"{where}[{name!r}]")
        ]
    if left.dtype.char in "gG":
        one, other = ([repr(item) for item in array.ravel()] for array in (left, right))
        return _same(one, other, where)
    return _same(left.tobytes(), right.tobytes(), f"{where} bytes")


def _ndarrays(left: Any, right: Any, where: str) -> list[str]:
    one, other = [(a.flags.c_contiguous, a.flags.f_contiguous) for a in (left, right)]
    found = _arrays(left, right, where)
    # A view with gaps comes back as C order, whatever it was.
    return found + (_same(one, other, f"{where} order") if any(one) else [])


def _scalars(left: Any, right: Any, where: str) -> list[str]:
    if left.dtype.kind in "US":
        return _same(str(left.item()), str(right.item()), where)
    return _arrays(np.asarray(left), np.asarray(right), where)


def _arrow(left: Any, right: Any, where: str) -> list[str]:
    if isinstance(left, (pa.Table, pa.RecordBatch)):
        if not left.schema.equals(right.schema, check_metadata=True) or left.num_rows != right.num_rows:
            return [f"{where}: schema or rows"]
        pairs = zip(left.columns, right.columns, strict=True)
        return [d for i, (a, b) in enumerate(pairs) for d in _arrow(a, b, f"{where}[{i}]")]
    if left.type != right.type or len(left) != len(right) or left.null_count != right.null_count:
        return [f"{where}: {left.type} {len(left)} {left.null_count} != {right.type} {len(right)}"]
    return _sequences(left.to_pylist(), right.to_pylist(), where)


def _moments(left: Any, right: Any, where: str) -> list[str]:
    found = _same(repr(left), repr(right), where) + _same(left, right, where)
    return found + _same(getattr(left, "unit", None), getattr(right, "unit", None), f"{where} unit")


def _state(value: Any) -> dict[str, Any] | None:
    """Return the attributes of an object, whether it has a __dict__, slots or both."""
    slots = [
        name
        for kind in type(value).__mro__
        for name in _names(kind.__dict__.get("__slots__", ()))
        if name not in ("__dict__", "__weakref__")
    ]
    if not slots and not hasattr(value, "__dict__"):
        return None
    own = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    return own | dict(getattr(value, "__dict__", {}))


def _names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _polars(left: Any, right: Any, where: str) -> list[str]:
    frames = [value if isinstance(value, pl.DataFrame) else value.to_frame() for value in (left, right)]
    found = _same(list(frames[0].schema.items()), list(frames[1].schema.items()), f"{where} schema")
    found = found or _same(frames[0].height, frames[1].height, f"{where} rows")
    for a, b in () if found else zip(frames[0].iter_columns(), frames[1].iter_columns(), strict=True):
        order = ("SORTED_ASC", "SORTED_DESC")
        # polars may find more out when it reads its own pickle.
        found += [f"{where} order: {name}" for name in order if a.flags.get(name) and not b.flags.get(name)]
        found += _sequences(a.to_list(), b.to_list(), f"{where}[{a.name!r}]")
    return found


def _masked(left: Any, right: Any, where: str) -> list[str]:
    found = _ndarrays(left.data, right.data, where) + _arrays(left.mask, right.mask, f"{where} mask")
    found += _same(left.hardmask, right.hardmask, f"{where} hard mask")
    return (
        found
        + _same((left.mask is np.ma.nomask), (right.mask is np.ma.nomask), f"{where} without a mask")
        + (_arrays(np.asarray(left.fill_value), np.asarray(right.fill_value), f"{where} fill"))
    )


def _sparse(left: Any, right: Any, where: str) -> list[str]:
    found = _same((left.format, left.shape), (right.format, right.shape), where)
    if found or not hasattr(left, "data") or callable(left.data):
        return found or _sequences(list(left.items()), list(right.items()), where)
    parts = ("data", "indices", "indptr", "row", "col", "offsets", "rows")
    for part in parts:
        if hasattr(left, part):
            found += _ndarrays(getattr(left, part), getattr(right, part), f"{where} {part}")
    return found


def _columns(left: Any, right: Any, where: str) -> list[str]:
    """Compare extension arrays."""
    if isinstance(left, np.ndarray):
        return _arrays(left, right, where)
    found = _dtypes(left.dtype, right.dtype, where) + _same(len(left), len(right), f"{where} length")
    if found:
        return found
    if isinstance(left, pd.Categorical):
        return _arrays(left.codes, right.codes, f"{where} codes") + _indexes(
            left.categories, right.categories, f"{where} categories"
        )
    if hasattr(left, "_mask"):
        shown = ~left._mask
        return _arrays(left._mask, right._mask, f"{where} mask") + _arrays(
            left._data[shown], right._data[shown], f"{where} data"
        )
    if hasattr(left, "_pa_array"):
        return _arrow(left._pa_array, right._pa_array, where)
    if isinstance(left, pd.arrays.IntervalArray):
        return _indexes(left.left, right.left, where) + _indexes(left.right, right.right, where)
    if isinstance(left, pd.arrays.SparseArray):
        return (
            _same(left.kind, right.kind, f"{where} kind")
            + _columns(left.sp_values, right.sp_values, where)
            + differences(left.fill_value, right.fill_value, f"{where} fill")
            + _arrays(left.sp_index.to_int_index().indices, right.sp_index.to_int_index().indices, where)
        )
    if hasattr(left, "asi8"):
        return _arrays(left.asi8, right.asi8, where)
    return _sequences(list(left), list(right), where)


def _dtypes(left: Any, right: Any, where: str) -> list[str]:
    found = _same(repr(left), repr(right), f"{where} dtype") + _same(
        type(left), type(right), f"{where} dtype"
    )
    for name in ("storage", "tz", "pyarrow_dtype", "ordered", "closed", "unit"):
        found += _same(getattr(left, name, None), getattr(right, name, None), f"{where} dtype.{name}")
        if name == "tz":
            one, other = [type(getattr(dtype, "tz", None)) for dtype in (left, right)]
            found += _same(one, other, f"{where} class of tz")
    return found + _same(
        repr(getattr(left, "na_value", "")), repr(getattr(right, "na_value", "")), f"{where} na"
    )


def _indexes(left: Any, right: Any, where: str) -> list[str]:
    found = _same(type(left), type(right), where) + _same(len(left), len(right), f"{where} length")
    found += _sequences(list(left.names), list(right.names), f"{where} names")
    if found:
        return found
    if isinstance(left, pd.RangeIndex):
        return _same((left.start, left.stop, left.step), (right.start, right.stop, right.step), where)
    if isinstance(left, pd.MultiIndex):
        found += _same(
            left.sortorder,  # type: ignore[attr-defined]  # which the stubs leave out
            right.sortorder,
            f"{where} sortorder",
        )
        found += _same(left.nlevels, right.nlevels, where)
        for i, (a, b) in enumerate(zip(left.levels, right.levels, strict=True)):
            found += _indexes(a, b, f"{where} level {i}")
        for i, (one, other) in enumerate(zip(left.codes, right.codes, strict=True)):
            found += _arrays(np.asarray(one), np.asarray(other), f"{where} codes {i}")
        return found
    found += _same(getattr(left, "freq", None), getattr(right, "freq", None), f"{where} freq")
    return found + _columns(left._values, right._values, where)


def _pandas(left: Any, right: Any, where: str) -> list[str]:
    found = _indexes(left.index, right.index, f"{where} index") + differences(
        left.attrs, right.attrs, f"{where} attrs"
    )
    found += _same(left.flags.allows_duplicate_labels, right.flags.allows_duplicate_labels, f"{where} flags")
    if isinstance(left, pd.Series):
        found += differences(left.name, right.name, f"{where} name")
        return (
            found
            + differences(type(left._values), type(right._values))
            + _columns(left._values, right._values, where)
        )
    found += _indexes(left.columns, right.columns, f"{where} columns")
    if found:
        return found
    for i in range(left.shape[1]):
        a, b = left.iloc[:, i]._values, right.iloc[:, i]._values
        found += _same(type(a), type(b), f"{where} column {i}") or _columns(a, b, f"{where} column {i}")
    return found


_COMPARERS: list[tuple[Any, Callable[[Any, Any, str], list[str]]]] = [
    ((pd.DataFrame, pd.Series), _pandas),
    (pd.Index, _indexes),
    (pd.api.extensions.ExtensionArray, _columns),
    ((pa.Table, pa.RecordBatch, pa.Array, pa.ChunkedArray), _arrow),
    (np.ma.MaskedArray, _masked),
    (np.ndarray, _ndarrays),
    (sp.sparray | sp.spmatrix, _sparse),
    (np.random.Generator, lambda a, b, w: differences(a.bit_generator.state, b.bit_generator.state, w)),
    (np.generic, _scalars),
    ((pl.DataFrame, pl.Series), _polars),
    ((pd.Timestamp, pd.Timedelta, pd.Period, pd.Interval), _moments),
    ((dt.datetime, dt.time, dt.tzinfo), lambda a, b, w: _same(repr(a), repr(b), w)),
    (UUID, lambda a, b, w: _same((a, a.is_safe), (b, b.is_safe), w)),
    (Decimal, lambda a, b, w: _same(repr(a), repr(b), w)),
    (float, _floats),
    (complex, lambda a, b, w: _floats(a.real, b.real, w) + _floats(a.imag, b.imag, w)),
    (dict, _dicts),
    ((list, tuple, deque), _sequences),
    ((set, frozenset), _sets),
]
