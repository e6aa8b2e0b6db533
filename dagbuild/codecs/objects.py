"""Columns of Python objects: one typed array for each exact type of cell.

What no typed array can hold exactly (a subclass, a list, an int of a hundred digits) declines, and the column goes
to pickle.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dagbuild.codecs.arrays import add_array, make_array
from dagbuild.codecs.arrow import add_chunks, read_chunks
from dagbuild.codecs.base import Declined, Reader, Writer

Cells = Sequence[Any]

_NAN = np.nan
"""The one that everybody passes around, told from others: `is` and `in` see the difference."""


def add_objects(array: np.ndarray[Any, Any], writer: Writer) -> Any:
    """Return the form of a one-dimensional object array; as a pickle where it cannot be data."""
    mark = writer.mark()
    try:
        return _add_typed(array.tolist(), writer)
    except (Declined, OverflowError, pa.ArrowInvalid):
        writer.roll_back(mark)
        return ["pickle", len(array), writer.add_pickle(array.tolist())]


def read_objects(form: Any, reader: Reader) -> np.ndarray[Any, Any]:
    """Return the object array of a form."""
    length = form[1]
    result = np.empty(length, object)
    if form[0] == "pickle":
        _fill(result, slice(None), reader.value(form[2]))
        return result
    _, _, codes_number, kinds = form
    if len(kinds) == 1:
        name, part = kinds[0]
        _fill(result, slice(None), _read_part(name, part, length, reader))
    elif kinds:
        codes = make_array(reader.view(codes_number), np.dtype(np.uint8), (length,))
        for code, (name, part) in enumerate(kinds):
            rows = np.flatnonzero(codes == code)
            _fill(result, rows, _read_part(name, part, len(rows), reader))
    return result


def _add_typed(cells: list[Any], writer: Writer) -> Any:
    types = set(map(type, cells))
    if not types <= _KIND_OF.keys():
        raise Declined
    found = {_KIND_OF[kind] for kind in types}
    has_nan = float in types and any(cell is _NAN for cell in cells)
    names = [name for name in _ORDER if name in found or (name == "nan" and has_nan)]
    if has_nan and all(cell is _NAN for cell in cells if type(cell) is float):
        names.remove("float")
    if len(names) <= 1:
        return ["typed", len(cells), None, [_add_part(name, cells, writer) for name in names]]
    code_of = {kind: names.index(_KIND_OF[kind]) for kind in types if _KIND_OF[kind] in names}
    if has_nan:
        nan = names.index("nan")
        codes = [nan if cell is _NAN else code_of[type(cell)] for cell in cells]
    else:
        codes = [code_of[kind] for kind in map(type, cells)]
    array = np.array(codes, np.uint8)
    number = add_array(array, writer)
    parts = [
        _add_part(name, [cells[row] for row in np.flatnonzero(array == code).tolist()], writer)
        for code, name in enumerate(names)
    ]
    return ["typed", len(cells), number, parts]


def _add_part(name: str, cells: Cells, writer: Writer) -> list[Any]:
    kind = _KINDS[name]
    if isinstance(kind, _One):
        return [name, None]
    if isinstance(kind, _Numbers):
        return [name, add_array(np.array(kind.encode(cells), kind.dtype), writer)]
    try:
        texts = pa.array(kind.encode(cells), kind.type)
    except UnicodeEncodeError:
        return _add_part("surrogates", cells, writer)
    return [name, add_chunks(pa.chunked_array([texts]), writer)]


def _read_part(name: str, part: Any, length: int, reader: Reader) -> Any:
    kind = _KINDS[name]
    if isinstance(kind, _One):
        return [kind.value] * length
    if isinstance(kind, _Numbers):
        return kind.decode(make_array(reader.view(part), np.dtype(kind.dtype), (length,)).tolist())
    return kind.decode(read_chunks(part, reader).to_pylist())


def _fill(result: np.ndarray[Any, Any], where: Any, cells: Iterable[Any]) -> None:
    # A list of lists would be taken for a table, so cells go through an array of their own.
    cells = list(cells)
    column = np.empty(len(cells), object)
    for row, cell in enumerate(cells):
        column[row] = cell
    result[where] = column


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
    "bool": _Numbers("|b1"),
    "int": _Numbers("<i8"),
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
_ORDER = tuple(_KINDS)
_KIND_OF: dict[type, str] = {
    type(None): "none", type(pd.NA): "na", type(pd.NaT): "nat", bool: "bool", int: "int", float: "float",
    str: "str", bytes: "bytes", dt.date: "date", Decimal: "decimal",
}  # fmt: skip
