"""Read everything again: does each blob match its name, each line its digest, each record its blobs?

Knows the folder of a local store. Looking changes nothing, except that repairing puts damaged blobs aside and drops
the records that can no longer be used.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dagbuild.digest import PREFIX, Digest, digest_chunks, is_digest
from dagbuild.record import BlobRef, Record
from dagbuild.store.compaction import compact_segments
from dagbuild.store.local import LocalStore
from dagbuild.store.segments import OTHER_VERSION

_READ = 1 << 20


@dataclass(frozen=True)
class VerifyReport:
    """What was found.

    `missing`: blobs that records name but that are not there, with the nodes; `orphaned`: blobs that no record names,
    which is no damage; `lines`: one sentence for each damaged record; `dropped`: how many records repairing removed.
    """

    records: int
    blobs: int
    size: int
    damaged: tuple[BlobRef, ...] = ()
    missing: tuple[tuple[BlobRef, tuple[str, ...]], ...] = ()
    orphaned: tuple[BlobRef, ...] = ()
    lines: tuple[str, ...] = ()
    dropped: int = 0

    @property
    def clean(self) -> bool:
        """Whether every record can be used."""
        return not (self.damaged or self.missing or self.lines)


def verify_store(store: LocalStore, *, repair: bool = False) -> VerifyReport:
    """Read all blobs and records of a local store and say what is wrong.

    With `repair`, damaged blobs are put aside and records that lack a blob are dropped; orphans are left to gc.
    """
    notices: list[str] = []

    def note(text: str) -> None:
        if OTHER_VERSION not in text:
            notices.append(text)

    users: dict[BlobRef, set[str]] = {}
    count = 0
    for line in store.reader.iter_lines(note):
        try:
            record = Record.from_json(line.data)
        except ValueError as error:
            notices.append(f"a record in segment '{line.position.segment}' cannot be used: {error}")
            continue
        count += 1
        for ref in record.artifact.blobs:
            users.setdefault(ref, set()).add(record.node)
    sizes: dict[Digest, int] = {}
    damaged: list[BlobRef] = []
    for path, ref in iter_blobs(store):
        sizes[ref.digest] = ref.size
        if not _matches(path, ref):
            damaged.append(ref)
            if repair:
                store.blobs.put_aside(ref, "verify found that its bytes do not match its name")
    bad = {ref.digest for ref in damaged}
    missing = {ref: nodes for ref, nodes in users.items() if sizes.get(ref.digest) != ref.size}
    named = {ref.digest for ref in users}
    dropped = 0
    if repair and (bad or missing or notices):
        lost = {ref.digest for ref in missing} | bad
        dropped = compact_segments(
            store, lambda data: not lost & {blob[0] for blob in data["artifact"]["blobs"]}
        )
    return VerifyReport(
        records=count,
        blobs=len(sizes),
        size=sum(sizes.values()),
        damaged=tuple(damaged),
        missing=tuple((ref, tuple(sorted(nodes))) for ref, nodes in missing.items()),
        orphaned=tuple(BlobRef(digest, size) for digest, size in sizes.items() if digest not in named),
        lines=tuple(notices),
        dropped=dropped,
    )


def iter_blobs(store: LocalStore) -> Iterator[tuple[Path, BlobRef]]:
    """Yield every blob file with the name and size that it has."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for folder in sorted(store.layout.objects.iterdir()):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
                for entry in entries:
                    digest = f"{PREFIX}{folder.name}{entry.name}"
                    if is_digest(digest):
                        with contextlib.suppress(FileNotFoundError):
                            yield Path(entry.path), BlobRef(Digest(digest), entry.stat().st_size)


def _matches(path: Path, ref: BlobRef) -> bool:
    try:
        with path.open("rb", buffering=0) as file:
            return digest_chunks(iter(lambda: file.read(_READ), b"")) == ref.digest
    except FileNotFoundError:
        return True  # gc has removed it meanwhile
    except OSError:
        return False
