"""What every store promises.

Knows nothing of values or codecs: bytes and records only. Blobs are immutable and named by their digest; a record is
put after every blob that it names.
"""

from __future__ import annotations

import heapq
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

from dagbuild.ground.digest import Both
from dagbuild.model.record import Artifact, BlobRef, Key, Record
from dagbuild.store.file_copies import FileCopies

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dagbuild.store.validated import Validated


class Store(ABC):
    """Holds blobs and records. Safe to use from several threads and processes at once."""

    name: str
    """For messages: "local", "remote", "memory"."""

    shared: bool = False
    """Whether other machines take from it what is put."""

    @abstractmethod
    def put_blob(self, chunks: Sequence[Buffer]) -> BlobRef:
        """Store the concatenation of `chunks` and return its name and size; storing it again changes nothing.

        Raises StoreError when it cannot be written; never leaves half a blob under a blob's name.
        """

    def expect_blobs(self, refs: Iterable[BlobRef]) -> None:  # noqa: B027 - a store in memory has nothing to look up
        """Tell that these will be read, so that what must be known of them is looked up at once."""

    @abstractmethod
    def get_blob(self, ref: BlobRef) -> memoryview:
        """Return the blob's bytes, read-only, mapped where possible.

        The digest is verified, unless that was done before and nothing has written to the bytes since. Raises
        BlobMissingError or BlobDamagedError; a damaged blob is put aside first, so that the next `has_blobs` says that
        it is missing.
        """

    def bring_near(self, ref: BlobRef) -> BlobRef | None:  # noqa: ARG002 - for stores that have near and far
        """Bring a blob near, if that can be, and return it as it is named there; None without an answer."""
        return None

    def open_blob(self, ref: BlobRef) -> int:
        """Return a descriptor of the file that holds just this blob's bytes, to be closed by the caller.

        Verified and raising as `get_blob` does; OSError where there are no files. Such files are read-only, replaced
        whole and never written in place: readers map them.
        """
        raise io.UnsupportedOperation(f"no file holds blob {ref.digest}")

    @cached_property
    def copies(self) -> FileCopies:
        """Where files and folders of stored values are written out; a temporary folder for stores without one."""
        return FileCopies(None)

    @cached_property
    def validated(self) -> Validated:
        """Which values from elsewhere have passed; by this process alone, for stores without a folder."""
        from dagbuild.store.validated import open_validated

        return open_validated(None)

    def find_intruder(self, refs: Collection[BlobRef]) -> str | None:  # noqa: ARG002 - for stores that keep files
        """Return how somebody else could have written what is here, these blobs included, or None if nobody could.

        What could run code when it is read must not be read then. Said to the user once.
        """
        return None

    def seal(self, artifact: Artifact) -> Artifact:
        """Return the artifact with the strong digest of every blob, for who is to take them from elsewhere.

        Reads them, so it is for the few that are pinned or handed to other machines. Raises as `get_blob` does.
        """
        unknown = {ref for ref in artifact.all_blobs if not ref.strong}
        return (
            artifact.with_strong({ref: Both.of(self.get_blob(ref)).strong for ref in unknown})
            if unknown
            else artifact
        )

    @abstractmethod
    def has_blobs(self, refs: Collection[BlobRef], *, local: bool = False) -> set[BlobRef]:
        """Return those of `refs` that are there with the right size, without reading them; with `local`, near only."""

    @abstractmethod
    def find_records(self, keys: Collection[Key], *, local: bool = False) -> dict[Key, list[Record]]:
        """Return the records under each key, whichever of theirs it is, oldest first; with `local`, near only.

        Keys without any are left out.
        """

    @abstractmethod
    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        """Return the newest records of each node name, the newest first: as many as `count`, or a few at most."""

    @abstractmethod
    def put_records(self, records: Sequence[Record]) -> None:
        """Store records; every blob that they name must already be stored."""

    def adopt(self, record: Record) -> None:
        """Store a record that a worker has put into a store of its own, unless it is here."""
        if record not in self.find_records([record.content], local=True).get(record.content, ()):
            self.put_records([record])

    @abstractmethod
    def iter_records(self) -> Iterator[Record]:
        """Yield all records, oldest first."""

    def iter_newest(self, nodes: Collection[str] | None = None) -> Iterator[Record]:
        """Yield all records, newest first, of these `nodes` only where they are named; the first few cost little."""
        found = (record for record in self.iter_records() if nodes is None or record.node in nodes)
        return iter(sorted(found, key=lambda record: record.started, reverse=True))

    @abstractmethod
    def lease(
        self, key: Key, on_wait: Callable[[str], None] = lambda _: None
    ) -> AbstractContextManager[bool]:
        """Hold the right to compute `key`, waiting for another holder if there is one.

        `on_wait` is told once who is waited for. Yields True when there was a wait: look the key up again. The right
        dies with its holder's process.
        """

    def take_lease(self, key: Key) -> AbstractContextManager[None] | None:  # noqa: ARG002
        """Take the right to compute `key`, to be let go of by closing the block; None where that would have to wait."""
        return None

    def running(self, node: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Note near, until the block ends, that this process runs the node; where it cannot be noted, it is not."""
        return nullcontext()

    def take_ended(self) -> list[str]:
        """Return the nodes that were noted when their processes were killed, or crashed; each is told once."""
        return []

    def flush(self) -> None:  # noqa: B027 - a store in memory has nothing to do
        """Make what was put so far visible to others and as durable as the settings ask."""

    def share(self) -> None:
        """Flush; blobs that no record names become visible to others, too: a value may be used without a record."""
        self.flush()

    def keep(self, records: Iterable[Record]) -> None:  # noqa: B027 - for stores that have near and far
        """Keep near those of the records that came from far: an answer stood on them, and is to be found again."""

    def close(self) -> None:
        """Flush and let go of files and connections; safe to call twice."""
        self.flush()


def merge_latest(found: Iterable[Mapping[str, list[Record]]], count: int) -> dict[str, list[Record]]:
    """Return the newest records of each node of what several places know, the newest first and at most so many."""
    merged: dict[str, list[Record]] = {}
    for each in found:
        for node, records in each.items():
            known = merged.get(node, [])
            news = [record for record in records if record not in known]
            merged[node] = sorted([*known, *news], key=lambda record: record.started, reverse=True)[:count]
    return merged


def merge_by_time(*sources: Iterable[Record], newest_first: bool = False) -> Iterator[Record]:
    """Yield the records of several places, each of which gives its own in this order; what several have, once."""
    seen: set[tuple[object, ...]] = set()
    for record in heapq.merge(*sources, key=lambda record: record.started, reverse=newest_first):
        if identity(record) not in seen:
            seen.add(identity(record))
            yield record


def identity(record: Record) -> tuple[object, ...]:
    """Return what tells a record from others, wherever it lies and whoever has signed it."""
    return record.deep, record.content, record.artifact.digest, record.started, record.run


def usable_of(record: Record) -> tuple[object, ...]:
    """Return what tells a record from others, and from itself as it was taken when its signer was not trusted."""
    return *identity(record), record.artifact.data_only
