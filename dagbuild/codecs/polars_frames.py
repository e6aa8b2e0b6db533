"""polars: frames and Series through Arrow, so their columns are the blobs that an Arrow table of them has.

Only when every dtype comes back from Arrow; others go to polars' own pickle, and columns of Python objects, which that
refuses, as lists. What polars was told of the order of a column comes back too: its answers depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from dagbuild.codecs.base import Codec, Declined, Reader, Select, Selection, Writer
from dagbuild.codecs.refusals import refuse_for
from dagbuild.codecs.tables import decode_table, describe_table, encode_table, label_table, select_table
from dagbuild.ground.override import override
from dagbuild.model.node import Label


class PolarsCodec(Codec):
    """Takes frames and Series."""

    name = "polars/2"
    safe = True
    selects = True

    @override
    def encode(self, value: Any, writer: Writer) -> Any:
        writer.needs("polars")
        if type(value) is pl.LazyFrame:
            raise refuse_for(value, "it is a plan, not a value", "return what its collect() gives")
        if type(value) not in (pl.DataFrame, pl.Series):
            raise Declined
        frame = value if type(value) is pl.DataFrame else value.to_frame()
        objects = [place for place, dtype in enumerate(frame.dtypes) if dtype == pl.Object]
        columns = frame.drop([frame.columns[place] for place in objects]) if objects else frame
        _refuse_lost(columns, value)
        if any(map(_has_zero, columns.schema.names(), columns.schema.dtypes())):
            raise Declined  # a C string cannot hold the name, and polars panics
        order = _find_order(columns)
        try:
            table = columns.to_arrow()
            back = _set_order(_from_arrow(table.slice(0, 0)), order)
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise Declined from error
        if back.schema != columns.schema:
            raise Declined
        meta = {"kind": type(value).__name__, "order": order, **encode_table(table, writer)}
        if objects:
            lists = [(place, frame.to_series(place)) for place in objects]
            meta["objects"] = [
                [place, series.name, writer.add_value(series.to_list())] for place, series in lists
            ]
        return meta

    @override
    def decode(self, meta: Any, reader: Reader) -> Any:
        frame = _set_order(_from_arrow(decode_table(meta, reader)), meta["order"])
        for place, name, cells in meta.get("objects", ()):
            frame.insert_column(place, pl.Series(name, reader.value(cells), dtype=pl.Object))
        return frame if meta["kind"] == "DataFrame" else frame.to_series()

    @override
    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        return {"kind": f"polars.{meta['kind']}", **describe_table(meta, reader)}

    def select(self, meta: Any, reader: Reader) -> Select | None:
        """Return what selects columns of a frame; not of one with columns of objects, whose forms stand together."""
        if meta["kind"] != "DataFrame" or "objects" in meta:
            return None
        labels, descending = label_table(meta), dict(meta["order"])

        def select(names: Sequence[Label]) -> Selection:
            places = labels.find(names)
            order = [[new, descending[place]] for new, place in enumerate(places) if place in descending]
            return select_table({**meta, "order": order}, places, reader)

        return select

    def takes_from_pickle(self, value: Any) -> bool:
        """Yes for what has columns."""
        return type(value) in (pl.DataFrame, pl.Series)


CODEC = PolarsCodec()


def _from_arrow(table: Any) -> Any:
    frame: Any = pl.from_arrow(table, rechunk=False)
    if frame.columns != table.schema.names:
        frame.columns = table.schema.names  # polars takes an empty name for none
    return frame


def _has_zero(name: str, dtype: Any) -> bool:
    """Tell whether the name, or that of a field in the dtype, holds a zero."""
    if "\0" in name:
        return True
    if isinstance(dtype, pl.Struct):
        return any(_has_zero(field.name, field.dtype) for field in dtype.fields)
    inner = getattr(dtype, "inner", None)
    return inner is not None and _has_zero("", inner)


def _refuse_lost(frame: Any, value: Any) -> None:
    """Raise CodecError for what polars 2.1 reads back from neither Arrow nor its own pickle."""
    for name, dtype in frame.schema.items():
        if any(kind == pl.Object or (isinstance(kind, pl.Array) and not kind.size) for kind in _kinds(dtype)):
            raise refuse_for(
                value,
                f"polars does not read back column '{name}' of type {dtype}",
                "cast it to another type, such as a list of numbers",
            )


def _kinds(dtype: Any) -> Iterator[Any]:
    """Yield the dtype and those of its items and fields."""
    yield dtype
    if isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _kinds(field.dtype)
    elif isinstance(dtype, (pl.List, pl.Array)):
        yield from _kinds(dtype.inner)


def _find_order(frame: Any) -> list[list[Any]]:
    """Return the columns that polars takes for sorted, with whether they go down."""
    flags = frame.flags.values()
    return [
        [place, each["SORTED_DESC"]]
        for place, each in enumerate(flags)
        if each.get("SORTED_ASC") or each.get("SORTED_DESC")
    ]


def _set_order(frame: Any, order: list[list[Any]]) -> Any:
    for place, descending in order:
        frame.replace_column(place, frame.to_series(place).set_sorted(descending=descending))
    return frame
