"""The arrays that pandas columns and indexes are made of: each class as raw buffers and a typed form.

A frame, a Series and an index write the same array as the same bytes. Exact classes only; a class that is not here
goes to pickle, that array alone. Every form begins with the kind, the dtype's name and the length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas._libs.sparse import IntIndex

from dagbuild.codecs.arrays import add_array, decode_dtype, encode_dtype, make_array
from dagbuild.codecs.arrow import add_chunks, decode_type, encode_type, read_chunks
from dagbuild.codecs.base import Declined, Piece, Reader, Writer
from dagbuild.codecs.checking import check_array, check_same
from dagbuild.codecs.objects import add_objects, read_objects
from dagbuild.codecs.plain import decode_zone, encode_zone

Form = list[Any]


def raw_array(array: Any) -> np.ndarray[Any, Any] | None:
    """Return the numpy array that says all of a column, if one does: fixed width and not of objects."""
    kind = type(array)
    if kind is pd.arrays.NumpyExtensionArray or (
        kind in (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray) and isinstance(array.dtype, np.dtype)
    ):
        array = array.to_numpy()
    return array if type(array) is np.ndarray and array.dtype.kind in "biufcmM" else None


def add_column(array: Any, writer: Writer) -> Form:
    """Return the form of a one-dimensional array of pandas or numpy."""
    raw = raw_array(array)
    if raw is not None:
        return ["numpy", encode_dtype(raw.dtype), len(raw), add_array(raw, writer)]
    mark = writer.mark()
    try:
        adder = _ADDERS.get(type(array))
        if adder is None:
            raise Declined
        kind, *rest = adder(array, writer)
        return [kind, str(array.dtype), len(array), *rest]
    except Declined:
        writer.roll_back(mark)
        return ["pickle", str(array.dtype), len(array), writer.add_pickle(array)]


def read_column(form: Form, reader: Reader) -> Any:
    """Return the array of a form."""
    column = _READERS[form[0]](form, reader)
    if reader.checks:
        check_same("a column and what is told of it", len(column), form[2])
    return column


def column_dtype(form: Form) -> str:
    """Return the name of a column's dtype, as pandas says it."""
    return str(decode_dtype(form[1])) if form[0] == "numpy" else str(form[1])


def _own_array(number: int, dtype: Any, length: int, reader: Reader) -> np.ndarray[Any, Any]:
    return check_array(make_array(reader.own(number), np.dtype(dtype), (length,)), reader)


def _read_numpy(form: Form, reader: Reader) -> Any:
    return check_array(make_array(reader.own(form[3]), decode_dtype(form[1]), (form[2],)), reader)


def _add_object(array: Any, writer: Writer) -> Form:
    cells = array if type(array) is np.ndarray else array.to_numpy()
    if cells.dtype != object:
        raise Declined
    return ["object", add_objects(cells, writer)]


def _add_masked(array: Any, writer: Writer) -> Form:
    data, mask = array._data, array._mask
    if mask.any():
        # Whatever an operation left there is no part of the value.
        clean = lambda: np.where(mask, data.dtype.type(0), data).view(np.uint8).data  # noqa: E731
        number = writer.add(Piece(data.nbytes, clean, data.itemsize))
    else:
        number = add_array(data, writer)
    return ["masked", data.dtype.str, number, add_array(mask, writer)]


def _read_masked(form: Form, reader: Reader) -> Any:
    _, _, length, dtype, data, mask = form
    kind = {"f": pd.arrays.FloatingArray, "b": pd.arrays.BooleanArray}.get(
        np.dtype(dtype).kind, pd.arrays.IntegerArray
    )
    return kind(_own_array(data, dtype, length, reader), _own_array(mask, bool, length, reader))


def _add_arrow(array: Any, writer: Writer) -> Form:
    chunks = array.__arrow_array__()
    return ["arrow", encode_type(chunks.type), add_chunks(chunks, writer)]


def _read_arrow(form: Form, reader: Reader) -> Any:
    return pd.arrays.ArrowExtensionArray(read_chunks(form[4], reader, decode_type(form[3], reader)))


def _add_arrow_string(array: Any, writer: Writer) -> Form:
    return ["text", _encode_na(array.dtype), add_chunks(array.__arrow_array__(), writer)]


def _read_arrow_string(form: Form, reader: Reader) -> Any:
    dtype = pd.StringDtype("pyarrow", na_value=_NA[form[3]])
    return dtype.construct_array_type()(read_chunks(form[4], reader), dtype=dtype)  # type: ignore[call-arg]


def _add_python_string(array: Any, writer: Writer) -> Form:
    return ["string", _encode_na(array.dtype), add_objects(np.asarray(array, object), writer)]


def _read_python_string(form: Form, reader: Reader) -> Any:
    return pd.array(read_objects(form[4], reader), dtype=pd.StringDtype("python", na_value=_NA[form[3]]))


def _encode_na(dtype: Any) -> str:
    return "na" if dtype.na_value is pd.NA else "nan"


_NA: dict[str, Any] = {"na": pd.NA, "nan": np.nan}


def _add_category(array: Any, writer: Writer) -> Form:
    codes = array.codes
    return [
        "category",
        codes.dtype.str,
        add_array(codes, writer),
        writer.add_value(array.categories),
        array.ordered,
    ]


def _read_category(form: Form, reader: Reader) -> Any:
    _, _, length, codes, number, categories, is_ordered = form
    kind: Any = pd.CategoricalDtype
    # Not public, but the constructor checks that each category is there once: a million texts take 70 ms (pandas 3.1).
    values = reader.value(categories)
    dtype = kind(values, is_ordered) if reader.checks else kind._from_fastpath(values, is_ordered)
    rows = _own_array(number, codes, length, reader)
    return pd.Categorical.from_codes(rows, dtype=dtype, validate=reader.checks)


def _add_datetime(array: Any, writer: Writer) -> Form:
    zone = array.dtype.tz
    try:
        form = encode_zone(zone)
    except Declined:
        form = writer.add_pickle(zone)
    return ["datetime", array.dtype.unit, form, add_array(array.asi8, writer)]


def _read_datetime(form: Form, reader: Reader) -> Any:
    _, _, length, unit, zone, number = form
    tz = reader.value(zone) if zone[0] == "@" else decode_zone(zone)
    values = _own_array(number, f"<M8[{unit}]", length, reader)
    kind: Any = pd.arrays.DatetimeArray
    return kind._simple_new(values, dtype=pd.DatetimeTZDtype(unit, tz))


def _add_period(array: Any, writer: Writer) -> Form:
    return ["period", array.dtype.name, add_array(array.asi8, writer)]


def _read_period(form: Form, reader: Reader) -> Any:
    # The dtype's name, for the frequency's own is not always one that a dtype takes: "ME" for "period[M]".
    return pd.arrays.PeriodArray(
        _own_array(form[4], "<i8", form[2], reader), dtype=pd.PeriodDtype(form[3][7:-1])
    )


def _add_interval(array: Any, writer: Writer) -> Form:
    return [
        "interval",
        array.closed,
        add_column(array.left.array, writer),
        add_column(array.right.array, writer),
    ]


def _read_interval(form: Form, reader: Reader) -> Any:
    left, right = read_column(form[4], reader), read_column(form[5], reader)
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=form[3])


def _add_sparse(array: Any, writer: Writer) -> Form:
    rows = array.sp_index.indices if array.kind == "integer" else array.sp_index.to_int_index().indices
    values = add_column(array.sp_values, writer)
    return ["sparse", array.kind, add_array(rows, writer), values, writer.add_value(array.fill_value)]


def _read_sparse(form: Form, reader: Reader) -> Any:
    _, _, length, kind, rows, values_form, fill = form
    values = read_column(values_form, reader)
    check_same("rows and values", reader.size(rows) // 4, len(values))
    make_index: Any = IntIndex
    index = make_index(length, _own_array(rows, "<i4", reader.size(rows) // 4, reader))
    index = index if kind == "integer" else index.to_block_index()
    dtype = pd.SparseDtype(values.dtype, reader.value(fill))
    kind_of_array: Any = pd.arrays.SparseArray
    return kind_of_array._simple_new(values, index, dtype)


_STRINGS: Any = [
    pd.StringDtype(storage, na_value=na) for storage in ("python", "pyarrow") for na in _NA.values()
]

_ADDERS: dict[type, Callable[[Any, Writer], Form]] = {
    np.ndarray: _add_object,
    pd.arrays.NumpyExtensionArray: _add_object,
    pd.arrays.IntegerArray: _add_masked,
    pd.arrays.FloatingArray: _add_masked,
    pd.arrays.BooleanArray: _add_masked,
    pd.Categorical: _add_category,
    pd.arrays.DatetimeArray: _add_datetime,
    pd.arrays.PeriodArray: _add_period,
    pd.arrays.IntervalArray: _add_interval,
    pd.arrays.SparseArray: _add_sparse,
    **{
        dtype.construct_array_type(): _add_arrow_string if dtype.storage == "pyarrow" else _add_python_string
        for dtype in _STRINGS
    },
    pd.arrays.ArrowExtensionArray: _add_arrow,
}  # fmt: skip

_READERS: dict[str, Callable[[Form, Reader], Any]] = {
    "numpy": _read_numpy,
    "object": lambda form, reader: read_objects(form[3], reader),
    "masked": _read_masked,
    "arrow": _read_arrow,
    "text": _read_arrow_string,
    "string": _read_python_string,
    "category": _read_category,
    "datetime": _read_datetime,
    "period": _read_period,
    "interval": _read_interval,
    "sparse": _read_sparse,
    "pickle": lambda form, reader: reader.value(form[3]),
}
