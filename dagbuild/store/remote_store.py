"""The store that a team shares, in a folder behind a URL.

    blobs/ab/xxh3-....zst|raw       a blob, under the name of its uncompressed bytes
    records/NAME-0001.jsonl.zst     a part of a segment: one object answers thousands of look-ups

Knows names and order, not how bytes travel. Parts are copied once into a mirror folder and looked up there like local
segments. Guards: blobs first, then the part that names them; bytes are checked against their name after each download;
no record is handed out whose value could run code, unless the project trusts whoever can write here.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dagbuild.ground import atomic
from dagbuild.ground.digest import PREFIX, digest_bytes, digest_chunks, is_digest
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, StoreError
from dagbuild.model.record import BlobRef, Key, Record
from dagbuild.store.base import Store
from dagbuild.store.compression import (
    choose_suffix,
    compress,
    compress_into,
    decompress,
    read_blocks,
    suffixes_of,
)
from dagbuild.store.mirror import AT_ONCE, Mirror
from dagbuild.store.notices import Notice, log_notice
from dagbuild.store.remote import RemoteDeniedError, RemoteFolder

if TYPE_CHECKING:
    from typing_extensions import Buffer

Trust = Literal["data", "all"]
Mode = Literal["read-write", "read", "off"]

REFRESH = 30.0
"""Seconds between two looks for new parts."""

IN_MEMORY = 8 << 20
"""Larger blobs go through a file, so that memory stays bounded."""


class RemoteStore(Store):
    """Blobs and records behind a URL. Any method may raise RemoteDeniedError or RemoteOutageError."""

    name = "remote"

    def __init__(
        self,
        folder: RemoteFolder,
        *,
        trust: Trust = "data",
        mirror: Path | None = None,
        on_notice: Notice = log_notice,
        refresh: float = REFRESH,
    ) -> None:
        """`mirror`: where copies of the parts are kept from one build to the next; without one they are dropped."""
        self._folder = folder
        self._trust = trust
        self._notice = on_notice
        self._mirror = Mirror(folder, mirror, refresh, on_notice)
        self._lock = threading.RLock()
        self._pending: list[Record] = []
        self._known: set[BlobRef] = set()
        self._unusable: set[BlobRef] = set()
        self._told: set[str] = set()

    def probe(self, wanted: Mode) -> Mode:
        """Return what can be done in fact of what is wanted; raises RemoteOutageError, also for a missing bucket."""
        if wanted == "read-write":
            try:
                self._folder.write("probe", b"dagbuild\n")
            except RemoteDeniedError:
                wanted = "read"
            except FileNotFoundError as error:
                raise RemoteDeniedError(
                    f"there is nothing at '{self._folder.url}', not even a bucket"
                ) from error
        if wanted == "read":
            self._folder.list("records")
        return wanted

    # -- blobs -----------------------------------------------------------------------------------------------------

    def put_blob(self, chunks: Sequence[Buffer]) -> BlobRef:
        """Store a blob, compressed where it pays; a blob that is there is not sent."""
        views = [memoryview(chunk).cast("B") for chunk in chunks]
        ref = BlobRef(digest_chunks(views), sum(view.nbytes for view in views))
        self.upload(ref, views[0] if len(views) == 1 else memoryview(b"".join(views)))
        return ref

    def upload(self, ref: BlobRef, view: memoryview) -> bool:
        """Store a blob whose bytes are `view`; returns whether it had to be sent.

        Raises BlobDamagedError when the bytes are not the blob's: here, damage would stay, for nobody sends it again.
        """
        if ref in self._known:
            return False
        suffix = choose_suffix(view)
        name = _blob_name(ref, suffix)
        if ref not in self._unusable and self._is_whole(self._folder.size(name), ref, suffix):
            self._known.add(ref)
            return False
        if digest_bytes(view) != ref.digest:
            raise BlobDamagedError(f"blob {ref.digest} is damaged: its bytes do not match its name")
        if view.nbytes <= IN_MEMORY:
            self._folder.write(name, compress(view) if suffix == ".zst" else bytes(view))
        else:
            with tempfile.TemporaryDirectory(prefix="dagbuild-") as scratch:
                path = Path(scratch) / "blob"
                with path.open("wb") as file:
                    if suffix == ".zst":
                        compress_into(view, file)
                    else:
                        file.write(view)
                self._folder.write_file(name, path)
        self._known.add(ref)
        self._unusable.discard(ref)
        return True

    @staticmethod
    def _is_whole(size: int | None, ref: BlobRef, suffix: str) -> bool:
        return size is not None and (suffix == ".zst" or size == ref.size)

    def get_blob(self, ref: BlobRef) -> memoryview:
        """Return a blob's bytes, from memory."""
        for suffix in self._suffixes(ref):
            try:
                data = self._folder.read(_blob_name(ref, suffix), ref.size)
            except FileNotFoundError:
                continue
            try:
                data = decompress(data, suffix, ref.size)
            except OSError as error:
                raise self._damaged(ref, str(error)) from error
            if len(data) != ref.size or digest_bytes(data) != ref.digest:
                raise self._damaged(ref, "its bytes do not match its name")
            return memoryview(data)
        raise self._missing(ref)

    def fetch_blob(self, ref: BlobRef, target: Path) -> None:
        """Write a blob's bytes, checked, to a new local file; raises BlobMissingError or BlobDamagedError, OSError."""
        if ref.size <= IN_MEMORY:
            view = self.get_blob(ref)
            with target.open("xb") as file:
                file.write(view)
            return
        packed = Path(atomic.part_name(str(target)))
        try:
            for suffix in self._suffixes(ref):
                try:
                    self._folder.read_to(_blob_name(ref, suffix), packed, ref.size)
                except FileNotFoundError:
                    continue
                with target.open("xb") as file:
                    if digest_chunks(self._copied(read_blocks(packed, suffix), file, ref)) != ref.digest:
                        raise self._damaged(ref, "its bytes do not match its name")
                return
            raise self._missing(ref)
        finally:
            atomic.discard(str(packed))

    def _copied(self, blocks: Iterator[bytes], file: object, ref: BlobRef) -> Iterator[bytes]:
        total = 0
        while True:
            try:
                block = next(blocks, b"")
            except OSError as error:
                raise self._damaged(ref, str(error)) from error
            total += len(block)
            if not block or total > ref.size:
                return
            file.write(block)  # type: ignore[attr-defined]
            yield block

    @staticmethod
    def _suffixes(ref: BlobRef) -> Sequence[Literal[".zst", ".raw"]]:
        return suffixes_of(ref.size)

    def _damaged(self, ref: BlobRef, why: str) -> BlobDamagedError:
        self._known.discard(ref)
        self._unusable.add(ref)
        self._notice(f"remote: blob {ref.digest} is damaged ({why}); it will be made again")
        return BlobDamagedError(f"blob {ref.digest} in the remote is damaged: {why}")

    def _missing(self, ref: BlobRef) -> BlobMissingError:
        self._known.discard(ref)
        self._unusable.add(ref)
        return BlobMissingError(f"blob {ref.digest} is not in the remote")

    def has_blobs(self, refs: Collection[BlobRef], *, local: bool = False) -> set[BlobRef]:
        """Return those of `refs` that a record names or, failing that, that are there; with `local` none are near."""
        if local:
            return set()
        found = {ref for ref in refs if ref in self._known}
        unknown = [ref for ref in set(refs) - found - self._unusable if is_digest(ref.digest)]
        if unknown:
            with ThreadPoolExecutor(min(AT_ONCE, len(unknown))) as pool:
                there = list(pool.map(self._is_there, unknown))
            found.update(ref for ref, yes in zip(unknown, there, strict=True) if yes)
            self._known.update(found)
        return found

    def _is_there(self, ref: BlobRef) -> bool:
        return any(
            self._is_whole(self._folder.size(_blob_name(ref, suffix)), ref, suffix)
            for suffix in self._suffixes(ref)
        )

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

    def find_latest(self, nodes: Collection[str]) -> dict[str, Record]:
        """Return the newest record of each node that may be used."""
        with self._lock:
            self._mirror.refresh()
            found = self._mirror.log.find_latest(nodes)
        return {node: record for node, record in found.items() if self._filter([record], say=False)}

    def iter_records(self, *, trusted: bool = True) -> Iterator[Record]:
        """Yield all records that may be used; those too that may not, unless only `trusted` ones are wanted."""
        with self._lock:
            self._mirror.refresh()
            pending = list(self._pending)
        for record in itertools.chain(self._mirror.log.iter_records(), pending):
            yield from self._filter([record], say=False) if trusted else [record]

    def _filter(self, records: Sequence[Record], *, say: bool) -> list[Record]:
        """Return the records that may be used; say once of each node that some may not."""
        usable = []
        for record in records:
            if record.artifact.code and self._trust != "all":
                if say and record.node not in self._told:
                    self._told.add(record.node)
                    self._notice(
                        f"remote: the value of '{record.node}' is not used: reading it could run code, "
                        "and the remote is trusted with data only"
                    )
            else:
                usable.append(record)
                self._known.update(blob for blob in record.artifact.all_blobs if blob not in self._unusable)
        return usable

    def put_records(self, records: Sequence[Record]) -> None:
        """Keep records for the next part, which `flush` sends."""
        with self._lock:
            self._pending.extend(records)

    def flush(self) -> None:
        """Send the records that were put as one part."""
        with self._lock:
            if self._pending:
                self._mirror.send(self._pending)
                self._pending.clear()

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
            self._mirror.close()


def _blob_name(ref: BlobRef, suffix: str) -> str:
    if not is_digest(ref.digest):
        raise StoreError(f"{ref.digest!r} is not the name of a blob")
    return f"blobs/{ref.digest[len(PREFIX) : len(PREFIX) + 2]}/{ref.digest}{suffix}"
