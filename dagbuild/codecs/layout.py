"""How the buffers of a value become blobs, and which bytes of which blob a buffer is.

Decided by the sizes of the buffers and of their items alone, so that the layout of a value never depends on where or
when it was stored. Tiny buffers are inside the metadata, small ones share a pack, a large one has blobs of its own, cut
at fixed places: a column that two frames share is stored once, and appending to it writes its tail.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, repeat
from typing import TYPE_CHECKING, Any

from dagbuild.codecs.base import UNCUT, WORD, Piece
from dagbuild.codecs.cuts import cut

if TYPE_CHECKING:
    from typing_extensions import Buffer

# A change of any of these numbers re-keys artifacts, and needs a new number for the first.
VERSION = 2
TINY = 512
ALL_TINY = 8 * 1024
SMALL = 32 * 1024
ALIGN = 64
PACK_CUT = 512 * 1024


def cut_pack(size: int) -> list[int]:
    """Return the sizes of the blobs of a pack: all short, for one small column may be all that changes."""
    return [min(PACK_CUT, size - start) for start in range(0, size, PACK_CUT)]


def aligned(size: int) -> int:
    """Return the room that a small buffer takes in the pack."""
    return -(-size // ALIGN) * ALIGN


@dataclass(frozen=True, slots=True)
class Place:
    """Where a buffer is: inline, or `size` bytes at `offset` of the joined `blobs` (their indices)."""

    size: int
    item: int = WORD
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
    def of(
        cls, sizes: Sequence[int], inline: Sequence[bytes | None], items: Iterable[int] = repeat(WORD)
    ) -> Layout:
        """Return the layout of buffers of these sizes and items; those with `inline` bytes need no blob."""
        pack = sum(aligned(s) for s, data in zip(sizes, inline, strict=True) if data is None and s < SMALL)
        blobs = cut_pack(pack)
        pack_blobs = range(len(blobs))
        places, offset, count = [], 0, 0
        for size, data, item in zip(sizes, inline, items, strict=False):
            if data is not None:
                places.append(Place(size, inline=data))
            elif size < SMALL:
                places.append(Place(size, offset=offset, blobs=pack_blobs, packed_number=count))
                offset += aligned(size)
                count += 1
            else:
                pieces = cut(size, item)
                places.append(Place(size, item, blobs=range(len(blobs), len(blobs) + len(pieces))))
                blobs += pieces
        return cls(tuple(places), pack, tuple(blobs))

    @property
    def pack_blobs(self) -> range:
        """The blobs of the pack."""
        return range(len(cut_pack(self.pack)))

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
        """Return the plain form: the version, then inline bytes, sizes, and runs of one size and item."""
        entries: list[Any] = [VERSION]
        marks = ((p.size if p.inline is None else b64encode(p.inline).decode(), p.item) for p in self.places)
        for (mark, item), run in groupby(marks):
            count = sum(1 for _ in run)
            if item != WORD:
                entries.append([mark, count, item])
            else:
                entries.append(mark if count == 1 else [mark, count])
        return entries

    @classmethod
    def from_json(cls, data: list[Any]) -> Layout:
        """Return the layout of a plain form; raises ValueError when it is of another version, or none at all."""
        if data[0] != VERSION:
            raise ValueError(f"layout {data[0]!r}, this dagbuild reads {VERSION}")
        sizes: list[int] = []
        inline: list[bytes | None] = []
        items: list[int] = []
        for entry in data[1:]:
            mark, count, *item = entry if isinstance(entry, list) else (entry, 1)
            if min(item, default=WORD) < UNCUT:
                raise ValueError(f"an item of {item[0]} bytes")
            held = b64decode(mark) if isinstance(mark, str) else None
            sizes += [mark if held is None else len(held)] * count
            inline += [held] * count
            items += (item or [WORD]) * count
        return cls.of(sizes, inline, items)


def lay_out(pieces: Sequence[Piece]) -> Layout:
    """Return the layout of these buffers."""
    tiny = [piece.size for piece in pieces if piece.size <= TINY]
    # Ten thousand tiny columns would make a record of megabytes: together they must be small, too.
    keep = sum(tiny) <= ALL_TINY
    inline = [bytes(p.make()) if keep and p.size <= TINY else None for p in pieces]
    return Layout.of([piece.size for piece in pieces], inline, [piece.item for piece in pieces])


def iter_blobs(
    pieces: Sequence[Piece], layout: Layout, on_packed: Callable[[memoryview], None] = lambda _: None
) -> Iterator[Sequence[Buffer]]:
    """Yield the bytes of each blob, in order; no more than one buffer, or blob of the pack, is made at a time.

    `on_packed` is shown each buffer that goes into the pack, in order.
    """
    packed = _iter_packed(pieces, layout, on_packed)
    yield from _regroup(packed, cut_pack(layout.pack))
    for _ in packed:
        pass  # empty buffers at the end: no blob asks for them
    for piece, place in zip(pieces, layout.places, strict=True):
        if place.inline is None and not place.packed:
            for part in piece.parts(cut(place.size, place.item)):
                yield (part,)


def _iter_packed(
    pieces: Sequence[Piece], layout: Layout, on_packed: Callable[[memoryview], None]
) -> Iterator[memoryview]:
    """Yield what the pack is made of: its buffers, with zeros up to where the next one begins."""
    zeros = memoryview(bytes(ALIGN))
    for piece, place in zip(pieces, layout.places, strict=True):
        if place.packed:
            data = memoryview(piece.make()).cast("B")
            on_packed(data)
            yield data
            if place.size % ALIGN:
                yield zeros[: aligned(place.size) - place.size]


def _regroup(parts: Iterator[memoryview], sizes: Sequence[int]) -> Iterator[Sequence[Buffer]]:
    """Yield the bytes of all parts in a row, cut into these sizes, as they come and without a copy."""
    part = memoryview(b"")
    for size in sizes:
        blob: list[memoryview] = []
        room = size
        while room:
            part = part if part.nbytes else next(parts)
            blob.append(part[:room])
            part = part[room:]
            room -= blob[-1].nbytes
        yield blob
