"""Which blobs were seen whole, so that the next process need not read them again.

A memo over stat: a row under "b" + digest says what a file's stat was when its bytes were known to match their name,
and which boot of the machine that was in; after another boot, or on another machine, nothing is known of the disk.
Knows no bytes. Guards: a row never stands for a file that was written to after the process that made the row had ended;
and whatever is wrong with a row, the worst is that a blob is read again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Iterable
from typing import NamedTuple

from dagbuild.ground.boot import boot_id
from dagbuild.ground.stamps import Stamp, is_settled, stamp_of, to_text
from dagbuild.model.record import BlobRef
from dagbuild.store.folder import CacheFolder
from dagbuild.store.memo import Memo
from dagbuild.store.notices import Notice

FROM = 256 * 1024
"""Bytes of a blob: a smaller one is digested in about the time that it takes to write its row and to find it."""

WORTH = 16 * 1024 * 1024
"""Bytes of news: less is digested sooner than the table is opened for writing, even a few times."""

_PREFIX = b"b"


class _News(NamedTuple):
    """A row that is to be kept, and the stamp that it holds."""

    row: bytes
    stamp: Stamp


class CheckedBlobs:
    """The memo of one cache folder. Safe to use from several threads and processes."""

    def __init__(self, layout: CacheFolder, on_notice: Notice) -> None:
        self._objects = layout.objects
        self._memo = Memo(layout.index / "blobs", on_notice)
        self._lock = threading.Lock()
        self._rows: dict[str, bytes | None] = {}  # by digest; None where the table has no row
        self._news: dict[str, _News] = {}

    def expect(self, refs: Iterable[BlobRef]) -> None:
        """Look up these blobs at once: one question is cheaper than one for each."""
        unknown = [ref.digest for ref in refs if is_large(ref) and ref.digest not in self._rows]
        if unknown and boot_id() is not None:
            found = self._memo.recall([_key(digest) for digest in unknown])
            with self._lock:
                for digest in unknown:
                    self._rows.setdefault(digest, found.get(_key(digest)))

    def holds(self, ref: BlobRef, found: os.stat_result) -> bool:
        """Tell whether a blob's file, whose stat this is, was seen whole and cannot have been written to since."""
        if not is_large(ref):
            return False
        if ref.digest not in self._rows:
            self.expect([ref])
        row = self._rows.get(ref.digest)
        return (
            row is not None and row == _row(found) and is_settled(stamp_of(found), time.time_ns(), ours=True)
        )

    def note(self, ref: BlobRef, found: os.stat_result) -> None:
        """Take note of a file that is whole, with the stat that it had before it was read or after it was written."""
        row = _row(found) if is_large(ref) else None
        if row is not None:
            with self._lock:
                if self._rows.get(ref.digest) != row:
                    self._rows[ref.digest] = row
                    self._news[ref.digest] = _News(row, stamp_of(found))

    def save(self) -> None:
        """Keep what is news, for other processes; what is too young for that waits for the next call."""
        with self._lock:
            now = time.time_ns()
            ready = {
                digest: new for digest, new in self._news.items() if is_settled(new.stamp, now, ours=True)
            }
            if sum(new.stamp[0] for new in ready.values()) < WORTH or not self._objects.is_dir():
                return
            for digest in ready:
                del self._news[digest]
        self._memo.put({_key(digest): new.row for digest, new in ready.items()})

    def forget(self, digests: Collection[str]) -> None:
        """Let these blobs be read again."""
        with self._lock:
            for digest in digests:
                self._rows.pop(digest, None)
                self._news.pop(digest, None)
        self._memo.remove([_key(digest) for digest in digests])

    def forget_others(self, digests: Collection[str]) -> None:
        """Forget all blobs but these."""
        rows = self._memo.recall_prefix(_PREFIX)
        self._memo.remove(rows.keys() - {_key(digest) for digest in digests})

    def close(self) -> None:
        """Close files; they are opened again when needed."""
        self._memo.close()


def is_large(ref: BlobRef) -> bool:
    """Tell whether a blob is worth a row."""
    return ref.size >= FROM


def _key(digest: str) -> bytes:
    return _PREFIX + digest.encode("ascii")


def _row(found: os.stat_result) -> bytes | None:
    """Return what changes whenever a file's bytes may have; nobody can set the change time. None: no telling here."""
    boot = boot_id()
    if boot is None:
        return None
    # The device, too: a row is found by what a file holds, not by where it lies.
    return f"{boot} {found.st_dev} {to_text(stamp_of(found))}".encode("utf-8", "replace")
