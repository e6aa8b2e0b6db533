"""A store in memory: for tests, and for builds that are to leave nothing behind. Gone with its process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagbuild.ground.digest import digest_bytes
from dagbuild.ground.errors import BlobMissingError
from dagbuild.ground.override import override
from dagbuild.model.record import BlobRef, Key, Record
from dagbuild.store.base import Store

if TYPE_CHECKING:
    from typing_extensions import Buffer


class MemoryStore(Store):
    """Holds everything in dictionaries."""

    name = "memory"

    def __init__(self) -> None:
        self._blobs: dict[BlobRef, bytes] = {}
        self._records: list[Record] = []
        self._by_key: dict[Key, list[Record]] = {}
        self._leases: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    @override
    def put_blob(self, chunks: Sequence[Buffer]) -> BlobRef:
        data = b"".join(memoryview(chunk).cast("B") for chunk in chunks)
        ref = BlobRef(digest_bytes(data), len(data))
        self._blobs.setdefault(ref, data)
        return ref

    @override
    def get_blob(self, ref: BlobRef) -> memoryview:
        try:
            return memoryview(self._blobs[ref])
        except KeyError:
            raise BlobMissingError(f"blob {ref.digest} is not in memory") from None

    @override
    def has_blobs(self, refs: Collection[BlobRef], *, local: bool = False) -> set[BlobRef]:
        return {ref for ref in refs if ref in self._blobs}

    @override
    def find_records(self, keys: Collection[Key], *, local: bool = False) -> dict[Key, list[Record]]:
        with self._lock:
            return {
                key: sorted(self._by_key[key], key=lambda record: record.started)
                for key in keys
                if key in self._by_key
            }

    @override
    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        newest: dict[str, list[Record]] = {}
        for record in self.iter_records():
            if record.node in nodes:
                newest[record.node] = [record, *newest.get(record.node, ())][:count]
        return newest

    @override
    def put_records(self, records: Sequence[Record]) -> None:
        with self._lock:
            self._records.extend(records)
            for record in records:
                for key in record.keys:
                    self._by_key.setdefault(key, []).append(record)

    @override
    def iter_records(self) -> Iterator[Record]:
        with self._lock:
            records = sorted(self._records, key=lambda record: record.started)
        yield from records

    @contextmanager
    def lease(self, key: Key, on_wait: Callable[[str], None] = lambda _: None) -> Iterator[bool]:
        """Hold the right to compute `key` among the threads of this process."""
        with self._lock:
            lock = self._leases.setdefault(key, threading.Lock())
        waited = not lock.acquire(blocking=False)
        if waited:
            on_wait("another thread")
            lock.acquire()
        try:
            yield waited
        finally:
            lock.release()
