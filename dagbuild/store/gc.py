"""Make room: remove what nothing protects, what is old, large and cheap to make again first.

Knows records, blobs and times of a local store. Guards: what a root names stays (pins, what the last runs made or
found, live builds), and so does what is younger than the grace period, which therefore must be longer than a build.
If a running build loses a blob all the same, that is a miss to it, and the blob is made again. Copies of files and
folders that were not used within that period go first: they are made of blobs at their next use.
"""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagbuild.ground import gc_pause
from dagbuild.ground.digest import Digest
from dagbuild.ground.errors import StoreError
from dagbuild.model.record import ACCEPTED, Artifact, BlobRef, Record
from dagbuild.store.compaction import compact_segments
from dagbuild.store.lease import held_locks, hold_lease
from dagbuild.store.leftovers import sweep
from dagbuild.store.local import LocalStore
from dagbuild.store.uses import DAY
from dagbuild.store.verify import iter_blobs

GRACE = DAY
KEEP_RUNS = 3
_CHEAPEST = 0.01
"""Seconds: to make something again is never taken to cost less."""


@dataclass(frozen=True)
class Removal:
    """A value that went, or would go: whose it was, the bytes that came free with it, and when it was last used.

    `cost` is the time it took to make, in seconds.
    """

    nodes: tuple[str, ...]
    freed: int
    used: float
    cost: float


@dataclass(frozen=True)
class GcReport:
    """What went, or would go, and what stays; `removals` first to go first.

    `orphaned` are bytes that nobody named, `copied` those of copies of files and folders whose values stay.
    """

    records: int = 0
    blobs: int = 0
    freed: int = 0
    kept: int = 0
    removals: tuple[Removal, ...] = ()
    orphaned: int = 0
    copied: int = 0
    dry_run: bool = False

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that lose a value, first to go first."""
        return tuple(dict.fromkeys(node for removal in self.removals for node in removal.nodes))


@dataclass(slots=True)
class _Value:
    """An artifact with all that is known of it; its blobs go by the names under which they lie here.

    There may be very many: what most have one of, or none, is no set.
    """

    blobs: frozenset[BlobRef] = frozenset()
    nodes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    records: int = 0
    used: float = 0.0
    cost: float = _CHEAPEST
    root: bool = False

    def add(self, record: Record, files: Collection[Digest], used: float, root: bool) -> None:
        for ref in record.artifact.all_blobs:
            there = [name for name in ref.names if name in files] or [ref.digest]
            self.blobs |= {BlobRef(name, ref.size) for name in there}
        self.nodes = _with(self.nodes, record.node)
        self.runs = _with(self.runs, record.run)
        self.records += 1
        self.used = max(self.used, used, record.started + record.duration)
        self.cost = max(self.cost, record.duration)
        self.root = self.root or root

    def worth_removing(self, now: float) -> float:
        """Return age times bytes per second of work."""
        return (now - self.used) * sum(ref.size for ref in self.blobs) / self.cost


def collect_garbage(
    store: LocalStore,
    *,
    size: int | None = None,
    age: float | None = None,
    pins: Collection[str] = (),
    blobs: Collection[str] = (),
    keep_runs: int = KEEP_RUNS,
    grace: float = GRACE,
    dry_run: bool = False,
    now: float | None = None,
) -> GcReport:
    """Bring a local store below `size` bytes and remove what was not used for `age` seconds, as far as roots allow.

    `pins` are digests of artifacts or blobs whose records stay; `blobs` stay by themselves, and not all that is made of
    them. What nothing names goes too, after the grace period. Segments are merged. Raises StoreError when the folder
    cannot be written.
    """
    now = time.time() if now is None else now
    with hold_lease(store.layout.lock_name("gc"), lambda _: None):
        if unreadable := store.reader.find_unreadable():
            raise StoreError(
                f"segment '{unreadable[0]}' cannot be read, so nobody knows what its records need",
                hint="check the owner and permissions of the cache folder; `dagbuild verify` tells more",
            )
        files = {ref.digest: (path, ref.size, _mtime(path)) for path, ref in iter_blobs(store)}
        values = _read_values(store, files, set(pins), keep_runs)
        for value in values.values():
            value.used = max(
                [value.used, *(files[ref.digest][2] for ref in value.blobs if ref.digest in files)]
            )
            value.root = value.root or value.used > now - grace
        kept: dict[Digest, int] = {}
        for value in values.values():
            for ref in value.blobs:
                kept[ref.digest] = kept.get(ref.digest, 0) + 1
        safe = {*pins, *blobs}
        named = safe.union(kept)
        orphans = {digest for digest, file in files.items() if digest not in named and file[2] < now - grace}
        copies = list(store.copies.iter_copies())
        unused = [copy for copy in copies if copy.used < now - grace]
        total = sum(file[1] for digest, file in files.items() if digest not in orphans)
        total += sum(copy.size for copy in copies if copy not in unused)
        free = sorted(
            ((key, value) for key, value in values.items() if not value.root),
            key=lambda item: item[1].worth_removing(now),
            reverse=True,
        )
        # What is made of these alone would go for nothing.
        rooted = {ref for value in values.values() if value.root for ref in value.blobs}
        removed: dict[str, Removal] = {}
        for key, value in free:
            gone = any(ref.digest not in files or files[ref.digest][1] != ref.size for ref in value.blobs)
            old = age is not None and now - value.used > age
            if not (
                gone or old or (size is not None and total > size and not rooted.issuperset(value.blobs))
            ):
                continue
            before = total
            for ref in value.blobs:
                kept[ref.digest] -= 1
                if not kept[ref.digest] and ref.digest in files and ref.digest not in safe:
                    total -= files[ref.digest][1]
            removed[key] = Removal(tuple(sorted(value.nodes)), before - total, value.used, value.cost)
        unnamed = {digest for digest, count in kept.items() if not count and digest in files}
        doomed = orphans | (unnamed - safe)
        report = GcReport(
            records=sum(values[key].records for key in removed),
            blobs=len(doomed),
            freed=sum(files[digest][1] for digest in doomed) + sum(copy.size for copy in unused),
            kept=total,
            removals=tuple(removed.values()),
            orphaned=sum(files[digest][1] for digest in orphans),
            copied=sum(copy.size for copy in unused),
            dry_run=dry_run,
        )
        if not dry_run:
            for copy in unused:
                store.copies.remove(copy)
            _remove(store, set(removed), [files[digest] for digest in doomed])
            store.blobs.seen.forget_others(files.keys() - doomed)
            store.validated.forget_others(values.keys() - removed.keys())
            sweep(store.layout, now - grace)
            store.copies.remove_parts(now - grace)
            store.uses.forget_before(now - grace - 365 * DAY)
        return report


@gc_pause.paused()
def _read_values(
    store: LocalStore, files: Collection[Digest], pins: set[str], keep_runs: int
) -> dict[str, _Value]:
    """Return all values by artifact digest, with their uses and whether a root protects them."""
    uses = store.uses.load()
    last_use = max(uses.values(), default=0.0)
    held = held_locks(store.layout.locks)
    runs: dict[str, float] = {}
    live: dict[str, bool] = {}
    values: dict[str, _Value] = {}
    for line in store.reader.iter_lines(lambda _: None):
        try:
            record = Record.from_json(line.thin)
        except ValueError:
            continue
        segment = line.position.segment
        if segment not in live:
            live[segment] = not store.reader.is_finished(segment)
        keys = set(record.keys)
        used = max((uses[key] for key in keys if key in uses), default=0.0)
        said = record.artifact.codec == ACCEPTED
        if not said:
            runs[record.run] = max(record.started, runs.get(record.run, 0.0))
        pinned = (
            said
            or record.artifact.digest in pins
            or any(ref.digest in pins for ref in record.artifact.all_blobs)
        )
        root = pinned or live[segment] or bool(keys & held) or 0 < last_use <= used
        values.setdefault(record.artifact.digest, _Value()).add(record, files, used, root)
    last_runs = set(sorted(runs, key=lambda run: runs[run], reverse=True)[:keep_runs])
    for value in values.values():
        value.root = value.root or not last_runs.isdisjoint(value.runs)
    return values


def _with(texts: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Return the texts and this one, each once in all of memory."""
    return texts if text in texts else (*texts, sys.intern(text))


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _remove(store: LocalStore, artifacts: set[str], files: Collection[tuple[Path, int, float]]) -> None:
    """Remove records first, then blobs: killed between the two, it leaves orphans and no broken record.

    Raises StoreError.
    """

    def keep(data: dict[str, Any]) -> bool:
        return Artifact.from_json(data["artifact"]).digest not in artifacts

    try:
        compact_segments(store, keep)
    except StoreError as error:
        if not (isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL):
            raise
        # Segments need room, and a full disk is when people ask for it. A record whose blobs are gone is a miss.
        _unlink(files)
        if files or artifacts:
            compact_segments(store, keep)
    else:
        _unlink(files)


_FULL = (errno.ENOSPC, errno.EDQUOT)


def _unlink(files: Iterable[tuple[Path, int, float]]) -> None:
    for path, _, mtime in files:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime == mtime:  # else somebody has just put or read it
                path.unlink()
