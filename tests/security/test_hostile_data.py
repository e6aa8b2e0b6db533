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

from tests.security.test_forged_records import frame, made_of, series

USE = """
import json, sys
from dagbuild.artifacts import Artifacts
from dagbuild.ground.errors import CodecError
from dagbuild.model.record import Artifact
from dagbuild.testing import MemoryStore
for line in sys.stdin:
    try:
        value = Artifacts(MemoryStore()).load(Artifact.from_json(json.loads(line)))
    except CodecError as error:
        print("refused", flush=True)
        continue
    print("read", flush=True)
    for use in ("__repr__", "to_pandas", "to_pylist", "to_list", "tolist", "describe", "sort_values", "copy"):
        try:
            getattr(value, use, lambda: 0)()
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


def forged(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return a message with other bytes in the place of these, which are there once."""
    assert data.count(old) == 1
    assert len(old) == len(new)
    return data.replace(old, new)


def spell(kind: Any) -> str:
    """Return the text of a type that is not among the common ones."""
    schema = pa.schema([pa.field("", kind)]).serialize().to_pybytes()
    return f"{kind}:{base64.b64encode(schema).decode()}"


TEXT = ["abc", "defgh"]
LISTS = [[1, 2, 3], [4, 5, 6, 7, 8]]


def swapped(array: Any, dtype: str, old: list[int], new: list[int]) -> tuple[str, bytes, int]:
    """Return the type, an honest message with some numbers exchanged, and the length."""
    kind = str(array.type)
    known = kind in ("string", "large_string", "binary", "large_binary", "int64")
    data = forged(message(array), numbers(dtype, *old), numbers(dtype, *new))
    return kind if known else spell(array.type), data, len(array)


def coded() -> tuple[str, bytes, int]:
    codes = pa.array([0, 1, 0, 1], pa.int32())
    array = pa.DictionaryArray.from_arrays(codes, pa.array(["a", "b"]))
    return (
        spell(array.type),
        forged(stream(array), numbers("<i4", 0, 1, 0, 1), numbers("<i4", 0, 1 << 30, -7, 1)),
        4,
    )


def runs() -> Any:
    return pa.RunEndEncodedArray.from_arrays(pa.array([7, 77, 777], pa.int32()), pa.array([1, 2, 3]))


def union(*, dense: bool) -> Any:
    types, child = pa.array([0] * 8, pa.int8()), pa.array([11, 12, 13, 14, 15, 16, 17, 18])
    if not dense:
        return pa.UnionArray.from_sparse(types, [child])
    return pa.UnionArray.from_dense(types, pa.array([7, 6, 5, 4, 3, 2, 1, 0], pa.int32()), [child])


def mixed(*, dense: bool) -> Any:
    """Return a union of two kinds, which bytes tell apart."""
    kinds = pa.array([0, 1, 1, 0, 1, 0, 0, 1], pa.int8())
    children = [pa.array(range(11, 19)), pa.array([f"{n}" for n in range(8)])]
    if dense:
        return pa.UnionArray.from_dense(kinds, pa.array([7, 6, 5, 4, 3, 2, 1, 0], pa.int32()), children)
    return pa.UnionArray.from_sparse(kinds, children)


INT = pa.array([1, 2, 3])

ARROW: dict[str, Callable[[], tuple[str, bytes, int]]] = {
    "offsets": lambda: swapped(pa.array(TEXT), "<i4", [0, 3, 8], [0, 1 << 30, 1 << 30]),
    "offsets down": lambda: swapped(pa.array(TEXT), "<i4", [0, 3, 8], [5, 1, 8]),
    "offsets below": lambda: swapped(pa.array(TEXT), "<i4", [0, 3, 8], [-(1 << 30), 3, 8]),
    "large offsets": lambda: swapped(pa.array(TEXT, pa.large_string()), "<i8", [0, 3, 8], [0, HUGE, HUGE]),
    "bytes": lambda: swapped(pa.array([b"abc", b"defgh"]), "<i4", [0, 3, 8], [0, 1 << 30, 1 << 30]),
    "no letters": lambda: ("string", forged(message(pa.array(TEXT)), b"abcdefgh", b"\xff\xfe\xfddefgh"), 2),
    "list": lambda: swapped(pa.array(LISTS), "<i4", [0, 3, 8], [0, 1 << 30, 1 << 30]),
    "large list": lambda: swapped(pa.array(LISTS, pa.large_list(pa.int64())), "<i8", [0, 3, 8], [0, HUGE, HUGE]),
    "dictionary": coded,
    "run ends": lambda: swapped(runs(), "<i4", [7, 77, 777], [7, 5, 1]),
    "run ends too soon": lambda: swapped(runs(), "<i4", [7, 77, 777], [1, 2, 3]),
    "union of unknown": lambda: swapped(union(dense=True), "<i4", [7, 6, 5], [1 << 30, -9, 5]),
    "dense union of no such kind": lambda: swapped(mixed(dense=True), "|i1", [0, 1, 1, 0, 1, 0, 0, 1], [0, 1, 99, 0, 1, 0, -7, 1]),
    "sparse union of no such kind": lambda: swapped(mixed(dense=False), "|i1", [0, 1, 1, 0, 1, 0, 0, 1], [0, 1, 99, 0, 1, 0, -7, 1]),
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


def meet(*artifacts: dict[str, Any]) -> list[str]:
    """Let a process read the values and use them; return what came of each."""
    done = subprocess.run(
        [sys.executable, "-c", USE],
        input="\n".join(map(json.dumps, artifacts)),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, (done.stdout, done.stderr[-800:])
    return done.stdout.split()


@pytest.mark.parametrize("what", ARROW)
def test_arrow(what: str) -> None:
    """Offsets, codes, ends and lengths that lead out of what there is, whichever codec reads them."""
    kind, data, length = ARROW[what]()
    forms = [reader(kind, length) for reader in READERS.values()]

    ends = meet(*(made_of(codec, form, data, code=False) for codec, form in forms))

    assert dict(zip(READERS, ends, strict=True)) == dict.fromkeys(READERS, "refused")


def test_pandas() -> None:
    """Codes, places, flags and lengths that pandas and numpy believe."""
    ends = meet(*(made_of("pandas/2", form, *buffers, code=False) for form, buffers in PANDAS.values()))

    assert dict(zip(PANDAS, ends, strict=True)) == dict.fromkeys(PANDAS, "refused")


def test_honest_numbers_are_read() -> None:
    """What is refused is refused for what is wrong with it."""
    honest = [made_of("pandas/2", series(["numpy", "<i8", 1, 0]), bytes(8), code=False)]
    for array in (pa.array(TEXT), INT):
        for reader in READERS.values():
            codec, form = reader(str(array.type), len(array))
            honest.append(made_of(codec, form, message(array), code=False))

    assert meet(*honest) == ["read"] * 9
