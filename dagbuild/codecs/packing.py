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
from functools import cached_property
from itertools import accumulate, groupby, pairwise, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dagbuild.codecs.base import UNCUT, WORD, Piece, Pieces
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

MOST = 2_000_000
"""Buffers of a value, and blobs; nobody has seen a table of so many columns."""

LARGEST = 1 << 44
"""Bytes of a buffer."""


def cut_pack(size: int) -> list[int]:
    """Return the sizes of the blobs of a pack: all short, for one small column may be all that changes."""
    return [min(PACK_CUT, size - start) for start in range(0, size, PACK_CUT)]


def aligned(size: int) -> int:
    """Return the room that a small buffer takes in the pack."""
    return -(-size // ALIGN) * ALIGN


@dataclass(frozen=True, slots=True)
class BufferPlace:
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


@dataclass(frozen=True, slots=True)
class Run:
    """Buffers that follow each other and are of one size and item; with `inline`, the bytes of each."""

    count: int
    size: int
    item: int = WORD
    inline: tuple[bytes, ...] | None = None

    @property
    def packed(self) -> bool:
        """Whether they are in the pack."""
        return self.inline is None and self.size < SMALL

    @property
    def blob_sizes(self) -> list[int]:
        """The sizes of the blobs of each, if each has blobs of its own."""
        return cut(self.size, self.item) if self.inline is None and self.size >= SMALL else []


@dataclass(frozen=True)
class Packing:
    """The places of all buffers of a value, and the sizes of its blobs."""

    runs: tuple[Run, ...]
    pack: int
    """Bytes in the pack; its blobs come first."""
    blobs: tuple[int, ...]

    @classmethod
    def of(cls, runs: Iterable[Run]) -> Packing:
        """Return the layout of these buffers."""
        runs = tuple(runs)
        if not runs:
            return _EMPTY
        pack = sum(aligned(run.size) * run.count for run in runs if run.packed)
        blobs = cut_pack(pack)
        for run in runs:
            blobs += run.blob_sizes * run.count
        return cls(runs, pack, tuple(blobs))

    @cached_property
    def places(self) -> tuple[BufferPlace, ...]:
        """The place of each buffer."""
        places: list[BufferPlace] = []
        pack_blobs = self.pack_blobs
        offset, packed, blob = 0, 0, len(pack_blobs)
        for run in self.runs:
            if run.inline is not None:
                places += [BufferPlace(run.size, inline=data) for data in run.inline]
            elif run.packed:
                step = aligned(run.size)
                places += [
                    BufferPlace(
                        run.size, offset=offset + turn * step, blobs=pack_blobs, packed_number=packed + turn
                    )
                    for turn in range(run.count)
                ]
                offset += step * run.count
                packed += run.count
            else:
                step = len(run.blob_sizes)
                stop = blob + step * run.count
                places += [
                    BufferPlace(run.size, run.item, blobs=range(first, first + step))
                    for first in range(blob, stop, step)
                ]
                blob = stop
        return tuple(places)

    @property
    def pack_blobs(self) -> range:
        """The blobs of the pack."""
        return range(len(cut_pack(self.pack)))

    @cached_property
    def _pack_starts(self) -> list[int]:
        return list(accumulate((self.blobs[number] for number in self.pack_blobs), initial=0))

    def find_blobs(self, numbers: Iterable[int]) -> list[int]:
        """Return the blobs with the bytes of these buffers, each once, in order."""
        starts = self._pack_starts
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
        for (mark, item), found in groupby(self._marks(), itemgetter(0, 1)):
            count = sum(each for *_, each in found)
            if item != WORD:
                entries.append([mark, count, item])
            else:
                entries.append(mark if count == 1 else [mark, count])
        return entries

    def _marks(self) -> Iterator[tuple[int | str, int, int]]:
        """Yield what tells of some buffers: size or bytes, item, and how many they are."""
        for run in self.runs:
            if run.inline is None:
                yield run.size, run.item, run.count
            else:
                yield from ((b64encode(data).decode(), WORD, 1) for data in run.inline)

    @classmethod
    def from_json(cls, data: list[Any]) -> Packing:
        """Return the layout of a plain form; raises ValueError when it is of another version, or none at all."""
        if not isinstance(data, list) or not data or type(data[0]) is not int or data[0] != VERSION:
            version = data[0] if isinstance(data, list) and data else None
            raise ValueError(f"layout {version!r}, this dagbuild reads {VERSION}")
        runs = []
        buffers = pieces = 0
        for entry in data[1:]:
            mark, count, *item = entry if isinstance(entry, list) else (entry, 1)
            if type(count) is not int or not 0 < count <= MOST - buffers:
                raise ValueError("there are more buffers than a value has")
            buffers += count
            if isinstance(mark, str):
                held = b64decode(mark)
                runs.append(Run(count, len(held), inline=(held,) * count))
                continue
            if type(mark) is not int or not 0 <= mark <= LARGEST:
                raise ValueError("a buffer has no size that there can be")
            if item and (len(item) > 1 or type(item[0]) is not int or not UNCUT <= item[0] <= LARGEST):
                raise ValueError(f"an item of {item[0]!r} bytes")
            runs.append(Run(count, mark, *item))
            # Before its blobs are told one by one: a terabyte is a few hundred, each of at least a row's bytes.
            pieces += count * len(runs[-1].blob_sizes)
            if pieces > MOST:
                raise ValueError("there are more blobs than a value has")
        return cls.of(runs)


_EMPTY = Packing((), 0, ())
"""Of values that are in their records, which are most."""


def lay_out(pieces: Sequence[Piece | Pieces]) -> Packing:
    """Return the layout of these buffers, with a run for each item."""
    tiny = [piece.size * piece.count for piece in pieces if piece.size <= TINY]
    # Ten thousand tiny columns would make a record of megabytes: together they must be small, too.
    keep = sum(tiny) <= ALL_TINY
    return Packing.of(
        Run(p.count, p.size, inline=tuple(map(bytes, iter_buffers([p]))))
        if keep and p.size <= TINY
        else Run(p.count, p.size, p.item if p.size >= SMALL else WORD)
        for p in pieces
    )


def iter_buffers(pieces: Iterable[Piece | Pieces]) -> Iterator[memoryview]:
    """Yield the bytes of each buffer."""
    for piece in pieces:
        if isinstance(piece, Pieces):
            for data, count in _batches(piece, piece.size):
                yield from (data[turn * piece.size :][: piece.size] for turn in range(count))
        else:
            yield memoryview(piece.make()).cast("B")


def iter_blobs(
    pieces: Sequence[Piece | Pieces],
    layout: Packing,
    on_packed: Callable[[Iterable[memoryview]], None] = lambda _: None,
) -> Iterator[Sequence[Buffer]]:
    """Yield the bytes of each blob, in order; no more than a buffer, or what a blob of the pack takes, is made at once.

    `on_packed` is shown all buffers that go into the pack, some at a time and in order.
    """
    packed = _iter_packed(pieces, layout, on_packed)
    yield from _regroup(packed, cut_pack(layout.pack))
    for _ in packed:
        pass  # empty buffers at the end: no blob asks for them
    for piece, run in zip(pieces, layout.runs, strict=True):
        sizes = run.blob_sizes
        if isinstance(piece, Pieces) and sizes:
            starts = list(accumulate(sizes, initial=0))
            for buffer in iter_buffers([piece]):
                for start, stop in pairwise(starts):
                    yield (buffer[start:stop],)
        elif isinstance(piece, Piece) and sizes:
            for part in piece.parts(sizes):
                yield (part,)


def _iter_packed(
    pieces: Sequence[Piece | Pieces], layout: Packing, on_packed: Callable[[Iterable[memoryview]], None]
) -> Iterator[memoryview]:
    """Yield what the pack is made of: its buffers, with zeros up to where the next one begins."""
    zeros = memoryview(bytes(ALIGN))
    for piece, run in zip(pieces, layout.runs, strict=True):
        if not run.packed:
            continue
        size, stride = run.size, aligned(run.size)
        if isinstance(piece, Pieces):
            for data, count in _batches(piece, stride):
                starts = range(0, count * stride, stride) if stride else repeat(0, count)
                on_packed(data[start : start + size] for start in starts)
                yield data
            continue
        data = memoryview(piece.make()).cast("B")
        on_packed([data])
        yield data
        if stride > size:
            yield zeros[: stride - size]


def _batches(pieces: Pieces, stride: int) -> Iterator[tuple[memoryview, int]]:
    """Yield the bytes of as many buffers as are worth making together, and how many they are."""
    step = max(1, PACK_CUT // max(stride, 1))
    for start in range(0, pieces.count, step):
        stop = min(start + step, pieces.count)
        yield memoryview(pieces.make(start, stop, stride)).cast("B"), stop - start


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
