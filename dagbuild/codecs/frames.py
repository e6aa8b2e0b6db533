"""pandas: frames, Series, indexes, arrays and scalars, exactly.

A frame is stored column by column and comes back as one block for each numpy dtype, over mapped memory. Subclasses
decline: only their own pickle knows what they carry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray
from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]

from dagbuild.codecs.arrays import add_rows, decode_dtype
from dagbuild.codecs.base import Codec, Declined, Reader, Select, Selection, Writer
from dagbuild.codecs.blocks import take_apart
from dagbuild.codecs.checking import check_array, check_places, check_same
from dagbuild.codecs.columns import add_column, column_dtype, read_column
from dagbuild.codecs.indexes import add_index, describe_index, index_length, read_index
from dagbuild.codecs.scalars import decode_scalar, encode_scalar
from dagbuild.codecs.selecting import Labels, take_labels
from dagbuild.ground.errors import CodecError
from dagbuild.ground.override import override
from dagbuild.model.node import Label


class PandasCodec(Codec):
    """Takes what pandas itself defines."""

    name = "pandas/2"
    safe = True
    selects = True

    @override
    def encode(self, value: Any, writer: Writer) -> Any:
        writer.needs("pandas")
        writer.needs("numpy")
        if type(value) is pd.DataFrame:
            return _encode_frame(value, writer)
        if type(value) is pd.Series:
            return _encode_series(value, writer)
        if isinstance(value, pd.Index):
            return {"kind": "index", "index": add_index(value, writer)}
        if isinstance(value, ExtensionArray):
            if value.ndim != 1:
                raise Declined  # a block, in the pickle of a frame of one's own class
            return {"kind": "array", "array": add_column(value, writer), "class": type(value).__name__}
        return {"kind": "scalar", "value": encode_scalar(value, writer)}

    @override
    def decode(self, meta: Any, reader: Reader) -> Any:
        kind = meta["kind"]
        if kind == "frame":
            return _decode_frame(meta, reader)
        if kind == "series":
            return _decode_series(meta, reader)
        if kind == "index":
            return read_index(meta["index"], reader)
        if kind == "array":
            array = read_column(meta["array"], reader)
            return _WRAPPERS[meta["class"]](array) if isinstance(array, np.ndarray) else array
        return decode_scalar(meta["value"], reader)

    @override
    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        kind = meta["kind"]
        if kind == "frame":
            return _describe_frame(meta, reader)
        if kind == "series":
            column = meta["array"]
            return {
                "kind": "pandas.Series", "shape": [column[2]], "dtype": column_dtype(column),
                "name": _read_name(meta["name"], reader), "index": describe_index(meta["index"]),
            }  # fmt: skip
        if kind == "index":
            return {"kind": f"pandas {describe_index(meta['index'])}", "shape": [index_length(meta["index"])]}
        if kind == "array":
            return {"kind": "pandas array", "shape": [meta["array"][2]], "dtype": column_dtype(meta["array"])}
        value = self.decode(meta, reader)
        return {"kind": f"pandas.{type(value).__name__}", "value": repr(value)}

    @override
    def select(self, meta: Any, reader: Reader) -> Select | None:
        return _Table(meta, reader).select if meta["kind"] == "frame" else None

    def takes_from_pickle(self, value: Any) -> bool:
        """Yes for what has columns."""
        return type(value) in (pd.DataFrame, pd.Series) or isinstance(value, (pd.Index, ExtensionArray))


CODEC = PandasCodec()

_WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "NumpyExtensionArray": pd.arrays.NumpyExtensionArray,
    "DatetimeArray": lambda array: pd.array(array, dtype=array.dtype, copy=False),
    "TimedeltaArray": lambda array: pd.array(array, dtype=array.dtype, copy=False),
}
"""Those arrays of pandas that lie over one of numpy, which is all that is stored."""


def _encode_frame(frame: Any, writer: Writer) -> dict[str, Any]:
    groups, others = take_apart(frame)
    blocks = []
    for dtype, group in groups:
        first = add_rows(group.tables, writer)
        blocks.append([dtype, _short(group.places), _short([*range(first, first + len(group.places))])])
    return {
        "kind": "frame",
        "rows": len(frame),
        # Told without any data: which column is which must be known to read one of them.
        "columns": writer.add_inline(partial(add_index, frame.columns, labels=True)),
        "index": writer.add_part(partial(add_index, frame.index, writer)),
        "blocks": blocks,
        "others": [
            [place, *writer.add_part(partial(add_column, column, writer))] for place, column in others
        ],
        **_encode_extras(frame, writer),
    }


def _decode_frame(meta: Any, reader: Reader) -> Any:
    rows = meta["rows"]
    blocks: list[tuple[Any, Any]] = []
    for dtype_form, short, numbers in meta["blocks"]:
        places = _long(short)
        dtype = decode_dtype(dtype_form)
        if rows:
            memory, stride = reader.block(_long(numbers))
            array: Any = np.ndarray((len(places), rows), dtype, memory, strides=(stride, dtype.itemsize))
        else:
            array = np.empty((len(places), 0), dtype)
        check_array(array, reader)
        blocks.append((array, np.array(places, np.intp)))
    for place, form, first, _ in meta["others"]:
        column = read_column(form, reader.part(first))
        if isinstance(column, np.ndarray):
            column = column.reshape(1, -1)
        blocks.append((column, np.array([place], np.intp)))
    index_form, first, _ = meta["index"]
    index, columns = read_index(index_form, reader.part(first)), _read_columns(meta, reader)
    if reader.checks:
        check_same("the rows of a table", rows, len(index), *(block.shape[-1] for block, _ in blocks))
        check_places([place for _, some in blocks for place in some.tolist()], len(columns))
    frame = create_dataframe_from_blocks(blocks, index=index, columns=columns)
    return _decode_extras(frame, meta, reader)


def _read_columns(meta: Any, reader: Reader) -> Any:
    form, buffers = meta["columns"]
    return read_index(form, reader.inline(buffers))


class _Table:
    """A stored frame of which columns are taken: what lies where is found out once."""

    def __init__(self, meta: Any, reader: Reader) -> None:
        self._meta = meta
        self._reader = reader
        self._index = _read_columns(meta, reader)
        self._labels = Labels(self._index)
        self._dtypes = [dtype for dtype, _, _ in meta["blocks"]]
        self._in_block = {
            place: (block, number)
            for block, (_, short, numbers) in enumerate(meta["blocks"])
            for place, number in zip(_long(short), _long(numbers), strict=True)
        }
        self._others = {place: part for place, *part in meta["others"]}

    def select(self, names: Sequence[Label]) -> Selection:
        """Return the columns of these names; raises NoSuchColumns."""
        meta, places = self._meta, self._labels.find(names)
        chosen: dict[int, tuple[list[int], list[int]]] = {}
        for new, place in enumerate(places):
            if place in self._in_block:
                block, number = self._in_block[place]
                new_places, numbers = chosen.setdefault(block, ([], []))
                new_places.append(new)
                numbers.append(number)
        blocks = [[self._dtypes[block], *chosen[block]] for block in sorted(chosen)]
        others = [[new, *self._others[place]] for new, place in enumerate(places) if place in self._others]
        labels = take_labels(self._index, places)
        columns = self._reader.make_inline(partial(add_index, labels, labels=True))
        selected = {**meta, "columns": columns, "blocks": blocks, "others": others}
        parts = [meta["index"], *(part for _, *part in others), *([meta["attrs"]] if "attrs" in meta else [])]
        buffers = {number for _, first, stop in parts for number in range(first, stop)}
        buffers.update(number for _, _, numbers in blocks for number in numbers)
        return Selection(selected, frozenset(buffers), partial(_identify, selected, self._reader))


def _identify(selected: Any, reader: Reader) -> Any:
    """Return the form of a selection with digests in the place of its buffers' numbers."""

    def part(form: Any, first: int, stop: int) -> list[Any]:
        return [form, reader.identify(range(first, stop))]

    blocks = [
        [place, dtype, digest]
        for dtype, places, numbers in selected["blocks"]
        for place, digest in zip(places, reader.identify(numbers), strict=True)
    ]
    others = [[place, *part(*column)] for place, *column in selected["others"]]
    named = {key: part(*selected[key]) for key in ("index", "attrs") if key in selected}
    return {**selected, **named, "blocks": sorted(blocks), "others": others}


def _encode_series(series: Any, writer: Writer) -> dict[str, Any]:
    return {
        "kind": "series",
        "array": add_column(series.array, writer),
        "index": add_index(series.index, writer),
        "name": writer.add_value(series.name),
        **_encode_extras(series, writer),
    }


def _decode_series(meta: Any, reader: Reader) -> Any:
    array = read_column(meta["array"], reader)
    index = read_index(meta["index"], reader)
    series: Any = pd.Series(
        array, index=index, name=reader.value(meta["name"]), dtype=array.dtype, copy=False
    )
    return _decode_extras(series, meta, reader)


def _encode_extras(value: Any, writer: Writer) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if value.attrs:
        extras["attrs"] = writer.add_part(partial(writer.add_value, dict(value.attrs)))
    if not value.flags.allows_duplicate_labels:
        extras["unique"] = True
    return extras


def _decode_extras(value: Any, meta: Any, reader: Reader) -> Any:
    if "attrs" in meta:
        form, first, _ = meta["attrs"]
        value.attrs = reader.part(first).value(form)
    if "unique" in meta:
        value.flags.allows_duplicate_labels = False
    return value


def _read_name(form: Any, reader: Reader) -> str | None:
    try:
        name = reader.value(form)
    except CodecError:
        return "?"
    return None if name is None else str(name)


def _describe_frame(meta: Any, reader: Reader) -> dict[str, Any]:
    columns = _read_labels(meta, reader)
    dtypes = [""] * len(columns)
    sizes = [0] * len(columns)
    for dtype, short, numbers in meta["blocks"]:
        for place, number in zip(_long(short), _long(numbers), strict=True):
            dtypes[place] = str(decode_dtype(dtype))
            sizes[place] = reader.size(number)
    for place, form, first, stop in meta["others"]:
        dtypes[place] = column_dtype(form)
        sizes[place] = sum(map(reader.size, range(first, stop)))
    return {
        "kind": "pandas.DataFrame",
        "shape": [meta["rows"], len(columns)],
        "index": describe_index(meta["index"][0]),
        "columns": [
            {"name": name, "dtype": dtype, "bytes": size}
            for name, dtype, size in zip(columns, dtypes, sizes, strict=True)
        ],
    }


def _read_labels(meta: Any, reader: Reader) -> list[str]:
    try:
        return [str(label) for label in _read_columns(meta, reader)]
    except CodecError:
        # Labels that only a pickle can give back: their places have to do.
        return [f"[{place}]" for place in range(index_length(meta["columns"][0]))]


def _short(places: list[int]) -> list[int] | dict[str, int]:
    """Return places as they are, or as a range where they lie side by side: ten thousand columns are one line."""
    first, last = places[0], places[-1]
    if len(places) > 2 and last - first == len(places) - 1:
        return {"from": first, "to": last + 1}
    return places


def _long(short: list[int] | dict[str, int]) -> list[int]:
    return short if isinstance(short, list) else list(range(short["from"], short["to"]))
