"""Read everything again: does each blob match its name, each line its digest, each record its blobs?

Knows the folder of a local store, and that a shared one may have what is lost. Believes nobody who has seen a blob
whole. Looking changes nothing; repairing puts damaged blobs aside, fetches what can be had, and drops the records that
can no longer be used.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dagbuild.ground.digest import Both, Digest, digest_chunks, is_digest
from dagbuild.ground.errors import StoreError
from dagbuild.model.record import Artifact, BlobRef, Record
from dagbuild.store.base import Store
from dagbuild.store.compaction import compact_segments
from dagbuild.store.folder import read_error
from dagbuild.store.lines import OTHER_VERSION
from dagbuild.store.local import LocalStore

_READ = 1 << 20


@dataclass(frozen=True)
class VerifyReport:
    """What was found.

    `missing`: blobs that records or pins name but that are nowhere, with the nodes; `away`: blobs that only the shared
    store has, and `orphaned`: blobs that nothing names, which is no damage; `lines`: one sentence for each damaged
    record; `nodes`: those whose values a damaged blob is part of; `changed`: copies of files and folders that are not
    what was written, which is no loss: they are made again. Of repairing: `fetched` blobs were damaged or not
    here and are whole again, `dropped` is how many records went.
    """

    records: int
    blobs: int
    size: int
    damaged: tuple[BlobRef, ...] = ()
    missing: tuple[tuple[BlobRef, tuple[str, ...]], ...] = ()
    orphaned: tuple[BlobRef, ...] = ()
    lines: tuple[str, ...] = ()
    dropped: int = 0
    away: tuple[BlobRef, ...] = ()
    fetched: tuple[BlobRef, ...] = ()
    nodes: Mapping[BlobRef, tuple[str, ...]] = field(default_factory=dict)
    changed: tuple[Path, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether every record can be used, by now."""
        return not (self.lost or self.missing or self.lines)

    @property
    def lost(self) -> tuple[BlobRef, ...]:
        """What is damaged and was not fetched again."""
        return tuple(ref for ref in self.damaged if ref not in self.fetched)


def verify_store(
    store: LocalStore,
    *,
    repair: bool = False,
    pins: Mapping[str, Artifact] | None = None,
    shared: Store | None = None,
) -> VerifyReport:
    """Read all blobs and records of a local store and say what is wrong.

    `pins` are values by node that are needed though no record may name them; `shared` reads through to a shared store
    and keeps what it reads. With `repair`, damaged blobs are put aside, what is missing is fetched from there, and
    records that lack a blob all the same are dropped; orphans are left to gc.
    """
    notices: list[str] = []

    def note(text: str) -> None:
        if OTHER_VERSION not in text:
            notices.append(text)

    users: dict[BlobRef, set[str]] = {}
    names: dict[Digest, BlobRef] = {}  # under which a blob may lie here

    def want(node: str, artifact: Artifact) -> None:
        for ref in artifact.all_blobs:
            users.setdefault(ref, set()).add(node)
            for name in ref.names:
                if ref.strong or name not in names:
                    names[name] = ref

    for node, artifact in (pins or {}).items():
        want(node, artifact)
    count = 0
    for line in store.reader.iter_lines(note):
        try:
            record = Record.from_json(line.data)
        except ValueError as error:
            notices.append(f"a record in segment '{line.position.segment}' cannot be used: {error}")
            continue
        count += 1
        want(record.node, record.artifact)
    sizes: dict[Digest, int] = {}
    bad: list[BlobRef] = []
    for path, file in iter_blobs(store):
        sizes[file.digest] = file.size
        if not _matches(path, file):
            bad.append(file)
            if repair:
                store.blobs.put_aside(file, "verify found that its bytes do not match its name")
    # Whoever reads one next sees for themselves, whatever was remembered of it.
    store.blobs.seen.forget([file.digest for file in bad])
    damaged = [names.get(file.digest, file) for file in bad]
    there = {names[name] for name, size in sizes.items() if name in names and names[name].size == size}
    whole = {names[name] for name in sizes.keys() - {file.digest for file in bad} if name in names} & there
    missing = [ref for ref in users if ref not in there]
    fetched = {ref for ref in damaged if ref in whole} if repair else set()
    if repair and shared:
        wanted = dict.fromkeys(names[ref.digest] for ref in (*damaged, *missing) if ref in users)
        fetched |= _fetch(shared, wanted)
    away = shared.has_blobs(missing) if shared and missing and not repair else set()
    missing = [ref for ref in missing if ref not in fetched and ref not in away]
    changed = store.copies.find_changed()
    for copy in changed if repair else ():
        store.copies.remove(copy)
    dropped = 0
    lost = {ref for ref in (*damaged, *missing) if ref not in fetched}
    if repair:
        for name in store.reader.find_unreadable():
            with contextlib.suppress(OSError):
                store.layout.put_aside(store.layout.segments / name)
    if repair and (lost or notices):
        dropped = compact_segments(
            store, lambda data: lost.isdisjoint(Artifact.from_json(data["artifact"]).all_blobs)
        )
    return VerifyReport(
        records=count,
        blobs=len(sizes),
        size=sum(sizes.values()),
        damaged=tuple(damaged),
        missing=tuple((ref, tuple(sorted(users[ref]))) for ref in missing),
        orphaned=tuple(BlobRef(digest, size) for digest, size in sizes.items() if digest not in names),
        lines=tuple(notices),
        dropped=dropped,
        away=tuple(sorted(away, key=lambda ref: ref.digest)),
        fetched=tuple(sorted(fetched, key=lambda ref: ref.digest)),
        nodes={ref: tuple(sorted(users[ref])) for ref in damaged if ref in users},
        changed=tuple(copy.path for copy in changed),
    )


def _fetch(shared: Store, refs: Collection[BlobRef]) -> set[BlobRef]:
    """Bring near what the shared store has of `refs`; returns what came."""
    came: set[BlobRef] = set()
    shared.expect_blobs(refs)
    for ref in refs:
        with contextlib.suppress(StoreError):
            shared.get_blob(ref)
            came |= shared.has_blobs([ref], local=True)
    return came


def iter_blobs(store: LocalStore) -> Iterator[tuple[Path, BlobRef]]:
    """Yield every blob file with the name and size that it has. Raises StoreError."""
    try:
        yield from _iter_files(store)
    except OSError as error:
        raise read_error(store.layout.objects, error) from error


def _iter_files(store: LocalStore) -> Iterator[tuple[Path, BlobRef]]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for folder in sorted(store.layout.objects.iterdir()):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
                for entry in entries:
                    digest = store.layout.blob_of(folder.name, entry.name)
                    if digest is not None:
                        with contextlib.suppress(FileNotFoundError):
                            yield Path(entry.path), BlobRef(digest, entry.stat().st_size)


def _matches(path: Path, file: BlobRef) -> bool:
    """Tell whether bytes are what their file's name says, be that an xxh3 or a strong digest."""
    try:
        with path.open("rb", buffering=0) as opened:
            parts = iter(lambda: opened.read(_READ), b"")
            if is_digest(file.digest):
                return digest_chunks(parts) == file.digest
            return Both.of_all(parts).strong == file.digest
    except FileNotFoundError:
        return True  # gc has removed it meanwhile
    except OSError:
        return False
