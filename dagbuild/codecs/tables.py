"""pyarrow: tables, record batches and arrays, column by column with their schema.

Other values of pyarrow (scalars, schemas, datasets) go to pickle.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyarrow import ipc

from dagbuild.codecs.arrow import add_chunks, decode_type, encode_type, read_chunks
from dagbuild.codecs.base import Codec, Declined, Reader, Writer


class ArrowCodec(Codec):
    """Takes what holds columns."""

    name = "pyarrow/1"

    def encode(self, value: Any, writer: Writer) -> Any:
        """Return the form of a table or array."""
        writer.needs("pyarrow")
        if type(value) is pa.Table:
            return {"kind": "Table", **encode_table(value, writer)}
        if type(value) is pa.RecordBatch:
            return {"kind": "RecordBatch", **encode_table(pa.Table.from_batches([value]), writer, whole=True)}
        if isinstance(value, (pa.Array, pa.ChunkedArray)):
            whole = isinstance(value, pa.Array)
            chunks = pa.chunked_array([value]) if whole else value
            column = add_chunks(chunks, writer, whole=whole)
            return {
                "kind": "Array" if whole else "ChunkedArray",
                "type": encode_type(value.type),
                "column": column,
            }
        raise Declined

    def decode(self, meta: Any, reader: Reader) -> Any:
        """Return the value of a form."""
        if "schema" not in meta:
            kind = decode_type(meta["type"])
            chunks = read_chunks(meta["column"], reader, kind)
            return chunks if meta["kind"] == "ChunkedArray" else _only_chunk(chunks)
        table = decode_table(meta, reader)
        if meta["kind"] == "Table":
            return table
        if not table.num_columns:
            return _rows_only(table.num_rows, table.schema)
        return pa.RecordBatch.from_arrays(
            [_only_chunk(column) for column in table.columns], schema=table.schema
        )

    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        """Return what the form tells of its value."""
        if "schema" in meta:
            return {"kind": f"pyarrow.{meta['kind']}", **describe_table(meta, reader)}
        kind = f"pyarrow.{meta['kind']}"
        return {"kind": kind, "shape": [meta["column"][1]], "dtype": str(decode_type(meta["type"]))}

    def takes_from_pickle(self, value: Any) -> bool:
        """Yes for what has columns."""
        return isinstance(value, (pa.Table, pa.RecordBatch, pa.Array, pa.ChunkedArray))


CODEC = ArrowCodec()


def encode_table(table: Any, writer: Writer, *, whole: bool = False) -> dict[str, Any]:
    """Return the form of a table; raises Declined when its schema does not come back from its description."""
    for kind in table.schema.types:
        encode_type(kind)
    return {
        "schema": writer.add(table.schema.serialize()),
        "rows": table.num_rows,
        "columns": [add_chunks(column, writer, whole=whole) for column in table.columns],
    }


def decode_table(meta: Any, reader: Reader) -> Any:
    """Return the table of a form."""
    schema = _read_schema(meta, reader)
    if not schema.names:
        # Only a batch can have rows without columns.
        return pa.Table.from_batches([_rows_only(meta["rows"], schema)])
    columns = [
        read_chunks(form, reader, kind) for form, kind in zip(meta["columns"], schema.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def describe_table(meta: Any, reader: Reader) -> dict[str, Any]:
    """Return shape and columns of the form of a table."""
    schema = _read_schema(meta, reader)
    columns = [
        {"name": field.name, "dtype": str(field.type), "bytes": sum(map(reader.size, form[2]))}
        for field, form in zip(schema, meta["columns"], strict=True)
    ]
    return {"shape": [meta["rows"], len(columns)], "columns": columns}


def _read_schema(meta: Any, reader: Reader) -> Any:
    return ipc.read_schema(pa.py_buffer(reader.view(meta["schema"])))


def _rows_only(rows: int, schema: Any) -> Any:
    structs = pa.Array.from_buffers(pa.struct([]), rows, [None])
    return pa.RecordBatch.from_struct_array(structs).replace_schema_metadata(schema.metadata)


def _only_chunk(chunks: Any) -> Any:
    return chunks.chunk(0) if chunks.num_chunks else pa.array([], chunks.type)
