"""Arrow arrays as record batch messages, in row chunks that appending does not move.

Shared by Arrow tables, polars frames and the Arrow-backed columns of pandas, so that a column is one set of blobs
wherever it is. The message drops offsets, padding and spare bytes; what lies under a null is made zero here.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from dagbuild.codecs.base import UNCUT, Declined, Piece, Reader, Writer
from dagbuild.codecs.checking import check_chunks
from dagbuild.codecs.cuts import cut
from dagbuild.ground.errors import CodecError

KEPT = 4 * 1024
"""Bytes up to which a message is kept instead of being made again: that takes longer than storing them."""


def add_chunks(chunks: Any, writer: Writer, *, whole: bool = False) -> list[Any]:
    """Return the form of a chunked array; `whole` keeps it in one chunk, for values that are not chunked.

    Raises Declined when the type does not come back from its own description.
    """
    writer.needs("pyarrow")
    stored = _stored_type(chunks.type)
    if stored != chunks.type:
        chunks = chunks.cast(stored)
    if not len(chunks) and _has_runs(stored):
        raise Declined  # pyarrow 26 does not read an empty one back
    dictionary = _has_dictionary(stored)
    if dictionary:
        chunks = _with_one_dictionary(chunks)
    numbers = []
    if dictionary:
        numbers.append(writer.add(_stream(_one(chunks))))
    else:
        start = 0
        for rows in [len(chunks)] if whole and len(chunks) else cut(len(chunks), 1):
            numbers.append(writer.add(_message(chunks.slice(start, rows))))
            start += rows
    return [encode_type(stored), len(chunks), numbers]


def read_chunks(form: list[Any], reader: Reader, kind: Any = None) -> Any:
    """Return the chunked array of a form, as type `kind` where that is a view of the one that was stored."""
    stored = decode_type(form[0], reader)
    numbers = form[2]
    if _has_dictionary(stored):
        for number in numbers:
            refuse_extension(reader.view(number), reader)
        arrays = [ipc.open_stream(pa.py_buffer(reader.view(n))).read_next_batch().column(0) for n in numbers]
    else:
        schema = pa.schema([pa.field("", stored)])
        arrays = [ipc.read_record_batch(pa.py_buffer(reader.view(n)), schema).column(0) for n in numbers]
    chunks = check_chunks(pa.chunked_array(arrays, type=stored), form[1], reader)
    return chunks if kind is None or kind == stored else chunks.cast(kind)


def only_chunk(chunks: Any) -> Any:
    """Return the array of a chunked array that has no more than one."""
    # Not `pa.array([])`, which does not know every type.
    return chunks.chunk(0) if chunks.num_chunks else pa.nulls(0, chunks.type)


def encode_type(kind: Any) -> str:
    """Return the text of a type: its name where that says it all, else its Arrow schema."""
    if _common_types().get(str(kind)) == kind:
        return str(kind)
    schema = pa.schema([pa.field("", kind)])
    data = schema.serialize().to_pybytes()
    if not ipc.read_schema(pa.py_buffer(data)).equals(schema, check_metadata=True):
        raise Declined
    return f"{kind}:{b64encode(data).decode()}"


def decode_type(text: str, reader: Reader | None = None) -> Any:
    """Return the type of a text; raises CodecError when its extension is not registered here."""
    name, colon, data = text.rpartition(":")
    if not colon:
        return _common_types()[text]
    schema = b64decode(data)
    refuse_extension(schema, reader)
    kind = ipc.read_schema(pa.py_buffer(schema)).field(0).type
    if str(kind) != name:
        raise CodecError(
            f"Arrow type '{name}' is not known here", hint="import the library that registers it"
        )
    return kind


def refuse_extension(data: Any, reader: Reader | None) -> None:
    """Raise CodecError for bytes with an extension type in them, when nobody who is trusted has signed for them.

    Arrow hands what it finds there to whatever class somebody has registered under the name, and classes unpickle it.
    """
    if reader is not None and not reader.trusted and EXTENSION in bytes(data):
        raise CodecError(
            "an Arrow type of somebody's own in a value that nobody who is trusted has signed for"
        )


EXTENSION = b"ARROW:extension:name"


@cache
def _common_types() -> dict[str, Any]:
    kinds = [
        pa.null(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(),
        pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.string(), pa.large_string(), pa.binary(),
        pa.large_binary(), pa.date32(), pa.date64(), *(pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")),
        *(pa.duration(unit) for unit in ("s", "ms", "us", "ns")),
    ]  # fmt: skip
    return {str(kind): kind for kind in kinds}


def _stored_type(kind: Any) -> Any:
    # Views point into buffers that they share with others; plain strings do not.
    if kind == pa.string_view():
        return pa.large_string()
    return pa.large_binary() if kind == pa.binary_view() else kind


def _has_dictionary(kind: Any) -> bool:
    return pa.types.is_dictionary(kind) or any(map(_has_dictionary, _inner_types(kind)))


def _has_runs(kind: Any) -> bool:
    """Tell whether there are run-end encoded values within the type's own."""
    return any(pa.types.is_run_end_encoded(inner) or _has_runs(inner) for inner in _inner_types(kind))


def _inner_types(kind: Any) -> list[Any]:
    if isinstance(kind, pa.BaseExtensionType):
        return [kind.storage_type]
    return [kind.field(i).type for i in range(kind.num_fields)]


def _with_one_dictionary(chunks: Any) -> Any:
    try:
        return chunks.unify_dictionaries()
    except pa.ArrowInvalid as error:
        raise Declined from error  # more values than the type of the indices can tell


def _one(chunks: Any) -> Any:
    if chunks.num_chunks == 1 and chunks.type in _TEXTS:
        return _exact_text(chunks.chunk(0))
    try:
        one = chunks.combine_chunks() if chunks.num_chunks else chunks
    except pa.ArrowInvalid as error:
        raise Declined from error  # more text than 32-bit offsets can tell
    if isinstance(one, pa.ChunkedArray):
        if one.num_chunks > 1:
            raise Declined
        one = only_chunk(one)
    return one


def _message(chunks: Any) -> Piece:
    # Made once for its size and again when it is written: all chunks of a long column are not in memory at once.
    def make(array: Any = None) -> Any:
        if array is None:
            array = _without_hidden_text(_one(chunks))
        return _batch(_without_hidden_values(array)).serialize()

    array = _without_hidden_text(_one(chunks))
    size = ipc.get_record_batch_size(_batch(array))
    if size > KEPT:
        return Piece(size, make, UNCUT)
    data = make(array)
    return Piece(size, lambda: data, UNCUT)


def _stream(array: Any) -> bytes:
    batch = _batch(_without_hidden_values(array))
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _batch(array: Any) -> Any:
    return pa.RecordBatch.from_arrays([array], schema=pa.schema([pa.field("", array.type)]))


_TEXTS = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


def _text_ends(array: Any) -> np.ndarray[Any, Any]:
    """Return where each text begins among the bytes, and where the last one ends."""
    offsets = np.frombuffer(array.buffers()[1], "<i8" if array.type in _TEXTS[1::2] else "<i4")
    return offsets[array.offset : array.offset + len(array) + 1]


def _exact_text(array: Any) -> Any:
    """Return a text array over just its own bytes, without a copy of them.

    Combining would copy. A message of a slice holds some bytes behind its end (pyarrow 26).
    """
    if not len(array):
        return pa.array([], array.type)
    ends = _text_ends(array)
    data = array.buffers()[2]
    own = None if data is None else data.slice(int(ends[0]), int(ends[-1] - ends[0]))
    validity = _validity(array) if array.null_count else None
    return pa.Array.from_buffers(array.type, len(array), [validity, pa.py_buffer(ends - ends[0]), own])


def _without_hidden_text(array: Any) -> Any:
    """Return a text array with nothing under its nulls; unlike numbers this changes its size."""
    kind = array.type
    if not array.null_count or kind not in _TEXTS:
        return array
    ends = _text_ends(array)
    held = int(ends[-1]) - int(ends[0])
    if held == (pc.sum(pc.binary_length(array)).as_py() or 0):
        return array
    filled = pc.fill_null(array, pa.scalar("" if kind in _TEXTS[:2] else b"", kind))
    return pa.Array.from_buffers(kind, len(array), [_validity(array), *filled.buffers()[1:]])


def _without_hidden_values(array: Any) -> Any:
    """Return an array with zeros where numbers lie under nulls, also in the fields of structs and in dictionaries."""
    kind = array.type
    if pa.types.is_struct(kind) and kind.num_fields:
        fields = [_without_hidden_values(array.field(i)) for i in range(kind.num_fields)]
        mask = pc.is_null(array) if array.null_count else None
        return pa.StructArray.from_arrays(fields, fields=list(kind), mask=mask)
    if pa.types.is_dictionary(kind):
        rows = _without_hidden_values(array.indices)
        return pa.DictionaryArray.from_arrays(rows, array.dictionary, ordered=kind.ordered, safe=False)
    if not array.null_count or isinstance(kind, pa.BaseExtensionType):
        return array
    if pa.types.is_boolean(kind):
        data = pc.fill_null(array, False).buffers()[1]
        return pa.Array.from_buffers(kind, len(array), [_validity(array), data])
    if not (pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_fixed_size_binary(kind)):
        return array
    width = kind.bit_width // 8
    items = np.frombuffer(array.buffers()[1], np.uint8)[array.offset * width :][: len(array) * width].copy()
    hidden = pc.is_null(array).to_numpy(zero_copy_only=False)
    items.reshape(len(array), width)[hidden] = 0
    return pa.Array.from_buffers(kind, len(array), [_validity(array), pa.py_buffer(items)])


def _validity(array: Any) -> Any:
    return pc.is_valid(array).buffers()[1]
