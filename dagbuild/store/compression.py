"""Smaller on the way to a shared store: zstd where it pays.

Knows bytes and streams only. pyarrow's zstd is used, since Python has none before 3.14; it is imported when
first needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dagbuild.model.place import Suffix

if TYPE_CHECKING:
    from typing_extensions import Buffer

PROBE = 64 * 1024
RATIO = 1.2
SMALLEST = 512
BLOCK = 1 << 20


def _codec() -> Any:
    import pyarrow

    return pyarrow.Codec("zstd", compression_level=1)


def choose_suffix(view: memoryview) -> Suffix:
    """Return how to store some bytes: compressed if the first of them shrink enough."""
    if view.nbytes < SMALLEST:
        return ".raw"
    head = bytes(view[:PROBE])
    return ".zst" if len(head) >= RATIO * len(_codec().compress(head, asbytes=True)) else ".raw"


def suffixes_of(size: int) -> Sequence[Suffix]:
    """Return how a blob of this size may be stored, likeliest first."""
    return (".raw",) if size < SMALLEST else (".zst", ".raw")


def compress(data: Buffer) -> bytes:
    """Return bytes compressed."""
    compressed: bytes = _codec().compress(memoryview(data), asbytes=True)
    return compressed


def compress_into(view: memoryview, file: IO[bytes]) -> None:
    """Write bytes compressed to a file, a block at a time."""
    import pyarrow

    with pyarrow.PythonFile(file, mode="w") as sink, pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        for start in range(0, view.nbytes, BLOCK):
            stream.write(view[start : start + BLOCK])
        # Closing the streams must not close the caller's file: it is left to the caller's `with`.


def read_blocks(path: Path, suffix: Suffix) -> Iterator[bytes]:
    """Yield a stored file's bytes, decompressed, a block at a time. Raises OSError when they are damaged."""
    if suffix == ".raw":
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
        return
    import pyarrow

    with pyarrow.OSFile(str(path)) as source, pyarrow.CompressedInputStream(source, "zstd") as stream:
        while block := stream.read(BLOCK):
            yield block


def decompress(data: bytes, suffix: Suffix, limit: int) -> bytes:
    """Return stored bytes decompressed; stops soon after `limit` bytes. Raises OSError when they are damaged."""
    if suffix == ".raw":
        return data
    import pyarrow

    blocks: list[bytes] = []
    total = 0
    with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd") as stream:
        while total <= limit and (block := stream.read(BLOCK)):
            blocks.append(block)
            total += len(block)
    return b"".join(blocks)
