"""Send finished records, and the blobs that they name, to the remote while the build goes on.

One thread takes records from a queue; a few more send blobs. Memory is bounded: the queue holds records only, and
blobs are mapped from the local store when their turn comes. Guards: a record is handed to the remote after all of
its blobs.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, StoreError
from dagbuild.model.record import BlobRef, Record
from dagbuild.store.local import LocalStore
from dagbuild.store.remote import RemoteOutageError
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.tiers import Tiers
from dagbuild.store.trust import is_genuine

FLUSH_SECONDS = 5.0
"""How long others wait at most for the records of a build that goes on."""

UPLOADS = 4


class Publisher:
    """Sends until it is told that the remote has failed; what it could not send it counts in `unsent`."""

    def __init__(
        self,
        local: LocalStore,
        remote: RemoteStore | Tiers,
        *,
        may_send: Callable[[], bool],
        on_failure: Callable[[StoreError], None],
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self._local = local
        self._remote = remote
        self._may_send = may_send
        self._on_failure = on_failure
        self._flush_seconds = flush_seconds
        self._queue: queue.Queue[Record | None] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._handed: list[Record] = []
        self.sent = 0
        self.unsent = 0

    def put(self, records: Sequence[Record]) -> None:
        """Take records to send; returns at once.

        Those of others go as they are, signed by others; what was only found through one of these, or was never
        signed, is not sent: this machine's user has not made it.
        """
        records = [record for record in records if record.proof is None or is_genuine(record)]
        if not records:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dagbuild-publish", daemon=True)
                self._thread.start()
        for record in records:
            self._queue.put(record)

    def wait(self) -> None:
        """Wait until all that was put is sent or has failed."""
        self._queue.join()
        self._flush()

    def close(self) -> None:
        """Send what is left and end the thread."""
        self.wait()
        with self._lock:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join()
                self._thread = None

    def _run(self) -> None:
        flushed = time.monotonic()
        with ThreadPoolExecutor(UPLOADS) as pool:
            while True:
                try:
                    record = self._queue.get(timeout=self._flush_seconds)
                except queue.Empty:
                    self._flush()
                    continue
                try:
                    if record is None:
                        return
                    self._send(record, pool)
                    if time.monotonic() - flushed > self._flush_seconds:
                        self._flush()
                        flushed = time.monotonic()
                finally:
                    self._queue.task_done()

    def _send(self, record: Record, pool: ThreadPoolExecutor) -> None:
        if not self._may_send():
            self.unsent += 1
            return
        try:
            record = self._name_strongly(record, pool)
            if not self._may_send():
                self.unsent += 1
                return
            self._remote.put_records([record])
        except Exception as error:  # whatever it is, it must not end the thread: the build waits for it
            self.unsent += 1
            self._on_failure(error if isinstance(error, StoreError) else RemoteOutageError(repr(error)))
            return
        with self._lock:
            self._handed.append(record)

    def _name_strongly(self, record: Record, pool: ThreadPoolExecutor) -> Record:
        """Send a record's blobs, and return it with their strong digests."""
        refs = record.artifact.all_blobs
        strong = {ref: sent.strong for ref, sent in zip(refs, pool.map(self._send_blob, refs), strict=True)}
        return replace(record, artifact=record.artifact.with_strong(strong))

    def send_blobs(self, refs: Sequence[BlobRef]) -> None:
        """Send blobs now, and wait until that is done or has failed."""
        try:
            with ThreadPoolExecutor(UPLOADS) as pool:
                list(pool.map(self._send_blob, refs))
        except StoreError as error:
            self._on_failure(error)

    def _send_blob(self, ref: BlobRef) -> BlobRef:
        """Send a blob, unless it is there, and return it with its strong digest."""
        if not self._may_send():
            return ref
        try:
            view = self._local.get_blob(ref)
        except BlobMissingError:
            if ref.strong and self._remote.has_blobs([ref]):
                return ref  # a worker on another machine has sent it
            raise
        try:
            return self._remote.upload(ref, view)
        except BlobDamagedError:
            self._local.blobs.put_aside(ref, "its bytes do not match its name")
            raise

    def _flush(self) -> None:
        with self._lock:
            if not self._handed:
                return
            count = len(self._handed)
            self._handed.clear()
            if not self._may_send():
                self.unsent += count
                return
            try:
                self._remote.flush()
                self.sent += count
            except StoreError as error:
                self.unsent += count
                self._on_failure(error)
