"""How the buffers of a value become blobs, and which bytes of which blob a buffer is.

Decided by the sizes of the buffers alone, so that the layout of a value never depends on where or when it was stored.
Tiny buffers are inside the metadata, small ones share a pack, a large one has blobs of its own, cut at fixed places:
a column that two frames share is stored once, and appending to it writes its tail.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

from dagbuild.codecs.base import Piece

if TYPE_CHECKING:
    from typing_extensions import Buffer

# A change of any of these numbers re-keys artifacts, and needs a new number in `Layout.to_json`.
VERSION = 1
TINY = 512
ALL_TINY = 8 * 1024
SMALL = 32 * 1024
ALIGN = 64
FIRST_CUT = 512 * 1024
CUT_SHARE = 64


def cut(size: int) -> list[int]:
    """Return the sizes of the blobs of `size` bytes.

    Cuts depend on the distance from the start only, so bytes that were there before an append keep their blobs. A
    blob is at most 512 KiB or a 64th of what lies before it: the tail that is written again stays a small share, and
    a column of a terabyte has no more than some thousand blobs. All but the last are whole pages on any machine.
    Half the size would write less of short columns on an append, but saving takes 0.3 ms for each file.
    """
    sizes = []
    start = 0
    while start < size:
        share = start // CUT_SHARE
        step = max(FIRST_CUT, 1 << (share.bit_length() - 1) if share else 0)
        sizes.append(min(step, size - start))
        start += step
    return sizes


def aligned(size: int) -> int:
    """Return the room that a small buffer takes in the pack."""
    return -(-size // ALIGN) * ALIGN


@dataclass(frozen=True, slots=True)
class Place:
    """Where a buffer is: inline, or `size` bytes at `offset` of the joined `blobs` (their indices)."""

    size: int
    inline: bytes | None = None
    offset: int = 0
    blobs: range = range(0)
    packed_number: int = -1
    """Which one it is of those in the pack."""

    @property
    def packed(self) -> bool:
        """Whether it is in the pack."""
        return self.packed_number >= 0


@dataclass(frozen=True)
class Layout:
    """The places of all buffers of a value, and the sizes of its blobs."""

    places: tuple[Place, ...]
    pack: int
    """Bytes in the pack; its blobs come first."""
    blobs: tuple[int, ...]

    @classmethod
    def of(cls, sizes: Sequence[int], inline: Sequence[bytes | None]) -> Layout:
        """Return the layout of buffers of these sizes; those with `inline` bytes need no blob."""
        pack = sum(aligned(s) for s, data in zip(sizes, inline, strict=True) if data is None and s < SMALL)
        blobs = cut(pack)
        pack_blobs = range(len(blobs))
        places, offset, count = [], 0, 0
        for size, data in zip(sizes, inline, strict=True):
            if data is not None:
                places.append(Place(size, inline=data))
            elif size < SMALL:
                places.append(Place(size, offset=offset, blobs=pack_blobs, packed_number=count))
                offset += aligned(size)
                count += 1
            else:
                pieces = cut(size)
                places.append(Place(size, blobs=range(len(blobs), len(blobs) + len(pieces))))
                blobs += pieces
        return cls(tuple(places), pack, tuple(blobs))

    @property
    def pack_blobs(self) -> range:
        """The blobs of the pack."""
        return range(len(cut(self.pack)))

    def find_blobs(self, numbers: Iterable[int]) -> list[int]:
        """Return the blobs with the bytes of these buffers, each once, in order."""
        starts = list(accumulate((self.blobs[number] for number in self.pack_blobs), initial=0))
        found: set[int] = set()
        for place in (self.places[number] for number in numbers):
            if not place.packed:
                found.update(place.blobs)
            elif place.size:
                last = place.offset + place.size - 1
                found.update(range(bisect_right(starts, place.offset) - 1, bisect_right(starts, last)))
        return sorted(found)

    def to_json(self) -> list[Any]:
        """Return the plain form: the version, then inline bytes, sizes, and runs of one size."""
        entries: list[Any] = [VERSION]
        marks = (p.size if p.inline is None else b64encode(p.inline).decode() for p in self.places)
        for mark, run in groupby(marks):
            count = sum(1 for _ in run)
            entries.append(mark if count == 1 else [mark, count])
        return entries

    @classmethod
    def from_json(cls, data: list[Any]) -> Layout:
        """Return the layout of a plain form; raises ValueError when it is of another version."""
        if data[0] != VERSION:
            raise ValueError(f"layout {data[0]!r}, this dagbuild reads {VERSION}")
        sizes: list[int] = []
        inline: list[bytes | None] = []
        for entry in data[1:]:
            mark, count = entry if isinstance(entry, list) else (entry, 1)
            held = b64decode(mark) if isinstance(mark, str) else None
            sizes += [mark if held is None else len(held)] * count
            inline += [held] * count
        return cls.of(sizes, inline)


def lay_out(pieces: Sequence[Piece]) -> Layout:
    """Return the layout of these buffers."""
    tiny = [piece.size for piece in pieces if piece.size <= TINY]
    # Ten thousand tiny columns would make a record of megabytes: together they must be small, too.
    keep = sum(tiny) <= ALL_TINY
    inline = [bytes(p.make()) if keep and p.size <= TINY else None for p in pieces]
    return Layout.of([piece.size for piece in pieces], inline)


def iter_blobs(
    pieces: Sequence[Piece], layout: Layout, on_packed: Callable[[memoryview], None] = lambda _: None
) -> Iterator[Sequence[Buffer]]:
    """Yield the bytes of each blob, in order; no more than one buffer is made at a time.

    `on_packed` is shown each buffer that goes into the pack.
    """
    if any(place.packed for place in layout.places):
        pack = memoryview(bytearray(layout.pack))
        for piece, place in zip(pieces, layout.places, strict=True):
            if place.packed:
                data = memoryview(piece.make()).cast("B")
                pack[place.offset : place.offset + place.size] = data
                on_packed(data)
        yield from _cut_bytes(pack)
    for piece, place in zip(pieces, layout.places, strict=True):
        if place.inline is None and not place.packed:
            yield from _cut_bytes(memoryview(piece.make()).cast("B"))


def _cut_bytes(data: memoryview) -> Iterator[Sequence[Buffer]]:
    start = 0
    for size in cut(data.nbytes):
        yield (data[start : start + size],)
        start += size
