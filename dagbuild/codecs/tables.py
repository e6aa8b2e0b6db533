"""pyarrow: tables, record batches and arrays, column by column with their schema.

Other values of pyarrow (scalars, schemas, datasets) go to pickle.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from dagbuild.codecs.arrow import (
    add_chunks,
    decode_type,
    encode_type,
    only_chunk,
    read_chunks,
    refuse_extension,
)
from dagbuild.codecs.base import Codec, Declined, Reader, Select, Selection, Writer
from dagbuild.codecs.selecting import Labels
from dagbuild.ground.override import override


class ArrowCodec(Codec):
    """Takes what holds columns."""

    name = "pyarrow/2"
    safe = True
    selects = True

    @override
    def encode(self, value: Any, writer: Writer) -> Any:
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

    @override
    def decode(self, meta: Any, reader: Reader) -> Any:
        if "fields" not in meta:
            kind = decode_type(meta["type"], reader)
            chunks = read_chunks(meta["column"], reader, kind)
            return chunks if meta["kind"] == "ChunkedArray" else only_chunk(chunks)
        table = decode_table(meta, reader)
        if meta["kind"] == "Table":
            return table
        if not table.num_columns:
            return _rows_only(table.num_rows, table.schema)
        return pa.RecordBatch.from_arrays(
            [only_chunk(column) for column in table.columns], schema=table.schema
        )

    @override
    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        if "fields" in meta:
            return {"kind": f"pyarrow.{meta['kind']}", **describe_table(meta, reader)}
        kind = f"pyarrow.{meta['kind']}"
        return {"kind": kind, "shape": [meta["column"][1]], "dtype": str(decode_type(meta["type"], reader))}

    @override
    def select(self, meta: Any, reader: Reader) -> Select | None:
        if "fields" not in meta:
            return None
        labels = label_table(meta)
        return lambda names: select_table(meta, labels.find(names), reader)

    def takes_from_pickle(self, value: Any) -> bool:
        """Yes for what has columns."""
        return isinstance(value, (pa.Table, pa.RecordBatch, pa.Array, pa.ChunkedArray))


CODEC = ArrowCodec()


def encode_table(table: Any, writer: Writer, *, whole: bool = False) -> dict[str, Any]:
    """Return the form of a table; raises Declined when its schema does not come back from its description."""
    schema = {
        "fields": [
            [field.name, encode_type(field.type), field.nullable, _encode_notes(field.metadata)]
            for field in table.schema
        ],
        "notes": _encode_notes(table.schema.metadata),
    }
    if not _decode_schema(schema).equals(table.schema, check_metadata=True):
        raise Declined
    return {
        **schema,
        "rows": table.num_rows,
        "columns": [add_chunks(column, writer, whole=whole) for column in table.columns],
    }


def decode_table(meta: Any, reader: Reader) -> Any:
    """Return the table of a form."""
    schema = _decode_schema(meta, reader)
    if not schema.names:
        # Only a batch can have rows without columns.
        return pa.Table.from_batches([_rows_only(meta["rows"], schema)])
    columns = [
        read_chunks(form, reader, kind) for form, kind in zip(meta["columns"], schema.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def describe_table(meta: Any, reader: Reader) -> dict[str, Any]:
    """Return shape and columns of the form of a table."""
    schema = _decode_schema(meta, reader)
    columns = [
        {"name": field.name, "dtype": str(field.type), "bytes": sum(map(reader.size, form[2]))}
        for field, form in zip(schema, meta["columns"], strict=True)
    ]
    return {"shape": [meta["rows"], len(columns)], "columns": columns}


def label_table(meta: Any) -> Labels:
    """Return the labels of the form of a table."""
    return Labels(field[0] for field in meta["fields"])


def select_table(meta: Any, places: Sequence[int], reader: Reader) -> Selection:
    """Return the columns at these places of the form of a table."""
    columns = [meta["columns"][place] for place in places]
    selected = {**meta, "fields": [meta["fields"][place] for place in places], "columns": columns}
    buffers = frozenset(number for _, _, numbers in columns for number in numbers)
    return Selection(selected, buffers, partial(_identify, selected, reader))


def _identify(selected: Any, reader: Reader) -> Any:
    """Return the form of a selection with digests in the place of its buffers' numbers."""
    columns = [[kind, length, reader.identify(numbers)] for kind, length, numbers in selected["columns"]]
    return {**selected, "columns": columns}


def _decode_schema(meta: Any, reader: Reader | None = None) -> Any:
    fields = [
        pa.field(name, decode_type(kind, reader), nullable, _decode_notes(notes, reader))
        for name, kind, nullable, notes in meta["fields"]
    ]
    return pa.schema(fields, _decode_notes(meta["notes"], reader))


def _encode_notes(notes: dict[bytes, bytes] | None) -> list[list[str]] | None:
    return None if notes is None else [[b64encode(part).decode() for part in item] for item in notes.items()]


def _decode_notes(notes: list[list[str]] | None, reader: Reader | None) -> dict[bytes, bytes] | None:
    if notes is None:
        return None
    decoded = {b64decode(key): b64decode(value) for key, value in notes}
    for key in decoded:
        refuse_extension(key, reader)  # polars looks for its types there
    return decoded


def _rows_only(rows: int, schema: Any) -> Any:
    structs = pa.Array.from_buffers(pa.struct([]), rows, [None])
    return pa.RecordBatch.from_struct_array(structs).replace_schema_metadata(schema.metadata)
