"""What somebody who can write to the shared folder, or to the cache folder, can put there.

Everything is written as an attacker would write it: bytes and lines, by hand. Knows the formats, and nothing of what
guards them. A payload that runs leaves a file, which no test may find.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xxhash

from dagbuild.ground.digest import digest_bytes
from dagbuild.store.compression import compress, decompress
from dagbuild.store.lines import decode_line, encode_data

Json = dict[str, Any]


class _Touch:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return open, (self.path, "w")


def payload(proof: Path) -> bytes:
    """Return a pickle that makes a file when it is read."""
    return pickle.dumps(_Touch(proof))


# -- a second text with the same xxh3 --------------------------------------------------------------------------------

_BLOCK, _STRIPE = 1024, 64
_WORD = (1 << 64) - 1
_HALF = (1 << 32) - 1
_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)


def _lanes(data: bytes, at: int) -> tuple[int, ...]:
    return struct.unpack_from("<8Q", data, at)


def _sums(data: bytes, stripes: int) -> list[int]:
    """Return what the first stripes of a block add to the eight accumulators of xxh3."""
    sums = [0] * 8
    for stripe in range(stripes):
        keys = _lanes(_SECRET, 8 * stripe)
        for lane, word in enumerate(_lanes(data, _STRIPE * stripe)):
            mixed = word ^ keys[lane]
            sums[lane ^ 1] = (sums[lane ^ 1] + word) & _WORD
            sums[lane] = (sums[lane] + (mixed & _HALF) * (mixed >> 32)) & _WORD
    return sums


def make_twin(original: bytes, prefix: bytes) -> bytes:
    """Return other bytes of the same size and the same xxh3 that begin with `prefix`; nothing has to be searched for.

    Two stripes at the end of the first block bring each accumulator where the original's was: a word whose one half
    is the key's own adds nothing but itself, and so both halves of what lacks can be written down.
    """
    head = prefix.ljust(_BLOCK - 2 * _STRIPE, b"\0")
    assert len(head) == _BLOCK - 2 * _STRIPE
    assert len(original) >= _BLOCK + _STRIPE
    wanted, now = _sums(original, 16), _sums(head, 14)
    keys, last = _lanes(_SECRET, 8 * 14), _lanes(_SECRET, 8 * 15)
    first, second = [], []
    for lane in range(8):
        lacks = (wanted[lane ^ 1] - now[lane ^ 1]) & _WORD
        low, high = keys[lane] & _HALF, last[lane] >> 32
        other_low = (lacks - low) & _HALF
        other_high = ((lacks - low - (high << 32) - other_low) & _WORD) >> 32
        first.append((other_high << 32) | low)
        second.append((high << 32) | other_low)
    twin = head + struct.pack("<8Q", *first) + struct.pack("<8Q", *second) + original[_BLOCK:]
    assert twin != original
    assert xxhash.xxh3_128_digest(twin) == xxhash.xxh3_128_digest(original)
    return twin


# -- the shared folder -----------------------------------------------------------------------------------------------


def blob_files(shared: Path) -> list[Path]:
    """Return the files of all blobs in a shared folder."""
    return sorted(path for path in shared.rglob("blobs/*/*") if path.is_file())


def read_shared(path: Path, size: int = 1 << 30) -> bytes:
    """Return what an object of a shared folder holds, uncompressed."""
    return bytes(decompress(path.read_bytes(), ".zst" if path.suffix == ".zst" else ".raw", size))


def write_shared(path: Path, data: bytes) -> None:
    """Put bytes in the place of an object."""
    path.write_bytes(compress(memoryview(data)) if path.suffix == ".zst" else data)


def plant_twins(shared: Path, prefix: bytes, marked: bytes) -> int:
    """Put a twin that begins with `prefix` in the place of each blob that holds the mark; return how many there were."""
    count = 0
    for path in blob_files(shared):
        size = 1 << 20
        data = read_shared(path, size)
        if marked in data:
            write_shared(path, make_twin(data, prefix))
            count += 1
    return count


def put_blob(shared: Path, data: bytes) -> list[Any]:
    """Put bytes into a shared folder under their name; return how a record names them."""
    digest = digest_bytes(data)
    path = shared / "blobs" / digest.partition("-")[2][:2] / f"{digest}.raw"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return [digest, len(data)]


def record_files(shared: Path) -> list[Path]:
    """Return the parts of records in a shared folder."""
    return sorted(shared.rglob("records/*.jsonl.zst"))


def read_records(shared: Path) -> list[Json]:
    """Return all plain records of a shared folder."""
    lines = [line for path in record_files(shared) for line in read_shared(path).splitlines()]
    return [decode_line(line) for line in lines]


def write_records(shared: Path, records: list[Json]) -> None:
    """Let a shared folder hold these plain records and no others."""
    write_data(shared, b"".join(map(encode_data, records)))


def write_data(shared: Path, data: bytes) -> None:
    """Let a shared folder hold one part of records."""
    folder = record_files(shared)[0].parent
    for path in record_files(shared):
        path.unlink()
    (folder / "20300101T000000-abcdef-0001.jsonl.zst").write_bytes(compress(memoryview(data)))


def forge(shared: Path, node: str, change: Callable[[Json], Json]) -> None:
    """Replace the records of a node by forged ones."""
    before = read_records(shared)
    after = [change(record) if record["node"] == node else record for record in before]
    assert before != after
    write_records(shared, after)
