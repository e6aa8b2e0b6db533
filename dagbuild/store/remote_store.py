"""The store that a team shares, in a folder behind a URL.

    blobs/ packs/                   what values are made of, see `remote_blobs`
    records/NAME-0001.jsonl.zst     a part of a segment: one object answers thousands of look-ups
    dropped/                        records that gc has taken out within a day, see `remote_gc`

Knows names and order, not how bytes travel. Parts are copied once into a mirror folder and looked up there like local
segments. Guards: blobs first, then the part that names them; what is sent names every blob by its strong digest, signed
where there is a key; and no record is handed out that may not be used here, nor any byte that no such record tells of.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dagbuild.ground.digest import digest_chunks
from dagbuild.ground.errors import BlobMissingError, StoreError
from dagbuild.model.place import LARGEST_PACKED
from dagbuild.model.record import BlobRef, Key, Record
from dagbuild.store.base import Store, merge_by_time
from dagbuild.store.mirror import Mirror
from dagbuild.store.notices import Notice, log_notice
from dagbuild.store.remote import PROBE, PROBE_DATA, RemoteFolder
from dagbuild.store.remote_blobs import RemoteBlobs
from dagbuild.store.remote_errors import RemoteDeniedError
from dagbuild.store.trust import Trust

if TYPE_CHECKING:
    from typing_extensions import Buffer

Mode = Literal["read-write", "read", "off"]

REFRESH = 30.0
"""Seconds between two looks for new parts."""


class RemoteStore(Store):
    """Blobs and records behind a URL. Any method may raise RemoteDeniedError or RemoteOutageError."""

    name = "remote"

    def __init__(
        self,
        folder: RemoteFolder,
        *,
        trust: Trust | None = None,
        mirror: Path | None = None,
        on_notice: Notice = log_notice,
        refresh: float = REFRESH,
    ) -> None:
        """`mirror`: where copies of the parts are kept from one build to the next; without one they are dropped."""
        self._folder = folder
        self.trust = trust or Trust()
        self._notice = on_notice
        self.blobs = RemoteBlobs(folder, on_notice)
        self._mirror = Mirror(folder, mirror, refresh, on_notice)
        self._lock = threading.RLock()
        self._flushing = threading.Lock()
        self._pending: list[Record] = []
        self._told: set[str] = set()

    def probe(self, wanted: Mode) -> Mode:
        """Return what can be done in fact of what is wanted; raises RemoteOutageError, also for a missing bucket."""
        if wanted == "read-write":
            try:
                self._folder.write(PROBE, PROBE_DATA)
            except RemoteDeniedError:
                wanted = "read"
            except FileNotFoundError:
                self._folder.check()
                raise
        if wanted == "read":
            self._folder.list("records")
        return wanted

    # -- blobs -----------------------------------------------------------------------------------------------------

    def put_blob(self, chunks: Sequence[Buffer]) -> BlobRef:
        """Store a blob, compressed where it pays; a blob that is there is not sent."""
        views = [memoryview(chunk).cast("B") for chunk in chunks]
        ref = BlobRef(digest_chunks(views), sum(view.nbytes for view in views))
        return self.upload(ref, views[0] if len(views) == 1 else memoryview(b"".join(views)))

    def upload(self, ref: BlobRef, view: memoryview, file: Path | None = None) -> BlobRef:
        """Store a blob whose bytes are `view`, unless it is there; returns it with its strong digest and place.

        `file` holds just these bytes. Raises BlobDamagedError when the bytes are not the blob's.
        """
        return self.blobs.upload(ref, view, file, self._find_published)

    def upload_together(self, views: Mapping[BlobRef, memoryview]) -> dict[BlobRef, BlobRef]:
        """Store small blobs, those in one pack that are not there yet; returns each with its strong digest and place.

        Those are left out whose bytes are not theirs. Who names one of them must say where it lies.
        """
        return self.blobs.upload_together(views, self._find_published)

    def _find_published(self, ref: BlobRef) -> list[BlobRef]:
        """Return the blob as records name it of signers who are trusted."""
        with self._lock:
            self._mirror.refresh()
            return [named for _, named in self._iter_signed(ref)]

    def get_blob(self, ref: BlobRef) -> memoryview:
        """Return a blob's bytes, from memory."""
        return self.blobs.get(self.resolve(ref))

    def fetch_blob(self, ref: BlobRef, target: Path) -> None:
        """Write a blob's bytes, checked, to a new local file; raises BlobMissingError or BlobDamagedError, OSError."""
        self.blobs.fetch(self.resolve(ref), target)

    def expect(self, refs: Collection[BlobRef]) -> None:
        """Read small blobs in few requests, as many as memory is spent on: they will be asked for next."""
        self.blobs.expect(refs)

    def find_strong(self, ref: BlobRef) -> str:
        """Return the strong digest of what this process has sent, else nothing."""
        return self.blobs.find_strong(ref)

    def knows(self, ref: BlobRef) -> bool:
        """Tell whether a record that may be used names this blob, or it was seen here."""
        return self.blobs.knows(ref)

    def doubt(self, refs: Collection[BlobRef]) -> None:
        """Believe no record that these are there until they are sent, or seen: somebody wanted them in vain."""
        self.blobs.doubt(refs)

    def has_arrived(self, ref: BlobRef) -> bool:
        """Tell by asking whether a blob, with a strong digest, is there under its name by now."""
        return self.blobs.has_arrived(ref)

    def resolve(self, ref: BlobRef) -> BlobRef:
        """Return a reference with its strong digest; raises BlobMissingError when nobody who is trusted tells of it."""
        return self.find_origin(ref)[0]

    def find_origin(self, ref: BlobRef) -> tuple[BlobRef, bool]:
        """Return a reference with its strong digest, and whether this machine's user has published it; as `resolve`.

        A blob that was made here, and is lost, may have been published: by this machine's user or by somebody else who
        has signed for it.
        """
        if ref.strong:
            self._find_place(ref)
            return ref, False
        if strong := self.blobs.find_strong(ref):
            return replace(ref, strong=strong), True
        found = self._find_signed(ref)
        if not found:
            self.doubt([ref])
            raise BlobMissingError(f"blob {ref.digest} is in no record of the remote that may be used")
        own = next((named for signer, named in found if signer == self.trust.own), None)
        return (own, True) if own else (found[0][1], False)

    def _find_place(self, ref: BlobRef) -> None:
        """Learn of records where a small blob may lie that was named without saying so, by a pin or a worker."""
        if ref.size <= LARGEST_PACKED and not (ref.place or self.knows(ref)):
            self.blobs.note([named for named in self._find_published(ref) if named.strong == ref.strong])

    def _find_signed(self, ref: BlobRef) -> list[tuple[str, BlobRef]]:
        """Return the blob as records of trusted signers name it, each with its signer."""
        with self._lock:
            self._mirror.refresh()
            return self._iter_signed(ref)

    def _iter_signed(self, ref: BlobRef) -> list[tuple[str, BlobRef]]:
        return [
            (record.proof.signer, named)
            for record in self._mirror.find_naming(ref.digest)
            if record.proof and self.trust.is_signed(record)
            for named in record.artifact.all_blobs
            if named == ref and named.strong
        ]

    def has_blobs(self, refs: Collection[BlobRef], *, local: bool = False) -> set[BlobRef]:
        """Return those of `refs` that a record names or, failing that, that are there; with `local` none are near."""
        if local:
            return set()
        known = []
        for ref in set(refs):
            try:
                known.append(self.resolve(ref))
            except BlobMissingError:
                continue
        return self.blobs.has(known)

    # -- records ---------------------------------------------------------------------------------------------------

    def find_records(
        self, keys: Collection[Key], *, local: bool = False, known: Collection[Key] = ()
    ) -> dict[Key, list[Record]]:
        """Return the records under each key that may be used; nothing is said of others under keys in `known`."""
        if local:
            return {}
        with self._lock:
            self._mirror.refresh()
            found = self._mirror.log.find(keys)
            wanted = set(keys)
            for record in self._pending:
                for key in record.keys:
                    if key in wanted:
                        found.setdefault(key, []).append(record)
        usable = {key: self._filter(records, say=key not in known) for key, records in found.items()}
        return {key: records for key, records in usable.items() if records}

    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        """Return those of the newest records of each node that may be used, the newest first."""
        with self._lock:
            self._mirror.refresh()
            found = self._mirror.log.find_latest(nodes, count)
        usable = {node: self._filter(records, say=False) for node, records in found.items()}
        return {node: records for node, records in usable.items() if records}

    def iter_records(self) -> Iterator[Record]:
        """Return all records that may be used, oldest first; the folder was looked at by then."""
        with self._lock:
            self._mirror.refresh()
            pending = list(self._pending)
        every = itertools.chain(self._mirror.log.iter_records(), pending)
        return (usable for record in every for usable in self._filter([record], say=False))

    def iter_newest(self, nodes: Collection[str] | None = None) -> Iterator[Record]:
        """Return the records that may be used, newest first; the folder was looked at by then."""
        with self._lock:
            self._mirror.refresh()
            pending = [record for record in self._pending if nodes is None or record.node in nodes]
        pending.sort(key=lambda record: record.started, reverse=True)
        found = self._mirror.log.iter_records(nodes=nodes, newest_first=True)
        every = merge_by_time(found, pending, newest_first=True)
        return (usable for record in every for usable in self._filter([record], say=False))

    def iter_own(self) -> Iterator[Record]:
        """Yield all records as they lie, whoever's, without manifests, observations and logs."""
        with self._lock:
            self._mirror.refresh()
        return self._mirror.log.scan_records()

    def find_own(self, keys: Collection[Key]) -> list[Record]:
        """Return all records under these keys, whoever's."""
        with self._lock:
            self._mirror.refresh()
            return [record for found in self._mirror.log.find(keys, all_of=True).values() for record in found]

    def record_bytes(self) -> int:
        """Return how many bytes all records take, by now."""
        with self._lock:
            self._mirror.refresh()
            return self._mirror.size()

    def list_names(self) -> Collection[str]:
        """Return the names of all objects that hold blobs; see `find_lost`."""
        return self.blobs.list_names()

    def find_lost(self, refs: Collection[BlobRef], names: Collection[str] | None = None) -> list[BlobRef]:
        """Return those of `refs`, with strong digests, that are not there whatever records say.

        By a listing of `names`, where there is one; else each is asked for.
        """
        return self.blobs.find_lost(refs, names)

    def _filter(self, records: Sequence[Record], *, say: bool) -> list[Record]:
        """Return the records as they may be used; say once of each node that all it has may not."""
        usable = []
        for record in records:
            admitted = self.trust.admit(record, near=False)
            if admitted is not None:
                usable.append(admitted)
                self.blobs.note(admitted.artifact.all_blobs)
        if say and records and not usable and records[-1].node not in self._told:
            last = records[-1]
            self._told.add(last.node)
            self._notice(
                f"remote: the value of '{last.node}' is not used: {self.trust.refusal(last)}"
                " (`dagbuild key list` shows who is trusted)"
            )
        return usable

    def put_records(self, records: Sequence[Record]) -> None:
        """Keep records for the next part, which `flush` sends; every blob that they name must already be stored.

        Those that were made here are signed, with the strong digests of their blobs; those of others stay as they are.
        """
        if self.trust.key is None and self.trust.unsigned == "no" and "" not in self._told:
            self._told.add("")
            self._notice(
                "remote: what is published from here is not signed, so that others will not use it "
                "(`dagbuild key new` makes a key)"
            )
        signed = [self._seal(record) for record in records]
        with self._lock:
            self._pending.extend(signed)

    def _seal(self, record: Record) -> Record:
        if record.proof is not None:
            return record
        artifact = record.artifact.with_blobs(self.blobs.locate)
        if lost := [ref.digest for ref in artifact.all_blobs if not ref.strong]:
            raise StoreError(f"blob {lost[0]} of '{record.node}' was not stored before its record")
        return self.trust.sign(replace(record, artifact=artifact))

    def flush(self) -> None:
        """Send the records that were put as one part."""
        with self._flushing:
            with self._lock:
                records = list(self._pending)
            if records:
                self._mirror.send(records)
                with self._lock:
                    del self._pending[: len(records)]

    def tidy(self) -> None:
        """Merge parts when they are many."""
        with self._lock:
            self._mirror.merge()

    # -- the rest --------------------------------------------------------------------------------------------------

    def lease(
        self, key: Key, on_wait: Callable[[str], None] = lambda _: None
    ) -> AbstractContextManager[bool]:
        """Give the right to everybody: machines do not wait for each other."""
        del key, on_wait
        return nullcontext(False)

    def close(self) -> None:
        """Send what is left and let go of files."""
        try:
            self.flush()
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Let go of files; what was not sent by now is not."""
        self._mirror.close()
