"""The store in a cache folder of this machine.

Puts together blobs, segments, index and leases; each of them knows its own files. Builds side by side share the folder
without a lock on the whole of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dagbuild.ground.override import override
from dagbuild.model.record import BlobRef, Key, Record
from dagbuild.store.base import Store
from dagbuild.store.blobs import BlobFolder, Fsync
from dagbuild.store.file_copies import FileCopies
from dagbuild.store.folder import CacheFolder, write_error
from dagbuild.store.index import Index
from dagbuild.store.lease import drop_spares, hold_lease, take_lease
from dagbuild.store.lines import encode_line
from dagbuild.store.marks import Marks, take_ended
from dagbuild.store.memo import Memo
from dagbuild.store.notices import Notice, log_notice
from dagbuild.store.record_log import FOLD_BYTES, RecordLog
from dagbuild.store.segments import SegmentReader, SegmentWriter
from dagbuild.store.trust import Trust
from dagbuild.store.uses import Uses

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dagbuild.store.validated import Validated


_LOOK_AGAIN = 5.0
"""Seconds after which the folder's permissions are looked at again."""


class LocalStore(Store):
    """A folder of blobs and records. Made when something is first put; opened lazily; can be read where it cannot be
    written."""

    name = "local"

    def __init__(
        self,
        folder: Path,
        *,
        fsync: Fsync = "build",
        on_notice: Notice = log_notice,
        fold_bytes: int = FOLD_BYTES,
        trust: Trust | None = None,
    ) -> None:
        """Raises StoreError when a newer dagbuild wrote the folder."""
        self.layout = CacheFolder(Path(folder).absolute())
        self.layout.check(on_notice)
        self.blobs = BlobFolder(self.layout, fsync, on_notice)
        self.reader = SegmentReader(self.layout.segments)
        index = Index(Memo(self.layout.index / "records", on_notice))
        self._log = RecordLog(self.reader, index, on_notice, fold_bytes=fold_bytes)
        self.trust = trust or Trust()
        self.uses = Uses(self.layout.uses)
        self._marks = Marks(self.layout)
        self._fsync = fsync
        self._lock = threading.Lock()
        self._notice = on_notice
        self._looked = float("-inf")
        self._writer_found: str | None = None
        self._told_writer = False
        self._writer: SegmentWriter | None = None

    # -- blobs -----------------------------------------------------------------------------------------------------

    def put_blob(self, chunks: Sequence[Buffer]) -> BlobRef:
        """Store a blob; a blob that is there is not written again."""
        return self.blobs.put(chunks)

    def expect_blobs(self, refs: Iterable[BlobRef]) -> None:
        """Look up at once which of these were seen whole."""
        self.blobs.expect(refs)

    def get_blob(self, ref: BlobRef) -> memoryview:
        """Return a blob's bytes, mapped when they are many."""
        return self.blobs.get(ref)

    @override
    def open_blob(self, ref: BlobRef) -> int:
        return self.blobs.open(ref)

    def blob_path(self, ref: BlobRef) -> Path:
        """Return the file of a blob, verified as by `get_blob`."""
        return self.blobs.path(ref)

    @override
    def find_intruder(self, refs: Collection[BlobRef]) -> str | None:
        with self._lock:
            now = time.monotonic()
            if now - self._looked > _LOOK_AGAIN:
                self._looked, self._writer_found = now, self.layout.find_writer()
        found = self._writer_found or next(filter(None, map(self.blobs.find_writer, refs)), None)
        if found is not None and not self._told_writer:
            self._told_writer = True
            self._notice(
                f"cache: {found}, so nothing that could run code is read from the cache folder: it is made again; "
                f"`chmod -R go-w {self.layout.folder}` keeps others out, once you know that all in it is yours"
            )
        return found

    @cached_property
    def copies(self) -> FileCopies:
        """Copies of files and folders, in the cache folder."""
        return FileCopies(self.layout.files)

    @cached_property
    def validated(self) -> Validated:
        """Which values from elsewhere have passed, remembered in the cache folder."""
        from dagbuild.store.validated import open_validated

        return open_validated(self.layout, self._notice)

    @override
    def has_blobs(self, refs: Collection[BlobRef], *, local: bool = False) -> set[BlobRef]:
        return self.blobs.has(refs)

    # -- records ---------------------------------------------------------------------------------------------------

    @override
    def find_records(self, keys: Collection[Key], *, local: bool = False) -> dict[Key, list[Record]]:
        admitted = {key: self._admit(records) for key, records in self._log.find(keys).items()}
        found = {key: records for key, records in admitted.items() if records}
        self.uses.note(found)
        return found

    @override
    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        found = {node: self._admit(records) for node, records in self._log.find_latest(nodes, count).items()}
        return {node: records for node, records in found.items() if records}

    @override
    def iter_records(self, *, trusted: bool = True) -> Iterator[Record]:
        """Yield all records that may be used, oldest first; without `trusted`, those too that may not."""
        for record in self._log.iter_records():
            yield from self._admit([record]) if trusted else [record]

    @override
    def iter_newest(self, nodes: Collection[str] | None = None) -> Iterator[Record]:
        for record in self._log.iter_records(nodes=nodes, newest_first=True):
            yield from self._admit([record])

    def scan_records(self) -> Iterator[Record]:
        """Yield all records as they lie, those too that may not be used, without manifests, observations and logs."""
        return self._log.scan_records()

    def record_bytes(self) -> int:
        """Return how many bytes all records take."""
        return self.reader.total()

    def _admit(self, records: Sequence[Record]) -> list[Record]:
        """Return the records as they may be used: who signed one from elsewhere may not be trusted any more."""
        return [usable for record in records if (usable := self.trust.admit(record, near=True)) is not None]

    def put_records(self, records: Sequence[Record]) -> None:
        """Append records to this store's own segment."""
        if not records:
            return
        lines = [encode_line(record) for record in records]
        with self._lock:
            try:
                if self._writer is None or not self._writer.is_there():
                    self._open_writer()
                assert self._writer is not None
                positions = self._writer.append(lines)
                if self._fsync == "always":
                    self._writer.sync()
            except OSError as error:
                raise write_error(self.layout.folder, error) from error
            self.blobs.note_written()
            self._log.add(positions, records)

    def _open_writer(self) -> None:
        self._close_writer()
        self.layout.make()
        self._writer = SegmentWriter(self.layout.segments)

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._log.finish(self._writer.name)
            self._writer = None

    # -- the rest --------------------------------------------------------------------------------------------------

    def lease(
        self, key: Key, on_wait: Callable[[str], None] = lambda _: None
    ) -> AbstractContextManager[bool]:
        """Hold the right to compute `key` among the processes of this machine that share the folder."""
        return hold_lease(self.layout.lock_name(key), on_wait)

    @override
    def take_lease(self, key: Key) -> AbstractContextManager[None] | None:
        return take_lease(self.layout.lock_name(key))

    def running(self, node: str) -> AbstractContextManager[None]:
        """Note in the folder that this process runs the node."""
        return self._marks.running(node)

    def take_ended(self) -> list[str]:
        """Return the nodes that were noted in the folder when their processes ended."""
        return take_ended(self.layout.running)

    def flush(self) -> None:
        """Make what was put durable, as the fsync setting asks, and note what was used."""
        self.uses.save()
        self.blobs.sync()

    def close(self) -> None:
        """End this store's segment and let go of all files."""
        self.flush()
        with self._lock:
            self._close_writer()
        self._log.fold()
        self._log.close()
        self.blobs.close()
        if "validated" in self.__dict__:
            self.validated.close()
        self._marks.close()
        drop_spares(self.layout.locks)
