"""Several folders of one shared store: some that are read, in an order, and one that is written to.

    read = ["main", "ci/pr-7"], write = "user/ada"      folders below the URL

Knows remotes and their order; whose records may be used is the business of each of them. Guards: what was made here
goes to one folder, whose writers may be fewer or others than those of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dagbuild.ground.errors import BlobDamagedError, BlobMissingError
from dagbuild.ground.override import override
from dagbuild.model.record import BlobRef, Key, Record
from dagbuild.store.base import Store, merge_by_time, merge_latest
from dagbuild.store.remote_store import Mode, RemoteStore

if TYPE_CHECKING:
    from typing_extensions import Buffer


_T = TypeVar("_T")


class Tiers(Store):
    """Asks the folders in the order in which they are read, and writes to one; see `RemoteStore`."""

    name = "remote"

    def __init__(self, read: Sequence[RemoteStore], write: RemoteStore) -> None:
        """What is written to is read too, last unless it is among those that are read."""
        self._write = write
        self._all = [*read, *([] if write in read else [write])]

    def probe(self, wanted: Mode) -> Mode:
        """Return what can be done in fact of what is wanted, by the folder that is written to."""
        return self._write.probe(wanted)

    @override
    def put_blob(self, chunks: Sequence[Buffer]) -> BlobRef:
        return self._write.put_blob(chunks)

    def upload(self, ref: BlobRef, view: memoryview, file: Path | None = None) -> BlobRef:
        """Store a blob where it is written to."""
        return self._write.upload(ref, view, file)

    def doubt(self, refs: Collection[BlobRef]) -> None:
        """Believe no record that these are where it is written to; see `RemoteStore`."""
        self._write.doubt(refs)

    def has_arrived(self, ref: BlobRef) -> bool:
        """Tell by asking whether a blob is by now where it is written to."""
        return self._write.has_arrived(ref)

    def upload_together(self, views: Mapping[BlobRef, memoryview]) -> dict[BlobRef, BlobRef]:
        """Store small blobs where it is written to; see `RemoteStore`."""
        return self._write.upload_together(views)

    def expect(self, refs: Collection[BlobRef]) -> None:
        """Read small blobs in few requests from the first folder that is known to have them."""
        for tier in self._all:
            tier.expect([ref for ref in refs if tier.knows(ref)])
            refs = [ref for ref in refs if not tier.knows(ref)]

    def find_strong(self, ref: BlobRef) -> str:
        """Return the strong digest of what this process has sent, else nothing."""
        return self._write.find_strong(ref)

    def _first(self, ref: BlobRef, ask: Callable[[RemoteStore], _T]) -> _T:
        """Return the answer of the first folder that has a good one; those go first that are known to have the blob."""
        error: BlobMissingError | BlobDamagedError = BlobMissingError(
            f"blob {ref.digest} is not in the remote"
        )
        for tier in sorted(self._all, key=lambda tier: not tier.knows(ref)):
            try:
                return ask(tier)
            except (BlobMissingError, BlobDamagedError) as missing:
                error = missing
        raise error

    @override
    def get_blob(self, ref: BlobRef) -> memoryview:
        return self._first(ref, lambda tier: tier.get_blob(ref))

    def fetch_blob(self, ref: BlobRef, target: Path) -> None:
        """Write a blob's bytes, checked, to a new local file."""

        def fetch(tier: RemoteStore) -> None:
            target.unlink(missing_ok=True)
            tier.fetch_blob(ref, target)

        self._first(ref, fetch)

    def resolve(self, ref: BlobRef) -> BlobRef:
        """Return a reference with its strong digest; raises BlobMissingError when nobody who is trusted tells of it."""
        return self.find_origin(ref)[0]

    def find_origin(self, ref: BlobRef) -> tuple[BlobRef, bool]:
        """Return a reference with its strong digest, and whether this machine's user has published it; as `resolve`."""
        return self._first(ref, lambda tier: tier.find_origin(ref))

    @override
    def has_blobs(self, refs: Collection[BlobRef], *, local: bool = False) -> set[BlobRef]:
        found: set[BlobRef] = set()
        for tier in self._all:
            if missing := set(refs) - found:
                found |= tier.has_blobs(missing, local=local)
        return found

    def find_records(
        self, keys: Collection[Key], *, local: bool = False, known: Collection[Key] = ()
    ) -> dict[Key, list[Record]]:
        """Return the records under each key of the first folder that has any which may be used."""
        found: dict[Key, list[Record]] = {}
        for tier in self._all:
            if missing := [key for key in keys if key not in found]:
                found |= tier.find_records(missing, local=local, known=known)
        return found

    @override
    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        return merge_latest([tier.find_latest(nodes, count) for tier in self._all], count)

    @override
    def iter_records(self) -> Iterator[Record]:
        return merge_by_time(*[tier.iter_records() for tier in self._all])

    @override
    def iter_newest(self, nodes: Collection[str] | None = None) -> Iterator[Record]:
        return merge_by_time(*[tier.iter_newest(nodes) for tier in self._all], newest_first=True)

    def iter_own(self) -> Iterator[Record]:
        """Yield all records, whoever's, of the folder that is written to."""
        return self._write.iter_own()

    def find_own(self, keys: Collection[Key]) -> list[Record]:
        """Return all records under these keys, whoever's, of the folder that is written to."""
        return self._write.find_own(keys)

    def record_bytes(self) -> int:
        """Return how many bytes the records take of the folder that is written to."""
        return self._write.record_bytes()

    def knows(self, ref: BlobRef) -> bool:
        """Tell whether a blob is taken to be in the folder that is written to."""
        return self._write.knows(ref)

    def list_names(self) -> Collection[str]:
        """Return the names of all objects that hold blobs in the folder that is written to."""
        return self._write.list_names()

    def find_lost(self, refs: Collection[BlobRef], names: Collection[str] | None = None) -> list[BlobRef]:
        """Return those of `refs` that are not in the folder that is written to; see `RemoteStore`."""
        return self._write.find_lost(refs, names)

    @override
    def put_records(self, records: Sequence[Record]) -> None:
        self._write.put_records(records)

    def lease(
        self, key: Key, on_wait: Callable[[str], None] = lambda _: None
    ) -> AbstractContextManager[bool]:
        """Give the right to everybody: machines do not wait for each other."""
        del key, on_wait
        return nullcontext(False)

    @override
    def flush(self) -> None:
        self._write.flush()

    def tidy(self) -> None:
        """Merge parts where it is written to."""
        self._write.tidy()

    def let_go(self) -> None:
        """Let go of files; what was not sent by now is not."""
        for tier in self._all:
            tier.let_go()

    @override
    def close(self) -> None:
        for tier in self._all:
            tier.close()
