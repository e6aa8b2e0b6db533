"""Parquet, where a node asks for it: a file that other programs read.

It cannot say all that a frame can, so every value is read back and compared before it counts as stored.
"""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dagbuild.codecs.base import Codec, Declined, Reader, Writer
from dagbuild.ground.override import override


class ParquetCodec(Codec):
    """Takes pandas frames and Arrow tables that Parquet gives back as they were."""

    name = "parquet/1"

    def encode(self, value: Any, writer: Writer) -> Any:
        """Return the form of a frame or table, after reading it back."""
        if type(value) not in (pd.DataFrame, pa.Table):
            raise Declined("it holds pandas.DataFrame and pyarrow.Table")
        writer.needs("pyarrow")
        kind = "table" if type(value) is pa.Table else "frame"
        if kind == "frame":
            writer.needs("pandas")
        file = io.BytesIO()
        try:
            pq.write_table(
                value if kind == "table" else pa.Table.from_pandas(value), file, compression="zstd"
            )
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise Declined(str(error)) from error
        data = file.getvalue()
        if writer.value_digest(_read(kind, memoryview(data))) != writer.value_digest(value):
            raise Declined("it would come back changed (index, dtypes, order of categories or attrs)")
        return {"kind": kind, "file": writer.add(data)}

    @override
    def decode(self, meta: Any, reader: Reader) -> Any:
        return _read(meta["kind"], reader.view(meta["file"]))

    @override
    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        file = pq.ParquetFile(pa.BufferReader(pa.py_buffer(reader.view(meta["file"]))))
        schema = file.schema_arrow
        columns = [{"name": field.name, "dtype": str(field.type), "bytes": None} for field in schema]
        return {"kind": "parquet", "shape": [file.metadata.num_rows, len(columns)], "columns": columns}


CODEC = ParquetCodec()


def _read(kind: str, data: memoryview) -> Any:
    table = pq.read_table(pa.BufferReader(pa.py_buffer(data)))
    return table if kind == "table" else table.to_pandas()
