"""Blobs as read-only files, written beside and renamed.

Knows bytes and digests, no records. Guards: a file under a blob's name was once complete, it is never written in
place (a mapped file that shrinks kills its readers), and bytes are handed out only after they were seen to match
their name in this process.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import secrets
import stat
import sys
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dagbuild.digest import digest_bytes, digest_chunks, is_digest
from dagbuild.errors import BlobDamagedError, BlobMissingError
from dagbuild.record import BlobRef
from dagbuild.store.layout import PART, Layout, write_error
from dagbuild.store.notices import Notice

if TYPE_CHECKING:
    from typing_extensions import Buffer

Fsync = Literal["none", "build", "always"]
"""When bytes must be safe from a power loss; a killed process loses nothing with any of them."""

MAPPED = 16 * 1024
"""Smaller blobs are read: a mapping costs an entry in the kernel's table, which has 65,530 of them."""

TOUCH_AFTER = 3600.0
"""Seconds after which a use is worth noting in the file's mtime, which gc takes for the last use."""


class BlobFolder:
    """The blobs of one cache folder."""

    def __init__(self, layout: Layout, fsync: Fsync, on_notice: Notice) -> None:
        self._layout = layout
        self._fsync = fsync
        self._notice = on_notice
        self._lock = threading.Lock()
        self._verified: dict[str, int] = {}  # digest -> inode that was seen to hold the right bytes
        self._damaged: dict[str, int] = {}  # digest -> inode that could not be put aside
        self._unsynced = False

    def put(self, chunks: Sequence[Buffer]) -> BlobRef:
        """Store the concatenation of `chunks`; raises StoreError when it cannot be written."""
        views = [memoryview(chunk).cast("B") for chunk in chunks]
        ref = BlobRef(digest_chunks(views), sum(view.nbytes for view in views))
        if self._take_existing(ref):
            return ref
        part = self.new_part(ref)
        try:
            with part.open("xb") as file:
                for view in views:
                    file.write(view)
        except OSError as error:
            _discard(part)
            raise write_error(self._layout.folder, error) from error
        except BaseException:
            _discard(part)
            raise
        self._publish(part, ref)
        return ref

    def new_part(self, ref: BlobRef) -> Path:
        """Return a fresh path beside the blob's, in a folder that exists."""
        path = self._layout.blob(ref.digest)
        if not path.parent.is_dir():
            if not self._layout.objects.is_dir():
                self._layout.make()
            try:
                path.parent.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise write_error(self._layout.folder, error) from error
        return path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")

    def adopt(self, part: Path, ref: BlobRef) -> None:
        """Make a finished file from `new_part` the blob; its bytes must have been checked against `ref`."""
        self._publish(part, ref)

    def _take_existing(self, ref: BlobRef) -> bool:
        """Tell whether the blob is there already, and note that it is wanted, so that gc leaves it."""
        path = self._layout.blob(ref.digest)
        found = self._stat(ref)
        if found is None:
            return False
        if time.time() - found.st_mtime > TOUCH_AFTER:
            with contextlib.suppress(OSError):
                os.utime(path)
        return True

    def _publish(self, part: Path, ref: BlobRef) -> None:
        path = self._layout.blob(ref.digest)
        try:
            part.chmod(0o444)
            if self._fsync == "always":
                _fsync_path(part)
            try:
                part.replace(path)
            except IsADirectoryError:
                self._layout.put_aside(path)
                part.replace(path)
            if self._fsync == "always":
                _fsync_path(path.parent)
        except OSError as error:
            _discard(part)
            raise write_error(self._layout.folder, error) from error
        self._unsynced = True

    def _stat(self, ref: BlobRef) -> os.stat_result | None:
        """Return the stat of a blob that is there, of the right size and not known to be damaged."""
        if not is_digest(ref.digest):
            return None
        try:
            found = self._layout.blob(ref.digest).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return None
        usable = stat.S_ISREG(found.st_mode) and found.st_size == ref.size
        return found if usable and self._damaged.get(ref.digest) != found.st_ino else None

    def has(self, refs: Collection[BlobRef]) -> set[BlobRef]:
        """Return those of `refs` that are there with the right size."""
        return {ref for ref in refs if self._stat(ref) is not None}

    def get(self, ref: BlobRef) -> memoryview:
        """Return the blob's bytes, read-only; raises BlobMissingError or BlobDamagedError."""
        path = self._layout.blob(ref.digest)
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                if self._damaged.get(ref.digest) == found.st_ino:
                    raise BlobDamagedError(f"blob {ref.digest} is damaged")
                if found.st_size != ref.size:
                    raise self._put_aside(ref, found, f"it has {found.st_size:,} bytes, not {ref.size:,}")
                if ref.size < MAPPED:
                    view = memoryview(file.read())
                else:
                    view = memoryview(mmap.mmap(file.fileno(), ref.size, access=mmap.ACCESS_READ))
        except (FileNotFoundError, NotADirectoryError):
            raise BlobMissingError(f"blob {ref.digest} is not in the cache folder") from None
        except OSError as error:
            with contextlib.suppress(OSError):  # so that one that can be read may take its place
                self._damaged[ref.digest] = path.stat().st_ino
            raise BlobMissingError(f"blob {ref.digest} cannot be read: {error.strerror or error}") from error
        if self._verified.get(ref.digest) != found.st_ino:
            if digest_bytes(view) != ref.digest:
                raise self._put_aside(ref, found, "its bytes do not match its name")
            self._verified[ref.digest] = found.st_ino
            self._touch(path, found)
        return view

    def path(self, ref: BlobRef) -> Path:
        """Return the file of a blob that was verified as by `get`, for whoever maps it in a way of their own."""
        path = self._layout.blob(ref.digest)
        found = self._stat(ref)
        if found is None or self._verified.get(ref.digest) != found.st_ino:
            self.get(ref)
        return path

    def _touch(self, path: Path, found: os.stat_result) -> None:
        if time.time() - found.st_mtime > TOUCH_AFTER:
            with contextlib.suppress(OSError):
                os.utime(path)

    def put_aside(self, ref: BlobRef, why: str) -> None:
        """Move a blob out of the way that was seen to be damaged."""
        with contextlib.suppress(OSError):
            self._put_aside(ref, self._layout.blob(ref.digest).stat(), why)

    def _put_aside(self, ref: BlobRef, found: os.stat_result, why: str) -> BlobDamagedError:
        """Move a damaged file out of the way and return the error that says so."""
        path = self._layout.blob(ref.digest)
        with self._lock:
            self._verified.pop(ref.digest, None)
            try:
                # Somebody may have put a good one there meanwhile.
                if path.stat().st_ino == found.st_ino:
                    self._layout.put_aside(path)
            except OSError:
                self._damaged[ref.digest] = found.st_ino
        self._notice(f"cache: blob {ref.digest} is damaged ({why}); put aside, it will be made again")
        return BlobDamagedError(f"blob {ref.digest} is damaged: {why}")

    def sync(self) -> None:
        """Bring what was written to the disk, as the setting asks."""
        if self._fsync == "build" and self._unsynced:
            sync_folder(self._layout.folder)
        self._unsynced = False


def sync_folder(folder: Path) -> None:
    """Write the dirty pages of the folder's file system to disk: one call is cheaper than an fsync a file."""
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "linux":
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                ctypes.CDLL(None).syncfs(descriptor)
            finally:
                os.close(descriptor)
        else:
            os.sync()


def _fsync_path(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
