"""Packs: many small blobs in one object behind a URL, for a request takes longer than such a blob.

    packs/ab/<64 hex>                   blobs one after the other, each stored as it would be alone

Knows places and bytes, not what the bytes are: who reads them checks them. Guards: whatever the places say that are
wanted, no more than some MB are read or held.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence

from dagbuild.ground.digest import STRONG, Both
from dagbuild.model.place import PackPlace, Suffix
from dagbuild.model.record import BlobRef
from dagbuild.store.remote import RemoteFolder, map_at_once

__all__ = ["FULL", "SMALL", "PackPlace", "Packs", "find_pack_place", "in_batches"]

SMALL = 64 * 1024
"""Bytes of a blob that is an object of its own; what is smaller is packed."""

FULL = 4 << 20
"""Bytes of a pack that is sent: more save few requests, and hold up the records."""

_GAP = 64 * 1024
"""Bytes that are read though nobody wants them, rather than to ask once more."""

_SPAN = 8 << 20
"""Bytes that one request reads."""

_BATCH = 16 << 20
"""Bytes of blobs that are read before they are wanted; with what lies between them, twice as many are read."""


def find_pack_place(ref: BlobRef, text: str) -> PackPlace | None:
    """Return where in a pack a blob lies, if the text says so and that can be."""
    place = PackPlace.parse(text)
    return place if place and place.suits(ref.size) else None


def in_batches(refs: Iterable[BlobRef]) -> Iterator[list[BlobRef]]:
    """Yield blobs, those that lie in packs in the order in which they lie there, as many as `expect` holds."""
    places = {ref: find_pack_place(ref, ref.place) for ref in refs}
    packed = [(ref, place) for ref, place in places.items() if place]
    batch = [ref for ref, place in places.items() if place is None]
    size = 0
    for ref, place in sorted(packed, key=lambda each: each[1]):
        batch.append(ref)
        size += place.length
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Packs:
    """The packs behind a URL. Any method may raise RemoteDeniedError or RemoteOutageError."""

    def __init__(self, folder: RemoteFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._ahead: dict[PackPlace, bytes] = {}  # what was read and nobody has taken yet
        self._sizes: dict[str, int] = {}
        self._gone: set[str] = set()

    def send(self, pieces: Sequence[tuple[bytes, Suffix]]) -> list[PackPlace]:
        """Make a pack of stored blobs, and return where each of them lies."""
        data = b"".join(piece for piece, _ in pieces)
        pack = Both.of(data).strong.removeprefix(STRONG)
        places: list[PackPlace] = []
        offset = 0
        for piece, suffix in pieces:
            places.append(PackPlace(pack, offset, len(piece), suffix))
            offset += len(piece)
        self._folder.write(places[0].object, data)
        with self._lock:
            self._gone.discard(places[0].object)
        return places

    def expect(self, places: Collection[PackPlace]) -> None:
        """Read what will be wanted in few requests, and hold it until it is taken."""
        spans: list[list[PackPlace]] = []
        total = 0
        for span in _join(places):
            total += _length(span)
            if total > 2 * _BATCH:
                break  # the rest is read when it is wanted
            spans.append(span)
        with self._lock:
            if sum(map(len, self._ahead.values())) > _BATCH:
                self._ahead.clear()
        map_at_once(self._read_span, spans)

    def _read_span(self, span: Sequence[PackPlace]) -> None:
        with contextlib.suppress(FileNotFoundError):  # who wants it is told
            start = span[0].offset
            data = self._read(span[0].object, start, _length(span))
            parts = {place: data[place.offset - start : place.end - start] for place in span}
            with self._lock:
                self._ahead.update(parts)

    def read(self, place: PackPlace) -> bytes:
        """Return the bytes at a place, fewer where the pack ends before; raises FileNotFoundError without one."""
        with self._lock:
            ahead = self._ahead.pop(place, None)
        return self._read(place.object, place.offset, place.length) if ahead is None else ahead

    def _read(self, name: str, start: int, length: int) -> bytes:
        if name in self._gone:  # it is not asked for again for each of its blobs
            raise FileNotFoundError(name)
        try:
            data = self._folder.read_range(name, start, length)
        except FileNotFoundError:
            with self._lock:
                self._gone.add(name)
                self._sizes.pop(name, None)
            raise
        # Some servers know no ranges and send all: Python's http.server is one.
        return data if len(data) <= length else data[start : start + length]

    def find(self, places: Collection[PackPlace]) -> set[PackPlace]:
        """Return those of the places that are there: each pack is asked for once."""
        unknown = sorted({place.object for place in places} - self._sizes.keys() - self._gone)
        sizes = map_at_once(self._folder.size, unknown)
        with self._lock:
            for name, size in zip(unknown, sizes, strict=True):
                if size is None:
                    self._gone.add(name)
                else:
                    self._sizes[name] = size
        return {place for place in places if place.end <= self._sizes.get(place.object, 0)}


def _join(places: Collection[PackPlace]) -> Iterator[list[PackPlace]]:
    """Yield the places in groups that are read at once, since they lie near each other."""
    span: list[PackPlace] = []
    for place in sorted(set(places)):
        if span and not (
            place.pack == span[0].pack
            and place.offset - span[-1].end <= _GAP
            and place.end - span[0].offset <= _SPAN
        ):
            yield span
            span = []
        span.append(place)
    if span:
        yield span


def _length(span: Sequence[PackPlace]) -> int:
    return max(place.end for place in span) - span[0].offset
