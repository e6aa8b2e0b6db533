"""Columns of Python objects: one typed array for each exact type of cell.

Cells that no typed array can hold exactly (a list, an instance of a subclass) go to one pickle, these alone.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dagbuild.codecs.arrays import add_array, make_array
from dagbuild.codecs.arrow import add_chunks, read_chunks
from dagbuild.codecs.base import Reader, Writer
from dagbuild.codecs.checking import check_array

Cells = Sequence[Any]

_NANS = {id(np.nan): "nan", id(math.nan): "math.nan"}
"""Those that everybody passes around, told from others: `is` and `in` see the difference."""


def add_objects(array: np.ndarray[Any, Any], writer: Writer) -> list[Any]:
    """Return the form of a one-dimensional object array: its length, the kind of each cell, and each kind's cells."""
    cells = array.tolist()
    types = set(map(type, cells))
    kind_of = dict.fromkeys(types, "other") | _KIND_OF
    found = list(map(kind_of.__getitem__, map(type, cells)))
    if float in types:
        for row, cell in enumerate(cells):
            if id(cell) in _NANS:
                found[row] = _NANS[id(cell)]
    held = set(found)
    names = [name for name in _ORDER if name in held]
    if len(names) <= 1:
        return [len(cells), None, [_add_part(name, cells, writer) for name in names]]
    code_of = {name: code for code, name in enumerate(names)}
    codes = np.array([code_of[name] for name in found], np.uint8)
    number = add_array(codes, writer)
    parts = [
        _add_part(name, [cells[row] for row in np.flatnonzero(codes == code).tolist()], writer)
        for code, name in enumerate(names)
    ]
    return [len(cells), number, parts]


def read_objects(form: list[Any], reader: Reader) -> np.ndarray[Any, Any]:
    """Return the object array of a form."""
    length, number, parts = form
    if number is None:
        return _column(
            chain.from_iterable(_read_part(name, part, length, reader) for name, part in parts), length
        )
    result = np.empty(length, object)
    codes = make_array(reader.view(number), np.dtype(np.uint8), (length,))
    for code, (name, part) in enumerate(parts):
        rows = np.flatnonzero(codes == code)
        result[rows] = _column(_read_part(name, part, len(rows), reader), len(rows))
    return result


def _add_part(name: str, cells: Cells, writer: Writer) -> list[Any]:
    if name == "other":
        return [name, writer.add_pickle(cells)]
    kind = _KINDS[name]
    if isinstance(kind, _One):
        return [name, None]
    try:
        if isinstance(kind, _Numbers):
            return [name, add_array(np.array(kind.encode(cells), kind.dtype), writer)]
        return [name, add_chunks(pa.chunked_array([pa.array(kind.encode(cells), kind.type)]), writer)]
    except UnicodeEncodeError:
        return _add_part("surrogates", cells, writer)
    except OverflowError:
        return _add_part("long", cells, writer)


def _read_part(name: str, part: Any, length: int, reader: Reader) -> Any:
    if name == "other":
        return reader.value(part)
    kind = _KINDS[name]
    if isinstance(kind, _One):
        return [kind.value] * length
    if isinstance(kind, _Numbers):
        numbers = check_array(make_array(reader.view(part), np.dtype(kind.dtype), (length,)), reader)
        return kind.decode(numbers.tolist())
    return kind.decode(read_chunks(part, reader).to_pylist())


def _column(cells: Iterable[Any], length: int) -> np.ndarray[Any, Any]:
    # Not np.array, which takes a list of lists for a table.
    return np.fromiter(cells, object, length)


class _One:
    """All cells are this one object."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Numbers:
    """Cells as numbers of a numpy dtype."""

    def __init__(self, dtype: str, encode: Callable[[Cells], Cells] = list, decode: Any = list) -> None:
        self.dtype, self.encode, self.decode = dtype, encode, decode


class _Texts:
    """Cells as text or bytes of an Arrow type."""

    def __init__(self, kind: Any, encode: Callable[[Cells], Cells] = list, decode: Any = list) -> None:
        self.type, self.encode, self.decode = kind, encode, decode


_KINDS: dict[str, _One | _Numbers | _Texts] = {
    "none": _One(None),
    "na": _One(pd.NA),
    "nat": _One(pd.NaT),
    "nan": _One(np.nan),
    "math.nan": _One(math.nan),
    "bool": _Numbers("|b1"),
    "int": _Numbers("<i8"),
    "long": _Texts(
        pa.large_string(),
        lambda cells: [hex(cell) for cell in cells],
        lambda texts: (int(t, 16) for t in texts),
    ),
    "float": _Numbers("<f8"),
    "str": _Texts(pa.large_string()),
    "bytes": _Texts(pa.large_binary()),
    "surrogates": _Texts(
        pa.large_binary(),
        lambda cells: [cell.encode("utf-8", "surrogatepass") for cell in cells],
        lambda texts: (text.decode("utf-8", "surrogatepass") for text in texts),
    ),
    "date": _Numbers(
        "<i4",
        lambda cells: [cell.toordinal() for cell in cells],
        lambda numbers: map(dt.date.fromordinal, numbers),
    ),
    "decimal": _Texts(
        pa.large_string(), lambda cells: [str(cell) for cell in cells], lambda texts: map(Decimal, texts)
    ),
}
_ORDER = (*_KINDS, "other")
_KIND_OF: dict[type, str] = {
    type(None): "none", type(pd.NA): "na", type(pd.NaT): "nat", bool: "bool", int: "int", float: "float",
    str: "str", bytes: "bytes", dt.date: "date", Decimal: "decimal",
}  # fmt: skip
