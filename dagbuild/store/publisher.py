"""Send finished records, and the blobs that they name, to the remote while the build goes on.

One thread takes records from a queue, which holds nothing else, and has their blobs sent (see `sender`). Guards: a
record is handed to the remote after all of its blobs; and nobody waits longer than they want to for a network that
hangs.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace

from dagbuild.ground.errors import StoreError
from dagbuild.ground.passed import Moment
from dagbuild.ground.quiet import start_quietly
from dagbuild.model.record import BlobRef, Record
from dagbuild.store.local import LocalStore
from dagbuild.store.remote_errors import RemoteOutageError
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.sender import BlobSender
from dagbuild.store.tiers import Tiers
from dagbuild.store.trust import is_genuine

FLUSH_SECONDS = 5.0
"""How long others wait at most for the records of a build that goes on."""

LATEST = 12 * 3600.0
"""Seconds after which a record no longer follows its blobs: by then gc may count them as nobody's before it arrives."""


@dataclass
class _Waiting:
    """A record whose blobs are on their way."""

    record: Record
    blobs: list[Future[BlobRef]]
    since: Moment = field(default_factory=Moment.now)


@dataclass
class _Flush:
    """The wish that all that was put before it is sent, or has failed."""

    done: threading.Event = field(default_factory=threading.Event)


class _Arrived:
    """The news that blobs are there which records have waited for."""


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
        self._remote = remote
        self._sender = BlobSender(local, remote, may_send)
        self._may_send = may_send
        self._on_failure = on_failure
        self._flush_seconds = flush_seconds
        self._queue: queue.SimpleQueue[Record | _Flush | _Arrived | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiting: list[_Waiting] = []
        self._put = 0
        self.sent = 0
        self.unsent = 0

    @property
    def left(self) -> int:
        """How many records were put and are neither sent nor given up."""
        return self._put - self.sent - self.unsent

    def put(self, records: Sequence[Record]) -> None:
        """Take records to send; returns at once.

        Those of others go as they are, signed by others; what was only found through one of these, or was never
        signed, is not sent: this machine's user has not made it.
        """
        records = [record for record in records if record.proof is None or is_genuine(record)]
        if not records:
            return
        with self._lock:
            self._put += len(records)
            if self._thread is None:
                self._thread = start_quietly(self._run, "dagbuild-publish")
        for record in records:
            self._queue.put(record)

    def send_all(self, some: Iterable[Sequence[Record]]) -> int:
        """Send records, some at a time, and wait until that is done; return how many went."""
        before = self.sent
        for records in some:
            self.put(records)
            self.wait()
        return self.sent - before

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all that was put is sent or has failed, at most so long; tell whether it is."""
        if self._thread is None or not self.left:
            return True
        flush = _Flush()
        self._queue.put(flush)
        return flush.done.wait(seconds)

    def give_up(self) -> int:
        """Return how many records were not sent since this was last asked; what is on its way counts as lost."""
        unsent = self.unsent + self.left
        self._put = self.sent = self.unsent = 0
        return unsent

    def close(self, seconds: float | None = None) -> bool:
        """Send what is left, as `wait` does, and let the threads end when they are done."""
        done = self.wait(seconds)
        with self._lock:
            if self._thread is not None:
                self._queue.put(None)
                self._thread = None
            self._sender.close()
        return done

    def _run(self) -> None:
        flushed = time.monotonic()
        while True:
            try:
                item = self._queue.get(timeout=self._flush_seconds)
            except queue.Empty:
                self._hand_over_soon()
                flushed = time.monotonic()
                continue
            if item is None:
                return
            if isinstance(item, Record):
                self._start(item)
            elif isinstance(item, _Flush):
                self._hand_over(everything=True)
                item.done.set()
            else:
                self._hand_over()
            if time.monotonic() - flushed > self._flush_seconds:
                self._hand_over_soon()
                flushed = time.monotonic()

    def _start(self, record: Record) -> None:
        """Have a record's blobs sent, those that are not on their way already."""
        if not self._may_send():
            self.unsent += 1
            return
        # A record that is signed already says where its blobs lie: what does not lie there is sought by its name.
        packed = record.proof is None
        blobs = [self._sender.start(ref, packed=packed) for ref in record.artifact.all_blobs]
        self._waiting.append(_Waiting(record, blobs))

    def _hand_over_soon(self) -> None:
        """Send those records whose blobs are there, as soon as the small blobs are, too, that were gathered."""
        if not self._sender.send_gathered(lambda: self._queue.put(_Arrived())):
            self._hand_over()

    def _hand_over(self, *, everything: bool = False) -> None:
        """Send those records whose blobs are there; with `everything`, wait for the blobs of the others."""
        ready: list[_Waiting] = []
        later: list[_Waiting] = []
        if everything:
            self._sender.send_gathered()
        for each in self._waiting:
            if everything:
                wait(each.blobs)
            (ready if all(future.done() for future in each.blobs) else later).append(each)
        self._waiting = later
        handed = sum(self._hand(each) for each in ready)
        self._sender.forget_done()
        if not handed:
            return
        if not self._may_send():
            self.unsent += handed
            return
        try:
            self._remote.flush()
        except Exception as error:
            self.unsent += handed
            self._fail(error)
            return
        self.sent += handed
        try:
            self._remote.tidy()
        except Exception as error:
            self._fail(error)

    def _hand(self, each: _Waiting) -> bool:
        """Hand a record to the remote, with its blobs named strongly; False where one of them could not be sent."""
        try:
            named = zip(each.record.artifact.all_blobs, each.blobs, strict=True)
            there = {ref: future.result() for ref, future in named}
            is_late = each.since.passed > LATEST
            if is_late or any(not ref.strong for ref in there.values()) or not self._may_send():
                self.unsent += 1
                return False
            artifact = each.record.artifact.with_blobs(
                lambda ref: there.get(ref, ref) if not ref.strong else ref
            )
            self._remote.put_records([replace(each.record, artifact=artifact)])
        except Exception as error:  # whatever it is, it must not end the thread: the build waits for it
            self.unsent += 1
            self._fail(error)
            return False
        return True

    def _fail(self, error: Exception) -> None:
        self._on_failure(error if isinstance(error, StoreError) else RemoteOutageError(repr(error)))

    def send_blobs(self, refs: Sequence[BlobRef]) -> None:
        """Send blobs that no record here may name, and wait until that is done or has failed."""
        try:
            self._sender.send_now(refs)
        except StoreError as error:
            self._on_failure(error)
