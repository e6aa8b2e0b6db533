"""Send blobs to the remote side by side, the small ones many at a time.

Knows blobs and threads, no records. Memory is bounded: blobs are mapped from the local store when their turn comes, and
a pack holds some MB. Guards: a future that has a blob says where it lies in the remote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from dagbuild.ground.errors import BlobDamagedError, BlobMissingError
from dagbuild.ground.quiet import QuietPool
from dagbuild.model.record import BlobRef
from dagbuild.store.drivers import AT_ONCE
from dagbuild.store.local import LocalStore
from dagbuild.store.packs import FULL, SMALL
from dagbuild.store.remote_blobs import IN_MEMORY
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.tiers import Tiers


class BlobSender:
    """Sends from one local store to one remote; but for `send_now`, for one thread."""

    def __init__(self, local: LocalStore, remote: RemoteStore | Tiers, may_send: Callable[[], bool]) -> None:
        self._local = local
        self._remote = remote
        self._may_send = may_send
        self._pool = QuietPool(AT_ONCE, "dagbuild-send")
        self._blobs: dict[tuple[BlobRef, bool], Future[BlobRef]] = {}
        self._gathered: dict[BlobRef, Future[BlobRef]] = {}
        self._size = 0

    def start(self, ref: BlobRef, *, packed: bool) -> Future[BlobRef]:
        """Have a blob sent, unless it is on its way already; `packed`, it may lie in a pack if it is small.

        The future gives it with its strong digest, and without where nothing may be sent. What is small waits for
        others, or for `send_gathered`.
        """
        packed = packed and 0 < ref.size < SMALL
        future = self._blobs.get((ref, packed))
        if future is None or (future.done() and future.exception() is not None):
            if packed:
                future = self._gathered[ref] = Future()
                self._size += ref.size
            else:
                future = self._pool.submit(lambda: self._send(ref))
            self._blobs[ref, packed] = future
            if self._size >= FULL:
                self.send_gathered()
        return future

    def send_gathered(self, then: Callable[[], None] = lambda: None) -> bool:
        """Have sent what waits for others, and call `then` afterwards; tell whether there is anything."""
        if not self._gathered:
            return False
        futures, self._gathered, self._size = self._gathered, {}, 0
        self._pool.submit(lambda: self._send_gathered(futures, then))
        return True

    def forget_done(self) -> None:
        """Forget what has arrived, or failed."""
        self._blobs = {key: future for key, future in self._blobs.items() if not future.done()}

    def send_now(self, refs: Sequence[BlobRef]) -> None:
        """Send blobs under their names, and wait until that is done; raises what the first of them raised.

        That they are there is no record's word: who needs them may have nothing to make them again by.
        """
        self._remote.doubt(refs)
        self._pool.map(self._send, refs)

    def close(self) -> None:
        """Let the threads end when they are done."""
        self._pool.close()
        self._pool = QuietPool(AT_ONCE, "dagbuild-send")

    def _send(self, ref: BlobRef) -> BlobRef:
        """Send a blob under its name, unless it is there, and return it with its strong digest."""
        if not self._may_send():
            return ref
        try:
            view = self._local.get_blob(ref)
        except BlobMissingError:
            if ref.strong and (self._remote.has_blobs([ref]) or self._remote.has_arrived(ref)):
                return ref  # a worker on another machine has sent it
            raise
        try:
            file = self._local.blob_path(ref) if ref.size > IN_MEMORY else None
            return self._remote.upload(ref, view, file)
        except BlobDamagedError as error:
            raise self._put_aside(ref, error) from None

    def _put_aside(self, ref: BlobRef, error: BlobDamagedError) -> BlobDamagedError:
        self._local.blobs.put_aside(ref, "its bytes do not match its name")
        return error

    def _send_gathered(self, futures: Mapping[BlobRef, Future[BlobRef]], then: Callable[[], None]) -> None:
        try:
            sent = self._send_together(list(futures))
        except Exception as error:
            sent = dict.fromkeys(futures, error)
        for ref, future in futures.items():
            outcome = sent[ref]
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        then()

    def _send_together(self, refs: Sequence[BlobRef]) -> dict[BlobRef, BlobRef | Exception]:
        """Send small blobs, and return each as `_send` does, or what it would raise."""
        if not self._may_send():
            return {ref: ref for ref in refs}
        views: dict[BlobRef, memoryview] = {}
        outcomes: dict[BlobRef, BlobRef | Exception] = {}
        for ref in refs:
            try:
                views[ref] = self._local.get_blob(ref)
            except (BlobMissingError, BlobDamagedError) as error:
                outcomes[ref] = error
        lost = [ref for ref in outcomes if ref.strong]
        there = self._remote.has_blobs(lost) if lost else set()
        outcomes.update({ref: ref for ref in lost if ref in there or self._remote.has_arrived(ref)})
        sent = self._remote.upload_together(views)
        for ref in views.keys() - sent.keys():
            outcomes[ref] = self._put_aside(ref, BlobDamagedError(f"blob {ref.digest} is damaged"))
        return outcomes | sent
