"""Data of a stranger's that points to memory which is not its own: refused before a library believes it.

Each form is read, and used as nodes use values, by a process of its own, which must not die.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.security.test_forged_records import NUMBERS, frame, made_of, series

USE = """
import json, sys
from dagbuild.artifacts import Artifacts
from dagbuild.ground.errors import CodecError
from dagbuild.model.record import Artifact
from dagbuild.testing import MemoryStore
artifact = Artifact.from_json(json.load(sys.stdin))
try:
    value = Artifacts(MemoryStore()).load(artifact)
except CodecError as error:
    print("refused")
    sys.exit()
print("read")
repr(value)
for name in ("to_pandas", "to_pylist", "to_list", "tolist", "describe", "sort_values", "value_counts", "copy"):
    try:
        getattr(value, name, lambda: 0)()
    except Exception:
        pass
"""

HUGE = 1 << 40


def numbers(dtype: str, *values: int) -> bytes:
    return np.array(values, dtype).tobytes()


def message(array: Any) -> bytes:
    data: bytes = pa.RecordBatch.from_arrays([array], names=[""]).serialize().to_pybytes()
    return data


def stream(array: Any) -> bytes:
    sink = pa.BufferOutputStream()
    batch = pa.RecordBatch.from_arrays([array], names=[""])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def arrow(kind: Any, length: int, *buffers: bytes, children: list[Any] | None = None) -> Any:
    parts = [None if part == b"" else pa.py_buffer(part) for part in buffers]
    return pa.Array.from_buffers(kind, length, parts, children=children)


def spell(kind: Any) -> str:
    """Return the text of a type that is not among the common ones."""
    schema = pa.schema([pa.field("", kind)]).serialize().to_pybytes()
    return f"{kind}:{base64.b64encode(schema).decode()}"


INT = pa.array([1, 2, 3])

ARROW: dict[str, Callable[[], tuple[str, bytes, int]]] = {
    "offsets": lambda: ("string", message(arrow(pa.string(), 2, b"", numbers("<i4", 0, 1 << 30, 1 << 30), b"abcdefgh")), 2),
    "offsets down": lambda: ("string", message(arrow(pa.string(), 2, b"", numbers("<i4", 5, 1, 8), b"abcdefgh")), 2),
    "large offsets": lambda: ("large_string", message(arrow(pa.large_string(), 2, b"", numbers("<i8", 0, HUGE, HUGE), b"abcdefgh")), 2),
    "no letters": lambda: ("string", message(arrow(pa.string(), 1, b"", numbers("<i4", 0, 3), b"\xff\xfe\xfd")), 1),
    "bytes": lambda: ("binary", message(arrow(pa.binary(), 1, b"", numbers("<i4", -5, 1 << 30), b"abc")), 1),
    "list": lambda: (spell(pa.list_(pa.int64())), message(arrow(pa.list_(pa.int64()), 2, b"", numbers("<i4", 0, 1 << 30, 1 << 30), children=[INT])), 2),
    "large list": lambda: (spell(pa.large_list(pa.int64())), message(arrow(pa.large_list(pa.int64()), 1, b"", numbers("<i8", 0, HUGE), children=[INT])), 1),
    "dictionary": lambda: (spell(pa.dictionary(pa.int32(), pa.string())), stream(pa.DictionaryArray.from_arrays(pa.array([0, 1 << 30], pa.int32()), pa.array(["a"]), safe=False)), 2),
    "run ends": lambda: (spell(pa.run_end_encoded(pa.int32(), pa.int64())), message(pa.RunEndEncodedArray.from_buffers(pa.run_end_encoded(pa.int32(), pa.int64()), 100, [None], children=[pa.array([1, 2, 3], pa.int32()), INT])), 100),
    "union": lambda: (spell(pa.sparse_union([pa.field("a", pa.int64())])), message(arrow(pa.sparse_union([pa.field("a", pa.int64())]), 3, numbers("|i1", 0, 9, -3), children=[INT])), 3),
    "dense union": lambda: (spell(pa.dense_union([pa.field("a", pa.int64())])), message(arrow(pa.dense_union([pa.field("a", pa.int64())]), 2, numbers("|i1", 0, 0), numbers("<i4", 0, 1 << 30), children=[INT])), 2),
    "half a message": lambda: ("int64", message(INT)[:-8], 3),
    "more rows": lambda: ("int64", message(INT), 1_000_000_000),
    "no message": lambda: ("int64", bytes(64), 3),
}  # fmt: skip
"""A type, one message and the length that is told."""

READERS: dict[str, Callable[[str, int], tuple[str, Any]]] = {
    "pyarrow": lambda kind, length: ("pyarrow/2", {"kind": "ChunkedArray", "type": kind, "column": [kind, length, [0]]}),
    "table": lambda kind, length: ("pyarrow/2", {"kind": "Table", "fields": [["a", kind, True, None]], "notes": None, "rows": length, "columns": [[kind, length, [0]]]}),
    "polars": lambda kind, length: ("polars/2", {"kind": "DataFrame", "order": [], "fields": [["a", kind, True, None]], "notes": None, "rows": length, "columns": [[kind, length, [0]]]}),
    "pandas": lambda kind, length: ("pandas/2", series(["arrow", "x", length, kind, [kind, length, [0]]], ["range", 0, length, 1, None])),
}  # fmt: skip

TEXTS = ["numpy", "<i8", 2, 2]

PANDAS: dict[str, tuple[Any, tuple[bytes, ...]]] = {
    "category": (series(["category", "category", 2, "|i1", 0, ["@", "pandas/2", {"kind": "index", "index": ["labels", "object", ["a"], None]}], False], ["range", 0, 2, 1, None]), (numbers("|i1", 100, 3),)),
    "category below": (series(["category", "category", 2, "|i1", 0, ["@", "pandas/2", {"kind": "index", "index": ["labels", "object", ["a"], None]}], False], ["range", 0, 2, 1, None]), (numbers("|i1", -100, 0),)),
    "category of floats": (series(["category", "category", 1, "<f8", 0, ["@", "pandas/2", {"kind": "index", "index": ["labels", "object", ["a"], None]}], False]), (np.array([1e300]).tobytes(),)),
    "levels": ({"kind": "index", "index": ["multi", 2, [["labels", "object", ["a"], None]], [["|i1", 0]], [None], None]}, (numbers("|i1", 100, 90),)),
    "level is no level": ({"kind": "index", "index": ["multi", 2, [["labels", "object", ["a"], None]] * 2, [["|i1", 0]], [None], None]}, (numbers("|i1", 0, 0),)),
    "flags": (series(["numpy", "|b1", 4, 0], ["range", 0, 4, 1, None]), (bytes([255, 7, 200, 1]),)),
    "mask": (series(["masked", "Int64", 2, "<i8", 0, 1], ["range", 0, 2, 1, None]), (bytes(16), bytes([255, 9]))),
    "letters": (series(["numpy", "<U1", 1, 0]), (b"\xff\xff\xff\x7f",)),
    "rows": (frame(rows=1000, columns=[["labels", "object", ["a"], None], []], blocks=[["<f8", [0], [0]]]), (bytes(8),)),
    "places": (frame(rows=1, columns=[["labels", "object", ["a"], None], []], blocks=[["<f8", [HUGE], [0]]]), (bytes(8),)),
    "places below": (frame(rows=1, columns=[["labels", "object", ["a"], None], []], blocks=[["<f8", [-5000], [0]]]), (bytes(8),)),
    "one place twice": (frame(rows=1, columns=[["labels", "object", ["a", "b"], None], []], blocks=[["<f8", [0, 0], [0, 1]]]), (bytes(8), bytes(8))),
    "index of other rows": (frame(rows=1, index=[["range", 0, 1_000_000, 1, None], 0, 0], columns=[["labels", "object", ["a"], None], []], blocks=[["<f8", [0], [0]]]), (bytes(8),)),
    "sparse": (series(["sparse", "Sparse[int64, 0]", 1, "integer", 0, ["numpy", "<i8", 1, 1], 0]), (numbers("<i4", 1 << 30), bytes(8))),
    "sparse values": (series(["sparse", "Sparse[int64, 0]", 9, "integer", 0, ["numpy", "<i8", 1, 1], 0], ["range", 0, 9, 1, None]), (numbers("<i4", 1, 2, 3), bytes(8))),
    "array of more": (series(["numpy", "<i8", 1 << 33, 0]), (bytes(8),)),
}  # fmt: skip


def meet(artifact: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Let a process read the value and use it."""
    return subprocess.run(
        [sys.executable, "-c", USE],
        input=json.dumps(artifact),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", ARROW)
def test_arrow(what: str, reader: str) -> None:
    """Offsets, codes, ends and lengths that lead out of what there is."""
    kind, data, length = ARROW[what]()
    codec, form = READERS[reader](kind, length)

    done = meet(made_of(codec, form, data, code=False))

    assert (done.returncode, done.stdout.strip()) == (0, "refused"), (done.stdout, done.stderr[-800:])


@pytest.mark.parametrize("what", PANDAS)
def test_pandas(what: str) -> None:
    """Codes, places, flags and lengths that pandas and numpy believe."""
    form, buffers = PANDAS[what]

    done = meet(made_of("pandas/2", form, *buffers, code=False))

    assert (done.returncode, done.stdout.strip()) == (0, "refused"), (done.stdout, done.stderr[-800:])


def test_honest_numbers_are_read() -> None:
    """What is refused is refused for what is wrong with it."""
    done = meet(made_of("pandas/2", series(["numpy", "<i8", 1, 0]), bytes(8), code=False))

    assert (done.returncode, done.stdout.strip()) == (0, "read"), done.stderr
    assert NUMBERS
