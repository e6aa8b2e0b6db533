"""polars: frames and Series through Arrow, so their columns are the blobs that an Arrow table of them has.

Only when every dtype comes back from Arrow; others go to polars' own pickle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dagbuild.codecs.base import Codec, Declined, Reader, Selection, Writer
from dagbuild.codecs.tables import decode_table, describe_table, encode_table, select_table
from dagbuild.errors import CodecError
from dagbuild.node import Label


class PolarsCodec(Codec):
    """Takes frames and Series."""

    name = "polars/2"
    selects = True

    def encode(self, value: Any, writer: Writer) -> Any:
        """Return the form of a frame or Series."""
        writer.needs("polars")
        if type(value) is pl.LazyFrame:
            raise CodecError(
                "a value of type 'polars.LazyFrame' cannot be stored: it is a plan, not a value",
                hint='return what its collect() gives, or mark the node with @cache("never")',
            )
        if type(value) not in (pl.DataFrame, pl.Series):
            raise Declined
        frame = value if type(value) is pl.DataFrame else value.to_frame()
        try:
            table = frame.to_arrow()
            back = _from_arrow(table.slice(0, 0))
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise Declined from error
        if back.schema != frame.schema:
            raise Declined
        return {"kind": type(value).__name__, **encode_table(table, writer)}

    def decode(self, meta: Any, reader: Reader) -> Any:
        """Return the value of a form."""
        frame = _from_arrow(decode_table(meta, reader))
        return frame if meta["kind"] == "DataFrame" else frame.to_series()

    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        """Return what the form tells of its value."""
        return {"kind": f"polars.{meta['kind']}", **describe_table(meta, reader)}

    def select(self, meta: Any, names: Sequence[Label], reader: Reader) -> Selection | None:
        """Return some columns of a frame."""
        return select_table(meta, names, reader) if meta["kind"] == "DataFrame" else None

    def takes_from_pickle(self, value: Any) -> bool:
        """Yes for what has columns."""
        return type(value) in (pl.DataFrame, pl.Series)


CODEC = PolarsCodec()


def _from_arrow(table: Any) -> Any:
    return pl.from_arrow(table, rechunk=False)
