"""A local store before a shared one: near first, far when near has nothing.

Blobs read from the remote are kept locally, with the records that name them; what is put goes to the local store,
and to the remote beside the build. Guards: whatever happens to the remote, the build goes on with the local store,
and the user is told once when it happens and once at the end.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from dagbuild.ground.digest import Both
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, StoreError
from dagbuild.ground.override import override
from dagbuild.model.record import Artifact, BlobRef, Key, Record
from dagbuild.store.base import Store, merge_by_time, merge_latest, usable_of
from dagbuild.store.file_copies import FileCopies
from dagbuild.store.local import LocalStore
from dagbuild.store.notices import Notice, log_notice
from dagbuild.store.packs import in_batches
from dagbuild.store.publisher import FLUSH_SECONDS, Publisher
from dagbuild.store.pushing import Lacking, find_lacking
from dagbuild.store.remote import map_at_once
from dagbuild.store.remote_errors import RemoteDeniedError, RemoteOutageError
from dagbuild.store.remote_store import Mode, RemoteStore
from dagbuild.store.tiers import Tiers
from dagbuild.store.trust import Trust

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dagbuild.store.validated import Validated

WAIT_SECONDS = 5.0
_WAIT_SHARE = 0.1
"""So long, or so much of the time that the results took, the end of a build waits for the network."""

_LATE_SECONDS = 0.1
"""And so long once it has waited in vain."""

_T = TypeVar("_T")


class LayeredStore(Store):
    """Local before remote. Nothing is asked of the remote while near has the answer, and it is probed before the first
    send only: who reads learns from the answer whether it can.
    """

    name = "local and remote"
    shared = True

    def __init__(
        self,
        local: LocalStore,
        remote: RemoteStore | Tiers,
        *,
        mode: Mode = "read-write",
        on_notice: Notice = log_notice,
        flush_seconds: float = FLUSH_SECONDS,
        publishes: bool = True,
        fetches: bool = True,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Without `publishes`, blobs are sent and no records: somebody else signs them. Without `fetches`, nothing is
        had from the remote but what is pinned, or made elsewhere for this build."""
        self._wait_seconds = wait_seconds
        self._is_late = False
        self._since: float | None = None  # when the first record was put that was not waited for
        self._publishes = publishes
        self._fetches = fetches
        self._allowed: set[BlobRef] = set()  # what may be had from the remote without `fetches`
        self.local = local
        self.remote = remote
        self._mode = mode  # what is done with it by now
        self.asked = False
        """Whether anything was asked of the remote: what was found may depend on it then."""
        self._probed = mode != "read-write"
        self._probing = threading.Lock()
        self._notice = on_notice
        self._lock = threading.RLock()
        self._strong: dict[BlobRef, str] = {}  # of what was handed to other machines
        self._offered: dict[BlobRef, list[Record]] = {}
        self._far: set[tuple[object, ...]] = set()  # records that came from there and are not kept here
        self._unnamed: dict[BlobRef, None] = {}
        self._publisher = Publisher(
            local, remote, may_send=self._may_write, on_failure=self._fail, flush_seconds=flush_seconds
        )

    @property
    def trust(self) -> Trust:
        """Whose records may be used."""
        return self.local.trust

    @property
    def mode(self) -> Mode:
        """What the remote allows in fact, as far as that was tried; tries the first time whether it can be written."""
        with self._probing:
            if self._mode == "read-write" and not self._probed:
                self._probed = self.asked = True
                try:
                    if self.remote.probe("read-write") == "read":
                        self._mode = "read"
                        self._notice("remote: it can only be read here; nothing will be published")
                except StoreError as error:
                    self._fail(error, reading=True)
        return self._mode

    def _may_write(self) -> bool:
        return self.mode == "read-write"

    def _fail(self, error: StoreError, *, reading: bool = False) -> None:
        """Stop using the remote for this build, as far as the error asks, and say so once."""
        with self._lock:
            if isinstance(error, BlobMissingError | BlobDamagedError) or self._mode == "off":
                return
            problem = error.problems[0]
            why = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
            if isinstance(error, RemoteDeniedError) and not reading:
                if self._mode == "read-write":  # else it was said of another blob
                    self._mode = "read"
                    self._notice(f"remote: nothing more will be published: {why}")
            else:
                self._mode = "off"
                self._notice(f"remote: going on without it: {why}")

    def _ask(self, question: Callable[[], _T]) -> _T | None:
        """Return the remote's answer, or None when there is none to be had."""
        if self._mode == "off":
            return None
        self.asked = True
        try:
            return question()
        except (RemoteOutageError, RemoteDeniedError) as error:
            self._fail(error, reading=True)
            return None

    def _look(self, question: Callable[[], _T]) -> _T | None:
        """Return the remote's answer about what others have made; None when there is none, or nobody wants to know."""
        return self._ask(question) if self._fetches else None

    def _may_have(self, refs: Collection[BlobRef]) -> set[BlobRef]:
        """Return those of blobs that may be had from the remote: a worker is handed nothing else than what it needs."""
        return set(refs) if self._fetches or not self._publishes else self._allowed.intersection(refs)

    def allow(self, refs: Iterable[BlobRef]) -> None:
        """Have these from the remote whatever else is fetched: they are pinned, and so part of the project."""
        self._allowed.update(refs)

    # -- blobs -----------------------------------------------------------------------------------------------------

    def put_blob(self, chunks: Sequence[Buffer]) -> BlobRef:
        """Store a blob locally; it is published with the record that names it, or by `share`."""
        ref = self.local.put_blob(chunks)
        with self._lock:
            self._unnamed[ref] = None
        return ref

    def expect_blobs(self, refs: Iterable[BlobRef]) -> None:
        """Bring near what is not here, several at once, and prepare the local store."""
        refs = list(refs)
        missing = self._may_have(refs) - self.local.has_blobs(refs) if self._mode != "off" else set()
        for some in in_batches(missing) if len(missing) > 1 else ():  # one is fetched when it is read
            self._ask(partial(self.remote.expect, some))
            map_at_once(self._try_to_fetch, some)
        self.local.expect_blobs(refs)

    def _try_to_fetch(self, ref: BlobRef) -> None:
        with contextlib.suppress(BlobMissingError, BlobDamagedError):  # who reads it is told
            self.bring_near(ref)

    def get_blob(self, ref: BlobRef) -> memoryview:
        """Return a blob's bytes, from near or far; what comes from far stays near."""
        try:
            return self.local.get_blob(ref)
        except (BlobMissingError, BlobDamagedError):
            named = self.bring_near(ref)
            if named is None:
                raise
            if self.local.has_blobs([named]):
                return self.local.get_blob(named)
            view = self._ask(lambda: self.remote.get_blob(named))
            if view is None:
                raise
            return view

    def bring_near(self, ref: BlobRef) -> BlobRef | None:
        """Bring a blob near, and return it as its signer names it; None without an answer."""
        origin = self._ask(lambda: self.remote.find_origin(ref)) if self._may_have([ref]) else None
        if origin is None:
            self.remote.doubt([ref])
            return None
        named, own = origin
        # What its own user has published is what this machine has made; all else goes by its strong digest.
        file = BlobRef(ref.digest, ref.size) if own else named.foreign
        if not self.local.blobs.has([file]):
            self._ask(lambda: self._copy_near(named, file))
        return named

    def _copy_near(self, ref: BlobRef, file: BlobRef) -> bool:
        """Copy a blob into the local store, as `file`, with the records that name it; tells whether that worked."""
        try:
            part = self.local.blobs.new_part(file)
        except StoreError:
            return False
        try:
            self.remote.fetch_blob(ref, part)
            self.local.blobs.adopt(part, file)
            with self._lock:
                records = self._offered.pop(ref, [])
            self.keep(records)
        except OSError:
            return False
        finally:
            part.unlink(missing_ok=True)
        return True

    @override
    def find_intruder(self, refs: Collection[BlobRef]) -> str | None:
        return self.local.find_intruder(refs)

    @override
    def seal(self, artifact: Artifact) -> Artifact:
        for ref in artifact.all_blobs:
            if not (ref.strong or ref in self._strong):
                known = self.remote.find_strong(ref)  # it was sent
                self._strong[ref] = known or Both.of(self.get_blob(ref)).strong
        return artifact.with_strong(self._strong)

    @cached_property
    def copies(self) -> FileCopies:
        """The local store's."""
        return self.local.copies

    @cached_property
    def validated(self) -> Validated:
        """The local store's: the remote is never asked what has passed."""
        return self.local.validated

    @override
    def open_blob(self, ref: BlobRef) -> int:
        try:
            return self.local.open_blob(ref)
        except (BlobMissingError, BlobDamagedError):
            self.get_blob(ref)
        # What was made here may be had from somebody else who has signed for it.
        return self.local.open_blob(ref if self.local.has_blobs([ref]) else self.remote.resolve(ref))

    @override
    def has_blobs(self, refs: Collection[BlobRef], *, local: bool = False) -> set[BlobRef]:
        found = self.local.has_blobs(refs)
        missing = self._may_have(refs) - found
        if missing and not local:
            found |= self._ask(lambda: self.remote.has_blobs(missing)) or set()
        if not local and len(found) < len(set(refs)):
            self.remote.doubt(refs)  # of what is lost in part, nobody looks for the rest
        return found

    # -- records ---------------------------------------------------------------------------------------------------

    @override
    def find_records(self, keys: Collection[Key], *, local: bool = False) -> dict[Key, list[Record]]:
        found = self.local.find_records(keys)
        if local or not keys:
            return found
        for key, records in (self._look(lambda: self.remote.find_records(keys, known=found)) or {}).items():
            have = {usable_of(record) for record in found.get(key, ())}
            news = [record for record in records if usable_of(record) not in have]
            if news:
                self._offer(news)
                found[key] = sorted([*found.get(key, ()), *news], key=lambda record: record.started)
        return found

    def _offer(self, records: Sequence[Record]) -> None:
        """Remember records from far, to be kept near as soon as one of their blobs is."""
        with self._lock:
            for record in records:
                self._far.add(usable_of(record))
                for ref in record.artifact.all_blobs:
                    self._offered.setdefault(ref, []).append(record)

    @override
    def keep(self, records: Iterable[Record]) -> None:
        with self._lock:
            news = {usable_of(record): record for record in records if usable_of(record) in self._far}
            self._far -= news.keys()
        with contextlib.suppress(StoreError):  # an answer is as good without
            self.local.put_records(list(news.values()))

    @override
    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        far = (self._look(lambda: self.remote.find_latest(nodes, count)) or {}) if nodes else {}
        return merge_latest([self.local.find_latest(nodes, count), far], count)

    def put_records(self, records: Sequence[Record]) -> None:
        """Store records locally and hand them to the publisher."""
        self.local.put_records(records)
        if self._publishes:
            self._publish(records)

    def _publish(self, records: Sequence[Record]) -> None:
        with self._lock:
            for ref in (ref for record in records for ref in record.artifact.all_blobs):
                self._unnamed.pop(ref, None)
        if self._mode == "read-write":
            self._since = self._since or time.monotonic()
            self._publisher.put(records)

    @override
    def adopt(self, record: Record) -> None:
        self.local.adopt(record)
        self._allowed.update(record.artifact.all_blobs)
        self._publish([record])

    @override
    def iter_records(self) -> Iterator[Record]:
        far = self._look(self.remote.iter_records) or ()
        yield from merge_by_time(self.local.iter_records(), far)

    @override
    def iter_newest(self, nodes: Collection[str] | None = None) -> Iterator[Record]:
        far = self._look(lambda: self.remote.iter_newest(nodes)) or ()
        return merge_by_time(self.local.iter_newest(nodes), far, newest_first=True)

    def push(self, also: Collection[BlobRef] = ()) -> tuple[int, int]:
        """Publish every local record that the remote does not have, and the blobs that it has lost.

        `also` are blobs to publish that no record may name. Returns how many records and how many such blobs were sent.
        """
        lacking = self._ask(lambda: find_lacking(self.local, self.remote)) or Lacking.all_of(self.local)
        sent = self._publisher.send_all(lacking.iter_records(self.local))
        here = self.local.has_blobs(also) if self._may_write() else ()
        lost = self._ask(lambda: self.remote.find_lost(here))
        wanted = list(dict.fromkeys([*lacking.blobs, *(lost or ())]))
        self._publisher.send_blobs(wanted)
        return sent, sum(map(self.remote.knows, wanted))

    @property
    def unsent(self) -> int:
        """How many records could not be published so far."""
        return self._publisher.unsent

    # -- the rest --------------------------------------------------------------------------------------------------

    def lease(
        self, key: Key, on_wait: Callable[[str], None] = lambda _: None
    ) -> AbstractContextManager[bool]:
        """Hold the right to compute `key` on this machine."""
        return self.local.lease(key, on_wait)

    @override
    def take_lease(self, key: Key) -> AbstractContextManager[None] | None:
        return self.local.take_lease(key)

    def running(self, node: str) -> AbstractContextManager[None]:
        """Note on this machine that this process runs the node."""
        return self.local.running(node)

    def take_ended(self) -> list[str]:
        """Return the nodes that were noted on this machine when their processes ended."""
        return self.local.take_ended()

    def flush(self) -> None:
        """Make what was put durable here, and wait for a while until it is published or cannot be."""
        self._is_late = not self._publisher.wait(self._find_patience())
        self._since = None
        self.local.flush()

    def _find_patience(self) -> float:
        """Return how many seconds the end of a build waits for the network."""
        if self._is_late:
            return _LATE_SECONDS
        took = time.monotonic() - self._since if self._since is not None else 0.0
        return max(self._wait_seconds, _WAIT_SHARE * took)

    @override
    def share(self) -> None:
        self._publisher.wait()
        self.local.flush()
        with self._lock:
            unnamed, self._unnamed = list(self._unnamed), {}
        if unnamed and self._may_write():
            self._publisher.send_blobs(unnamed)

    def close(self) -> None:
        """Flush, say what could not be published, and let go."""
        if not self._publisher.close(self._find_patience()):
            self._mode = "off"  # what hangs in the network is not waited for
        unsent = self._publisher.give_up()
        self.remote.let_go()
        if unsent:
            were = "result is" if unsent == 1 else "results are"
            self._notice(f"remote: {unsent:,} {were} not published; 'dagbuild push' sends them later")
        self.local.close()
