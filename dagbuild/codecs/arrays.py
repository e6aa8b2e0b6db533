"""numpy: the bytes of an array, its dtype, shape and order; and the bytes that any column shares with it.

Masked arrays are two of them. Object arrays and other subclasses go to pickle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dagbuild.codecs.base import Codec, Declined, Piece, Pieces, Reader, Writer
from dagbuild.codecs.checking import check_array
from dagbuild.codecs.plain import decode_plain, encode_plain
from dagbuild.ground.digits import tell
from dagbuild.ground.override import override

_EMPTY_MOST = 1 << 24
"""Bytes of an array over no bytes: some items take none."""

_COMMON = {id(np.dtype(char)): np.dtype(char).str for char in "?bBhHiIlLefdFD"}
"""Names of dtypes by identity, which these share: ten thousand columns need not be looked into one by one."""


class ArrayCodec(Codec):
    """Takes arrays and scalars of fixed width."""

    name = "numpy/1"
    safe = True

    @override
    def encode(self, value: Any, writer: Writer) -> Any:
        writer.needs("numpy")
        if type(value) is np.ndarray:
            return _encode_array(value, writer)
        if type(value) is np.ma.MaskedArray and type(value.data) is np.ndarray:
            return _encode_masked(value, writer)
        if type(value) in (np.str_, np.bytes_):
            # An array would drop zeros at the end.
            plain = value.tobytes() if type(value) is np.bytes_ else str.__str__(value)
            return {"kind": type(value).__name__, "value": encode_plain(plain, writer)}
        if isinstance(value, np.generic) and type(value) is value.dtype.type and value.dtype.names is None:
            array = np.asarray(value)
            return {
                "kind": "scalar",
                "dtype": encode_dtype(value.dtype),
                "data": add_array(array.reshape(1), writer),
            }
        raise Declined

    @override
    def decode(self, meta: Any, reader: Reader) -> Any:
        kind = meta["kind"]
        if kind in ("str_", "bytes_"):
            return getattr(np, kind)(decode_plain(meta["value"], reader))
        if kind == "masked":
            return _decode_masked(meta, reader)
        dtype = decode_dtype(meta["dtype"])
        if kind == "scalar":
            return make_array(reader.view(meta["data"]), dtype, (1,))[0]
        shape = tuple(meta["shape"])
        array = make_array(reader.view(meta["data"]), dtype, shape, meta["order"])
        array.flags.writeable = False  # an empty one has no buffer that says so
        return array

    @override
    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        if meta["kind"] == "masked":
            return {**self.describe(meta["data"], reader), "kind": "numpy.ma.MaskedArray"}
        if meta["kind"] != "array":
            return {"kind": f"numpy.{meta['kind']}", "value": tell(self.decode(meta, reader))}
        dtype = str(decode_dtype(meta["dtype"]))
        return {"kind": "numpy.ndarray", "shape": list(meta["shape"]), "dtype": dtype, "order": meta["order"]}

    def takes_from_pickle(self, value: Any) -> bool:
        """No: pickle keeps large arrays beside its stream by itself, and what is shared stays shared.

        But numpy's pickle of a masked array forgets whether there was a mask.
        """
        return type(value) is np.ma.MaskedArray


CODEC = ArrayCodec()


def add_array(array: np.ndarray[Any, Any], writer: Writer) -> int:
    """Give the bytes of a one-dimensional array to `writer`, however it lies in memory."""
    if array.flags.c_contiguous and not _has_holes(array.dtype):
        return writer.add(Piece(array.nbytes, lambda: _bytes_of(array), array.itemsize))
    clean = lambda: _bytes_of(_without_holes(np.ascontiguousarray(array)))  # noqa: E731
    return writer.add(Piece(array.nbytes, clean, array.itemsize))


def add_rows(tables: Sequence[np.ndarray[Any, Any]], writer: Writer) -> int:
    """Give the bytes of each row to `writer`, however they lie in memory; return the number of the first one's.

    The tables are of one dtype and as wide as each other. Each row is what `add_array` would make of it.
    """
    dtype, size = tables[0].dtype, tables[0].shape[1] * tables[0].itemsize
    rows = [row for table in tables for row in table] if len(tables) > 1 else []
    has_holes = _has_holes(dtype)

    def take(start: int, stop: int) -> Any:
        if not rows:
            return tables[0][start:stop]
        # With the dtype, for it would turn bytes that are swapped.
        return rows[start][np.newaxis] if stop == start + 1 else np.stack(rows[start:stop], dtype=dtype)

    def make(start: int, stop: int, stride: int) -> memoryview:
        some = take(start, stop)
        if has_holes:
            some = _without_holes(np.ascontiguousarray(some))
        if stride == size and some.flags.c_contiguous:
            return _bytes_of(some)
        padded = np.empty((stop - start, stride), np.uint8)
        padded[:, :size].view(dtype)[:] = some
        padded[:, size:] = 0
        return _bytes_of(padded)

    return writer.add_all(Pieces(sum(map(len, tables)), size, make, dtype.itemsize))


def make_array(
    data: memoryview, dtype: np.dtype[Any], shape: tuple[int, ...], order: Any = "C"
) -> np.ndarray[Any, Any]:
    """Return the array over these bytes, without copying them."""
    if not data.nbytes:
        if math.prod(shape) * max(dtype.itemsize, 1) > _EMPTY_MOST:
            raise ValueError(f"an array of {shape} over no bytes")
        return np.empty(shape, dtype, order)
    # Unlike np.ndarray(buffer=), this keeps the view itself as its base: read-only stays so, even by force.
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def encode_dtype(dtype: np.dtype[Any]) -> Any:
    """Return the form of a dtype of fixed width; raises Declined for the others."""
    common = _COMMON.get(id(dtype))
    if common is not None:
        return common
    if dtype.hasobject or dtype.metadata is not None or dtype.kind not in "biufcmMSUV":
        raise Declined
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return ["sub", encode_dtype(base), list(shape)]
    if dtype.names is None:
        if np.dtype(dtype.str) != dtype or type(np.dtype(dtype.str)) is not type(dtype):
            raise Declined
        return dtype.str
    fields: Any = dtype.fields or {}
    if len(fields) != len(dtype.names) or dtype.type is not np.void:
        raise Declined  # titles; items that are records
    formats = [encode_dtype(fields[name][0]) for name in dtype.names]
    offsets = [fields[name][1] for name in dtype.names]
    return ["struct", list(dtype.names), formats, offsets, dtype.itemsize, dtype.isalignedstruct]


def decode_dtype(form: Any) -> np.dtype[Any]:
    """Return the dtype of a form; raises ValueError for one of objects: stored bytes are no addresses of these."""
    dtype = _decode_dtype(form)
    if dtype.hasobject:
        raise ValueError(f"dtype {dtype} is none of those that are stored")
    return dtype


def _decode_dtype(form: Any) -> np.dtype[Any]:
    if isinstance(form, str):
        return np.dtype(form)
    if form[0] == "sub":
        return np.dtype((decode_dtype(form[1]), tuple(form[2])))
    _, names, formats, offsets, size, is_aligned = form
    spec: Any = {
        "names": names, "formats": [decode_dtype(f) for f in formats], "offsets": offsets, "itemsize": size
    }  # fmt: skip
    dtype: np.dtype[Any] = np.dtype(spec, align=is_aligned)
    return dtype


def _encode_array(array: np.ndarray[Any, Any], writer: Writer) -> dict[str, Any]:
    dtype = encode_dtype(array.dtype)
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    size = math.prod(array.shape) * array.dtype.itemsize

    def make() -> memoryview:
        flat = np.ascontiguousarray(array.T if order == "F" else array)
        return _bytes_of(_without_holes(flat))

    return {
        "kind": "array", "dtype": dtype, "shape": list(array.shape), "order": order,
        "data": writer.add(Piece(size, make, array.itemsize)),
    }  # fmt: skip


def _encode_masked(array: Any, writer: Writer) -> dict[str, Any]:
    has_mask = array.mask is not np.ma.nomask
    return {
        "kind": "masked",
        "data": _encode_array(array.data, writer),
        "mask": _encode_array(array.mask, writer) if has_mask else None,
        # Not always of the array's dtype: 999999 for an array of bytes.
        "fill": _encode_array(np.asarray(array.fill_value), writer),
        "hard": bool(array.hardmask),
    }


def _decode_masked(meta: Any, reader: Reader) -> Any:
    data, fill = _own_array(meta["data"], reader), _own_array(meta["fill"], reader)
    mask: Any = np.ma.nomask if meta["mask"] is None else _own_array(meta["mask"], reader)
    array: Any = np.ma.MaskedArray(data, mask, hard_mask=meta["hard"], copy=False)
    array._fill_value = fill
    return array


def _own_array(form: Any, reader: Reader) -> np.ndarray[Any, Any]:
    array = make_array(
        reader.own(form["data"]), decode_dtype(form["dtype"]), tuple(form["shape"]), form["order"]
    )
    return check_array(array, reader)


def _bytes_of(array: np.ndarray[Any, Any]) -> memoryview:
    # Some dtypes, such as datetime64, have no buffer format: their bytes do.
    return array.reshape(-1).view(np.uint8).data if array.nbytes else memoryview(b"")


def _has_holes(dtype: np.dtype[Any]) -> bool:
    """Tell whether items have bytes that belong to no value and may hold anything."""
    if id(dtype) in _COMMON:
        return False
    if dtype.subdtype is not None:
        return _has_holes(dtype.subdtype[0])
    if dtype.names is None:
        return _padding(dtype) > 0
    fields: Any = dtype.fields
    parts = [fields[name][0] for name in dtype.names]
    return sum(part.itemsize for part in parts) != dtype.itemsize or any(map(_has_holes, parts))


def _padding(dtype: np.dtype[Any]) -> int:
    # x87 extended precision: ten bytes of value in sixteen.
    is_extended = dtype.char in "gG" and np.finfo(np.longdouble).nmant == 63
    return np.dtype(np.longdouble).itemsize - 10 if is_extended else 0


def _without_holes(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if not _has_holes(array.dtype):
        return array
    clean = np.zeros(array.shape, array.dtype)
    if array.dtype.names is not None:
        for name in array.dtype.names:
            clean[name] = _without_holes(np.ascontiguousarray(array[name]))
    else:
        width = np.dtype(np.longdouble).itemsize
        value = slice(10) if array.dtype.isnative else slice(width - 10, width)
        old, new = (a.reshape(-1).view(np.uint8).reshape(-1, width) for a in (array, clean))
        new[:, value] = old[:, value]
    return clean
