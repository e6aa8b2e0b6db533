"""The store as a process sees it that runs steps for another one: blobs in the folder, all else by asking.

The one that has the store open keeps the records, and is alone with the network. Knows no wire: `ask` carries a
question there, `answer` is what stands at the other end. Guards: what is put is there when the call returns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagbuild.ground.errors import BlobDamagedError, BlobMissingError
from dagbuild.ground.override import override
from dagbuild.model.record import BlobRef, Key, Record
from dagbuild.store.base import Store
from dagbuild.store.file_copies import FileCopies
from dagbuild.store.local import LocalStore

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dagbuild.store.validated import Validated

Ask = Callable[..., Any]
"""Takes the name of a method of the store and its arguments; returns or raises what that does."""

QUESTIONS = frozenset(
    {"find_records", "find_latest", "iter_records", "put_records", "has_blobs", "bring_near"}
)


def answer(store: Store, question: str, *arguments: Any, **options: Any) -> Any:
    """Return what the store says to a question of QUESTIONS; raises what it raises."""
    if question not in QUESTIONS:
        raise ValueError(f"'{question}' is no question")
    found = getattr(store, question)(*arguments, **options)
    return list(found) if isinstance(found, Iterator) else found


class RelayStore(Store):
    """Reads and writes blobs in a cache folder that another process has open, too; asks that one for the rest."""

    name = "relay"

    def __init__(
        self, folder: Path, ask: Ask, *, fsync: str = "build", on_notice: Callable[[str], None]
    ) -> None:
        self._ask = ask
        self._local = LocalStore(folder, fsync="always" if fsync == "always" else "none", on_notice=on_notice)

    # -- blobs -----------------------------------------------------------------------------------------------------

    def put_blob(self, chunks: Sequence[Buffer]) -> BlobRef:
        """Store a blob in the folder; who has the store open brings it to the disk."""
        return self._local.put_blob(chunks)

    @override
    def expect_blobs(self, refs: Iterable[BlobRef]) -> None:
        self._local.expect_blobs(refs)

    def get_blob(self, ref: BlobRef) -> memoryview:
        """Return a blob's bytes from the folder, brought there if need be."""
        try:
            return self._local.get_blob(ref)
        except (BlobMissingError, BlobDamagedError) as error:
            return self._local.get_blob(self._fetch(ref, error))

    @override
    def open_blob(self, ref: BlobRef) -> int:
        try:
            return self._local.open_blob(ref)
        except (BlobMissingError, BlobDamagedError) as error:
            return self._local.open_blob(self._fetch(ref, error))

    def _fetch(self, ref: BlobRef, error: BlobMissingError | BlobDamagedError) -> BlobRef:
        """Have a blob brought near and return its name here; raises the error where it cannot be."""
        named: BlobRef | None = self._ask("bring_near", ref)
        if named is None:
            raise error
        return named

    @override
    def has_blobs(self, refs: Collection[BlobRef], *, local: bool = False) -> set[BlobRef]:
        found = self._local.has_blobs(refs)
        missing = set(refs) - found
        return found | (set() if local or not missing else self._ask("has_blobs", missing))

    @override
    def find_intruder(self, refs: Collection[BlobRef]) -> str | None:
        return self._local.find_intruder(refs)

    @cached_property
    def copies(self) -> FileCopies:
        """Copies of files and folders, in the cache folder."""
        return self._local.copies

    @cached_property
    def validated(self) -> Validated:
        """Which values from elsewhere have passed, remembered in the cache folder."""
        return self._local.validated

    # -- records ---------------------------------------------------------------------------------------------------

    @override
    def find_records(self, keys: Collection[Key], *, local: bool = False) -> dict[Key, list[Record]]:
        found: dict[Key, list[Record]] = self._ask("find_records", list(keys), local=local)
        return found

    @override
    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = self._ask("find_latest", list(nodes), count)
        return found

    def put_records(self, records: Sequence[Record]) -> None:
        """Have records put."""
        if records:
            self._ask("put_records", list(records))

    @override
    def iter_records(self) -> Iterator[Record]:
        yield from self._ask("iter_records")

    # -- the rest --------------------------------------------------------------------------------------------------

    def lease(
        self, key: Key, on_wait: Callable[[str], None] = lambda _: None
    ) -> AbstractContextManager[bool]:
        """Hold the right to compute `key` among the processes of this machine that share the folder."""
        return self._local.lease(key, on_wait)

    def running(self, node: str) -> AbstractContextManager[None]:
        """Note in the folder that this process runs the node."""
        return self._local.running(node)

    def flush(self) -> None:
        """Keep for other processes which blobs were seen whole."""
        self._local.blobs.sync()

    def close(self) -> None:
        """Let go of files."""
        self._local.close()
