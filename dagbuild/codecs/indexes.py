"""pandas indexes: their arrays are columns like any other; class, name and frequency are in the form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from dagbuild.codecs.arrays import add_array, make_array
from dagbuild.codecs.base import Declined, Reader, Writer
from dagbuild.codecs.columns import add_column, column_dtype, read_column

_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        pd.Index, pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex, pd.IntervalIndex, pd.CategoricalIndex,
    )
}  # fmt: skip


def add_index(index: Any, writer: Writer, *, labels: bool = False) -> list[Any]:
    """Return the form of an index; plain `labels` are kept in it, where they can be read without any data."""
    mark = writer.mark()
    try:
        return _add_typed(index, writer, labels=labels)
    except Declined:
        writer.roll_back(mark)
        return ["pickle", len(index), writer.add_pickle(index)]


def read_index(form: list[Any], reader: Reader) -> Any:
    """Return the index of a form."""
    if form[0] == "pickle":
        return reader.value(form[2])
    if form[0] == "range":
        return pd.RangeIndex(form[1], form[2], form[3], name=reader.value(form[4]))
    if form[0] == "labels":
        cells = np.empty(len(form[2]), object)
        cells[:] = form[2]
        return pd.Index(cells, dtype=_LABEL_DTYPES[form[1]], name=reader.value(form[3]), copy=False)
    if form[0] == "multi":
        return _read_multi(form, reader)
    _, kind, column, name, freq = form
    array = read_column(column, reader)
    index: Any = pd.Index(array, dtype=array.dtype, copy=False)
    if type(index) is not _KINDS[kind]:
        raise TypeError(f"pandas makes a {type(index).__name__} of what was a {kind}")
    if freq is not None:
        index.freq = freq
    index.name = reader.value(name)
    return index


def index_length(form: list[Any]) -> int:
    """Return the number of labels, without reading them."""
    if form[0] == "range":
        return len(range(*form[1:4]))
    if form[0] == "index":
        return int(form[2][2])
    return len(form[2]) if form[0] == "labels" else int(form[1])


def describe_index(form: list[Any]) -> str:
    """Return the class of an index and the dtype of its labels."""
    if form[0] == "index":
        return f"{form[1]}[{column_dtype(form[2])}]"
    return {"range": "RangeIndex", "labels": f"Index[{form[1]}]", "multi": "MultiIndex"}.get(
        form[0], "Index[object]"
    )


_LABEL_DTYPES: dict[str, Any] = {
    "str": pd.StringDtype("pyarrow", na_value=np.nan),
    "object": np.dtype(object),
    "int64": np.dtype(np.int64),
}


def _are_labels(cells: list[Any]) -> bool:
    kinds = set(map(type, cells))
    if len(kinds) > 1:
        return kinds == {int, str} and all(
            _are_labels([c for c in cells if type(c) is kind]) for kind in kinds
        )
    if kinds == {int}:
        return all(-(1 << 63) <= cell < 1 << 63 for cell in (min(cells), max(cells)))
    # Asked of all at once: there may be ten thousand.
    return kinds <= {str} and max(map(len, cells), default=0) <= 512 and "".join(cells).isprintable()


def _add_typed(index: Any, writer: Writer, *, labels: bool) -> list[Any]:
    kind = type(index)
    if kind is pd.RangeIndex:
        return ["range", index.start, index.stop, index.step, writer.add_value(index.name)]
    if kind is pd.MultiIndex:
        return _add_multi(index, writer)
    if _KINDS.get(kind.__name__) is not kind:
        raise Declined
    if labels and kind is pd.Index:
        for text, dtype in _LABEL_DTYPES.items():
            cells = index.tolist() if index.dtype == dtype else [None]
            if _are_labels(cells):
                return ["labels", text, cells, writer.add_value(index.name)]
    freq = None
    if kind in (pd.DatetimeIndex, pd.TimedeltaIndex) and index.freq is not None:
        freq = index.freqstr
        if not _says_all(freq, index.freq):
            raise Declined  # a calendar of holidays, say
    return ["index", kind.__name__, add_column(index.array, writer), writer.add_value(index.name), freq]


def _says_all(freq: str, offset: Any) -> bool:
    try:
        return bool(to_offset(freq) == offset)
    except ValueError:
        return False  # not every offset has a text


def _add_multi(index: Any, writer: Writer) -> list[Any]:
    levels = [add_index(level, writer) for level in index.levels]
    codes = [[np.asarray(part).dtype.str, add_array(np.asarray(part), writer)] for part in index.codes]
    names = [writer.add_value(name) for name in index.names]
    return ["multi", len(index), levels, codes, names, index.sortorder]


def _read_multi(form: list[Any], reader: Reader) -> Any:
    _, length, level_forms, code_forms, names, sort_order = form
    levels = [read_index(level, reader) for level in level_forms]
    codes = [make_array(reader.own(number), np.dtype(dtype), (length,)) for dtype, number in code_forms]
    make_index: Any = pd.MultiIndex
    return make_index(
        levels,
        codes,
        sortorder=sort_order,
        names=[reader.value(name) for name in names],
        verify_integrity=reader.checks,
    )
