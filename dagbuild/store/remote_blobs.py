"""The blobs behind a URL.

    blobs/ab/xxh3-....zst|raw       a blob, under the name of its uncompressed bytes
    packs/ab/...                    small ones side by side, see `packs`: who names one of these says where it lies

Knows bytes and names, no records and nobody's keys. Guards: bytes leave here for a reference with a strong digest only,
and are those of that digest. What somebody has written there to have the xxh3 of others is damage, and nothing else.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from dagbuild.ground import atomic
from dagbuild.ground.digest import PREFIX, Both, is_digest, is_strong
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, StoreError
from dagbuild.ground.passed import Moment
from dagbuild.model.place import SUFFIXES, PackPlace, Suffix
from dagbuild.model.record import BlobRef
from dagbuild.store.compression import (
    choose_suffix,
    compress,
    compress_into,
    decompress,
    read_blocks,
    suffixes_of,
)
from dagbuild.store.notices import Notice
from dagbuild.store.object_names import iter_stored, name_objects
from dagbuild.store.packs import Packs, find_pack_place
from dagbuild.store.remote import RemoteFolder, map_at_once

WORTH_ASKING = 1 << 20
"""Bytes of a blob that is worth the question whether somebody has sent it already."""

SURE_FOR = 6 * 3600.0
"""Seconds for which who publishes takes what was sent, or named by a record, to be there: far less than gc leaves to
what no record names any more, or not yet."""

FindPublished = Callable[[BlobRef], Collection[BlobRef]]
"""Returns what others who are trusted have published under a blob's name."""

_OTHERS = "its bytes are others than its record tells of"

IN_MEMORY = 8 << 20
"""Larger blobs go through a file, so that memory stays bounded."""


class RemoteBlobs:
    """Blobs behind a URL. Any method may raise RemoteDeniedError or RemoteOutageError."""

    def __init__(self, folder: RemoteFolder, on_notice: Notice) -> None:
        self._folder = folder
        self._packs = Packs(folder)
        self._notice = on_notice
        self._lock = threading.Lock()
        self._places: dict[
            str, str
        ] = {}  # of what is there, by strong digest; empty where only that is known
        self._named: dict[str, Moment] = {}  # when it was last seen in a record, or sent
        self._told: tuple[float | None, Moment] | None = None  # the time over there, when that was asked
        self._unusable: set[str] = set()
        self._doubted: set[BlobRef] = set()  # what somebody wanted in vain: no record's word counts for it
        self._sent: dict[BlobRef, BlobRef] = {}  # what this process has read through to send it

    def note(self, refs: Collection[BlobRef]) -> None:
        """Take it that these are there: a record that may be used names them."""
        now = Moment.now()
        with self._lock:
            for ref in refs:
                if ref.strong and ref.strong not in self._unusable:
                    self._places[ref.strong] = ref.place or self._places.get(ref.strong, "")
                    self._named[ref.strong] = now

    def doubt(self, refs: Collection[BlobRef]) -> None:
        """Believe no record that these are there: they were wanted, and could not be had."""
        with self._lock:
            self._doubted.update(refs)

    def _find_known(self, ref: BlobRef, strong: str, *, packed: bool = True) -> BlobRef | None:
        """Return a blob as it is known to be there; not `packed`, only where its name or its reference leads."""
        place = self._places.get(strong)
        if place is None or not (packed or place in {"", *SUFFIXES, ref.place}):
            return None
        return replace(ref, strong=strong, place=place)

    def _find_sure(self, ref: BlobRef, strong: str, *, packed: bool) -> BlobRef | None:
        """Return a blob that a record may name without its being sent: gc does not remove it before that arrives.

        One that is doubted is looked for where it is known to lie.
        """
        named = self._named.get(strong)
        known = self._find_known(ref, strong, packed=packed)
        if known is None or named is None or named.passed > SURE_FOR:
            return None
        if ref in self._doubted and not self._lies_there(known):
            self._forget(known)
            return None
        return known

    def _lies_there(self, ref: BlobRef) -> bool:
        """Tell by asking whether there is something where a blob is known to lie."""
        place = find_pack_place(ref, ref.place)
        return place in self._packs.find([place]) if place else self._is_there(ref)

    def upload(
        self,
        ref: BlobRef,
        view: memoryview,
        file: Path | None = None,
        find_published: FindPublished = lambda _: (),
    ) -> BlobRef:
        """Store a blob whose bytes are `view` under its name, unless it is there or where the reference says.

        Returns it with its strong digest and place. `file` holds just these bytes, where there is one. Raises
        BlobDamagedError when the bytes are not the blob's: here, damage would stay, for nobody sends it again.
        """
        named, is_there = self._identify(ref, view, find_published, packed=False)
        return named if is_there else self._upload(named, view, file)

    def upload_together(
        self, views: Mapping[BlobRef, memoryview], find_published: FindPublished = lambda _: ()
    ) -> dict[BlobRef, BlobRef]:
        """Store small blobs, those in one pack that are not there yet; returns each with its strong digest and place.

        Those are left out whose bytes are not theirs.
        """
        sent: dict[BlobRef, BlobRef] = {}
        news: list[BlobRef] = []
        for ref, view in views.items():
            with contextlib.suppress(BlobDamagedError):
                named, is_there = self._identify(ref, view, find_published, packed=True)
                sent[ref] = named
                if not is_there:
                    news.append(named)
        # What was damaged or lost where some record says that it lies is sought under its own name next.
        again = {ref for ref in news if ref.strong in self._unusable or ref in self._doubted}
        packed = [ref for ref in news if ref not in again]
        if len(packed) > 1:
            places = self._packs.send([_store(views[ref]) for ref in packed])
            for ref, place in zip(packed, places, strict=True):
                sent[ref] = self._note_sent(replace(ref, place=str(place)))
            news = list(again)
        sent.update({ref: ref for ref in map_at_once(lambda ref: self._upload(ref, views[ref]), news)})
        return sent

    def _identify(
        self, ref: BlobRef, view: memoryview, find_published: FindPublished, *, packed: bool
    ) -> tuple[BlobRef, bool]:
        """Return a blob with its strong digest, and with its place if it is there, and whether it is; see `upload`."""
        strong = ref.strong or self.find_strong(ref)
        if strong and (known := self._find_sure(ref, strong, packed=packed)):
            return known, True
        both = Both.of(view)
        if both.digest != ref.digest or (ref.strong and both.strong != ref.strong):
            raise BlobDamagedError(f"blob {ref.digest} is damaged: its bytes do not match its name")
        named = replace(ref, strong=both.strong)
        self.note([each for each in find_published(named) if each.strong == both.strong])
        if known := self._find_sure(named, both.strong, packed=packed):
            return self._note_sent(known), True
        return replace(named, place=""), False

    def _upload(self, ref: BlobRef, view: memoryview, file: Path | None = None) -> BlobRef:
        suffix = choose_suffix(view)
        name = _blob_name(ref, suffix)
        # To ask costs as much as to send what is small. Whether it is what its name says shows when it is read;
        # then it is sent again.
        asks = ref.size >= WORTH_ASKING and ref.strong not in self._unusable
        if not (asks and self._is_whole(self._folder.size(name), ref, suffix) and self._is_young(name)):
            self._send(name, suffix, view, file)
        return self._note_sent(replace(ref, place=suffix))

    def _note_sent(self, sent: BlobRef) -> BlobRef:
        with self._lock:
            self._sent[sent] = sent
            self._places[sent.strong] = sent.place
            self._named[sent.strong] = Moment.now()
            self._unusable.discard(sent.strong)
            self._doubted.discard(sent)
        return sent

    def _send(self, name: str, suffix: Suffix, view: memoryview, file: Path | None) -> None:
        if view.nbytes <= IN_MEMORY:
            self._folder.write(name, _store(view, suffix)[0])
            return
        if suffix == ".raw" and file is not None:
            self._folder.write_file(name, file)
            return
        with tempfile.TemporaryDirectory(prefix="dagbuild-") as scratch:
            path = Path(scratch) / "blob"
            with path.open("wb") as packed:
                if suffix == ".zst":
                    compress_into(view, packed)
                else:
                    packed.write(view)
            self._folder.write_file(name, path)

    def _is_young(self, name: str) -> bool:
        """Tell whether somebody has sent an object so lately that gc leaves it, by the clock over there."""
        with self._lock:
            if self._told is None:
                self._told = self._folder.tell_time(), Moment.now()
            now, since = self._told
        written = self._folder.modified(name) if now is not None else None
        return now is not None and written is not None and now + since.passed - written <= SURE_FOR

    @staticmethod
    def _is_whole(size: int | None, ref: BlobRef, suffix: Suffix) -> bool:
        return size is not None and (suffix == ".zst" or size == ref.size)

    def find_strong(self, ref: BlobRef) -> str:
        """Return the strong digest of what this process has sent, else nothing."""
        return sent.strong if (sent := self._sent.get(ref)) else ""

    def locate(self, ref: BlobRef) -> BlobRef:
        """Return a reference with its strong digest and its place, as far as this process knows them."""
        return self._sent.get(ref) or self._find_known(ref, ref.strong) or ref

    def knows(self, ref: BlobRef) -> bool:
        """Tell whether a blob is taken to be there."""
        return ref.strong in self._places

    def expect(self, refs: Collection[BlobRef]) -> None:
        """Read those that lie in packs in few requests; they wait in memory for `get` and `fetch`, some MB of them."""
        self._packs.expect([places[0] for ref in refs if (places := self._find_packed(ref))])

    def get(self, ref: BlobRef) -> memoryview:
        """Return a blob's bytes, from memory."""
        why = ""
        for place in (*self._find_packed(ref), *self._suffixes(ref)):
            try:
                if isinstance(place, PackPlace):
                    data = decompress(self._packs.read(place), place.suffix, ref.size)
                else:
                    data = decompress(self._folder.read(_blob_name(ref, place), ref.size), place, ref.size)
            except FileNotFoundError:
                continue
            except OSError as error:
                why = str(error)
                continue
            if _matches(ref, len(data), Both.of(data)):
                return memoryview(data)
            why = _OTHERS
        raise self._damaged(ref, why) if why else self._missing(ref)

    def fetch(self, ref: BlobRef, target: Path) -> None:
        """Write a blob's bytes, checked, to a new local file; raises BlobMissingError or BlobDamagedError, OSError."""
        if ref.size <= IN_MEMORY:
            view = self.get(ref)
            with target.open("xb") as file:
                file.write(view)
            return
        packed = Path(atomic.part_name(str(target)))
        try:
            for suffix in self._suffixes(ref):
                came = target if suffix == ".raw" else packed
                try:
                    self._folder.read_to(_blob_name(ref, suffix), came, ref.size)
                except FileNotFoundError:
                    came.unlink(missing_ok=True)
                    continue
                if suffix == ".raw":
                    size = came.stat().st_size
                    both = Both.of_all(read_blocks(came, suffix) if size == ref.size else ())
                else:
                    with target.open("xb") as file:
                        both = Both.of_all(self._copied(read_blocks(packed, suffix), file, ref))
                    size = target.stat().st_size
                if not _matches(ref, size, both):
                    raise self._damaged(ref, _OTHERS)
                return
            raise self._missing(ref)
        finally:
            atomic.discard(str(packed))

    def _copied(self, blocks: Iterator[bytes], file: BinaryIO, ref: BlobRef) -> Iterator[bytes]:
        total = 0
        while True:
            try:
                block = next(blocks, b"")
            except OSError as error:
                raise self._damaged(ref, str(error)) from error
            total += len(block)
            if not block or total > ref.size:
                return
            file.write(block)
            yield block

    def _find_packed(self, ref: BlobRef) -> list[PackPlace]:
        """Return where in packs a blob may lie: where its reference says, and where another one does."""
        texts = dict.fromkeys((ref.place, self._places.get(ref.strong, "")))
        return [place for text in texts if (place := find_pack_place(ref, text))]

    def _suffixes(self, ref: BlobRef) -> list[Suffix]:
        if not is_strong(ref.strong):
            raise self._missing(ref)
        likely = suffixes_of(ref.size)
        place = ref.place if ref.place in likely else self._places.get(ref.strong)
        return sorted(likely, key=lambda suffix: suffix != place)

    def _damaged(self, ref: BlobRef, why: str) -> BlobDamagedError:
        self._forget(ref)
        self._notice(f"remote: blob {ref.digest} is damaged ({why}); it will be made again")
        return BlobDamagedError(f"blob {ref.digest} in the remote is damaged: {why}")

    def _missing(self, ref: BlobRef) -> BlobMissingError:
        self._forget(ref)
        return BlobMissingError(f"blob {ref.digest} is not in the remote")

    def _forget(self, ref: BlobRef) -> None:
        if ref.strong:
            with self._lock:
                self._places.pop(ref.strong, None)
                self._unusable.add(ref.strong)

    def has_arrived(self, ref: BlobRef) -> bool:
        """Tell by asking whether a blob, with a strong digest, is there by now: somebody else has sent it."""
        if not self._is_there(ref):
            return False
        with self._lock:
            self._unusable.discard(ref.strong)
            self._places.setdefault(ref.strong, "")
        return True

    def has(self, refs: Collection[BlobRef]) -> set[BlobRef]:
        """Return those of `refs`, with strong digests all, that are there as far as is known without reading them."""
        unknown = {
            ref.strong: ref
            for ref in refs
            if ref.strong not in self._places and ref.strong not in self._unusable and is_digest(ref.digest)
        }
        packed = {strong: places for strong, ref in unknown.items() if (places := self._find_packed(ref))}
        in_packs = self._packs.find([place for places in packed.values() for place in places])
        there = {
            strong: str(place) for strong, places in packed.items() for place in places if place in in_packs
        }
        others = [ref for strong, ref in unknown.items() if strong not in there]
        found = map_at_once(self._is_there, others)
        there.update({ref.strong: "" for ref, is_there in zip(others, found, strict=True) if is_there})
        with self._lock:
            self._places.update(there)
        for ref in unknown.values():
            if ref.strong not in there:
                self._forget(ref)
        return {ref for ref in refs if ref.strong in self._places}

    def list_names(self) -> set[str]:
        """Return the names of all objects that hold blobs."""
        return {stored.name for some in iter_stored(self._folder) for stored in some}

    def find_lost(self, refs: Collection[BlobRef], names: Collection[str] | None = None) -> list[BlobRef]:
        """Return those of `refs`, with strong digests, that are not there whatever records say.

        By a listing of `names`, where there is one; else each is asked for.
        """
        refs = [ref for ref in refs if ref.strong]
        if names is None:
            self._packs.find([place for ref in refs if (place := find_pack_place(ref, ref.place))])
            there = map_at_once(lambda ref: self._lies_there(ref) or self._is_there(ref), refs)
        else:
            there = [any(name in names for name in name_objects(ref)) for ref in refs]
        lost = [ref for ref, is_there in zip(refs, there, strict=True) if not is_there]
        for ref in lost:
            self._forget(ref)
        return lost

    def _is_there(self, ref: BlobRef) -> bool:
        return any(
            self._is_whole(self._folder.size(_blob_name(ref, suffix)), ref, suffix)
            for suffix in self._suffixes(ref)
        )


def _blob_name(ref: BlobRef, suffix: Suffix) -> str:
    if not is_digest(ref.digest):
        raise StoreError(f"{ref.digest!r} is not the name of a blob")
    return f"blobs/{ref.digest[len(PREFIX) : len(PREFIX) + 2]}/{ref.digest}{suffix}"


def _store(view: memoryview, suffix: Suffix | None = None) -> tuple[bytes, Suffix]:
    """Return bytes as they are stored, and how that is."""
    suffix = suffix or choose_suffix(view)
    return compress(view) if suffix == ".zst" else bytes(view), suffix


def _matches(ref: BlobRef, size: int, both: Both) -> bool:
    """Tell whether what came is the very blob."""
    return size == ref.size and both.strong == ref.strong and both.digest == ref.digest
