"""Blobs as read-only files, written beside and renamed.

Knows bytes and digests, no records. Guards: a file under a blob's name was once complete, it is never written in
place (a mapped file that shrinks kills its readers), and bytes are handed out only after they were seen to match
their name, by this process or an earlier one, and nobody has written to the file since. Paths are texts here: making a
Path takes longer than the system call it is for.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from dagbuild.ground import atomic
from dagbuild.ground.digest import Digest, digest_bytes, digest_chunks, is_digest
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError
from dagbuild.ground.private import find_writer
from dagbuild.ground.stamps import Stamp, stamp_of
from dagbuild.model.record import BlobRef
from dagbuild.store.checked_blobs import CheckedBlobs, is_large
from dagbuild.store.folder import CacheFolder, write_error
from dagbuild.store.notices import Notice

if TYPE_CHECKING:
    from typing_extensions import Buffer

_T = TypeVar("_T")

Fsync = Literal["none", "build", "always"]
"""When bytes must be safe from a power loss; a killed process loses nothing with any of them."""

MAPPED = 16 * 1024
"""Smaller blobs are read: a mapping costs an entry in the kernel's table, which has 65,530 of them."""

TOUCH_AFTER = 3600.0
"""Seconds after which a use is worth noting in the file's mtime, which gc takes for the last use."""

_READ_ONLY = 0o444

_AT_ONCE = 512
"""Parts of a blob that one system call takes; the limit is 1,024."""


class BlobFolder:
    """The blobs of one cache folder.

    Under an xxh3 lies only what this machine has made. What came from elsewhere lies under its strong digest: bytes
    that somebody has written down to have the xxh3 of others are then never taken for these.
    """

    def __init__(self, layout: CacheFolder, fsync: Fsync, on_notice: Notice) -> None:
        self._layout = layout
        self._fsync = fsync
        self._notice = on_notice
        self._lock = threading.Lock()
        self._verified: dict[str, Stamp] = {}  # digest -> stamp of a file that held the right bytes
        self.seen = CheckedBlobs(layout, on_notice)
        self._damaged: dict[str, int] = {}  # digest -> inode that could not be put aside
        self._unsynced = False

    def put(self, chunks: Sequence[Buffer]) -> BlobRef:
        """Store the concatenation of `chunks`; raises StoreError when it cannot be written."""
        views = [memoryview(chunk).cast("B") for chunk in chunks]
        ref = BlobRef(digest_chunks(views), sum(view.nbytes for view in views))
        path = self._layout.blob_name(ref.digest)
        if self._take_existing(ref, path):
            return ref
        part = atomic.part_name(path)
        try:
            descriptor = self._create(part)
            try:
                _write_all(descriptor, views)
            finally:
                os.close(descriptor)
        except OSError as error:
            atomic.discard(part)
            raise write_error(self._layout.folder, error) from error
        except BaseException:
            atomic.discard(part)
            raise
        self._publish(part, path, ref)
        return ref

    def _create(self, part: str) -> int:
        """Open a new file, read-only for everybody who opens it after."""
        try:
            return atomic.create(part, _READ_ONLY)
        except FileNotFoundError:
            self._make_parent(part)
            return atomic.create(part, _READ_ONLY)

    def _make_parent(self, path: str) -> None:
        if not self._layout.objects.is_dir():
            self._layout.make()
        try:
            Path(path).parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise write_error(self._layout.folder, error) from error

    def new_part(self, file: BlobRef) -> Path:
        """Return a fresh path, in a folder that exists, beside that of a blob: of `BlobRef.foreign` from elsewhere."""
        path = self._layout.blob_name(file.digest)
        self._make_parent(path)
        return Path(atomic.part_name(path))

    def adopt(self, part: Path, file: BlobRef) -> None:
        """Make a finished file from `new_part` the blob; its bytes must have been checked."""
        with contextlib.suppress(OSError):
            part.chmod(_READ_ONLY)
        self._publish(str(part), self._layout.blob_name(file.digest), file)

    def _take_existing(self, ref: BlobRef, path: str) -> bool:
        """Tell whether the blob is there already, and note that it is wanted, so that gc leaves it."""
        found = self._stat(ref, path)
        if found is None or find_writer(path, found) is not None:
            return False  # what somebody else may have put there is no reason to keep ours away
        if not os.access(
            path, os.R_OK
        ):  # another process may have seen that, and waits for one that can be read
            return False
        self._touch(ref, path, found)
        return True

    def _publish(self, part: str, path: str, ref: BlobRef) -> None:
        try:
            try:
                atomic.publish(part, path, sync=self._fsync == "always")
            except IsADirectoryError:
                self._layout.put_aside(Path(path))
                atomic.publish(part, path, sync=self._fsync == "always")
        except OSError as error:
            atomic.discard(part)
            raise write_error(self._layout.folder, error) from error
        self._unsynced = True
        if is_large(ref):
            with contextlib.suppress(OSError):  # gone already
                self.seen.note(ref, os.stat(path))

    def _stat(self, ref: BlobRef, path: str | Path) -> os.stat_result | None:
        """Return the stat of a blob that is there, of the right size and not known to be damaged."""
        try:
            found = os.stat(path)
        except OSError:
            return None
        usable = stat.S_ISREG(found.st_mode) and found.st_size == ref.size
        return found if usable and self._damaged.get(ref.digest) != found.st_ino else None

    def has(self, refs: Collection[BlobRef]) -> set[BlobRef]:
        """Return those of `refs` that are there with the right size."""
        missing = [ref for ref in refs if not (is_digest(ref.digest) and self._is_there(ref))]
        return set(refs).difference(missing)

    def _is_there(self, ref: BlobRef) -> bool:
        if self._stat(ref, self._layout.blob_name(ref.digest)) is not None:
            return True
        return bool(ref.strong) and self._is_there(ref.foreign)

    def find_writer(self, ref: BlobRef) -> str | None:
        """Return who else may have written a blob's files or may replace them, in words; None when nobody can."""
        for name in ref.names:
            path = self._layout.blob_name(name)
            with contextlib.suppress(FileNotFoundError):
                found = find_writer(path) or find_writer(os.path.dirname(path))
                if found is not None:
                    return found
        return None

    def expect(self, refs: Iterable[BlobRef]) -> None:
        """Look up at once which of these were seen whole: they will be read."""
        names = (named for ref in refs for named in ((ref, ref.foreign) if ref.strong else (ref,)))
        self.seen.expect(named for named in names if named.digest not in self._verified)

    def get(self, ref: BlobRef) -> memoryview:
        """Return the blob's bytes, read-only; raises BlobMissingError or BlobDamagedError."""
        return self._first(ref, self._get)

    def _first(self, ref: BlobRef, read: Callable[[BlobRef, Digest], _T]) -> _T:
        """Return what can be read under the first name that a blob has here and that is good."""
        try:
            return read(ref, ref.digest)
        except (BlobMissingError, BlobDamagedError):
            if not ref.strong:
                raise
            return read(ref.foreign, ref.digest)

    def _get(self, ref: BlobRef, digest: Digest) -> memoryview:
        file, view = self._open(ref, digest)
        try:
            return view if view is not None else _bytes_of(file, ref.size)
        except OSError as error:
            raise self._unreadable(ref, error) from error
        finally:
            os.close(file)

    def open(self, ref: BlobRef) -> int:
        """Return a descriptor of the file that holds just the blob's bytes, for whoever maps it in a way of their own.

        To be closed by the caller. Verified, and raises, as `get`: what is looked at is the very file that is read.
        """
        file, _ = self._first(ref, self._open)
        return file

    def _open(self, ref: BlobRef, digest: Digest) -> tuple[int, memoryview | None]:
        """Return the file of this name, and its bytes if it took these to verify it.

        `digest` is their xxh3, which finds accidents quickest.
        """
        try:
            file = os.open(self._layout.blob_name(ref.digest), os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            raise BlobMissingError(f"blob {ref.digest} is not in the cache folder") from None
        except OSError as error:
            raise self._unreadable(ref, error) from error
        try:
            return file, self._verify(ref, digest, file)
        except OSError as error:
            os.close(file)
            raise self._unreadable(ref, error) from error
        except BaseException:
            os.close(file)
            raise

    def _verify(self, ref: BlobRef, digest: Digest, file: int) -> memoryview | None:
        """Return the bytes of an open file if they had to be read; raises BlobDamagedError and OSError."""
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        if self._damaged.get(ref.digest) == found.st_ino:
            raise BlobDamagedError(f"blob {ref.digest} is damaged")
        if found.st_size != ref.size:
            raise self._put_aside(ref, found, f"it has {found.st_size:,} bytes, not {ref.size:,}")
        if self._is_known(ref, file, found):
            return None
        found = self._touch(ref, file, found)  # before the look: a write during it must show
        view = _bytes_of(file, ref.size)
        if digest_bytes(view) != digest:
            raise self._put_aside(ref, found, "its bytes do not match its name")
        self._verified[ref.digest] = stamp_of(found)
        self.seen.note(ref, found)
        return view

    def _unreadable(self, ref: BlobRef, error: OSError) -> BlobMissingError:
        """Return the error to raise; what cannot be read is not there, so that one that can be may take its place."""
        with contextlib.suppress(OSError):
            self._damaged[ref.digest] = os.stat(self._layout.blob_name(ref.digest)).st_ino
        return BlobMissingError(f"blob {ref.digest} cannot be read: {error.strerror or error}")

    def path(self, ref: BlobRef) -> Path:
        """Return the file of a blob that was verified as by `get`, for who hands it on."""
        return self._first(ref, self._path)

    def _path(self, ref: BlobRef, digest: Digest) -> Path:
        file, _ = self._open(ref, digest)
        os.close(file)
        return self._layout.blob(ref.digest)

    def _is_known(self, ref: BlobRef, file: int, found: os.stat_result) -> bool:
        """Tell whether a blob's file was seen whole, here or by an earlier process, and not written to since."""
        if self._verified.get(ref.digest) == stamp_of(found):
            return True
        if not self.seen.holds(ref, found):
            return False
        self._verified[ref.digest] = stamp_of(self._touch(ref, file, found))
        return True

    def _touch(self, ref: BlobRef, file: str | Path | int, found: os.stat_result) -> os.stat_result:
        """Note a use, unless that was done lately, and return what the file's stat is then."""
        if time.time() - found.st_mtime > TOUCH_AFTER:
            with contextlib.suppress(OSError):
                os.utime(file)
                touched = os.stat(file)
                if self.seen.holds(ref, found):
                    self.seen.note(ref, touched)
                return touched
        return found

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

    def note_written(self) -> None:
        """Let the next `sync` bring to the disk what was written without this object: records, another's blobs."""
        self._unsynced = True

    def sync(self) -> None:
        """Bring what was written to the disk, as the setting asks, and keep for others what was seen whole."""
        if self._fsync == "build" and self._unsynced:
            sync_folder(self._layout.folder)
        self._unsynced = False
        self.seen.save()

    def close(self) -> None:
        """Let go of files; they are opened again when needed."""
        self.seen.close()


def _bytes_of(file: int, size: int) -> memoryview:
    """Return all bytes of an open file; raises OSError."""
    if size >= MAPPED:
        return memoryview(mmap.mmap(file, size, access=mmap.ACCESS_READ))
    data = os.read(file, size)
    if len(data) < size:
        raise OSError(errno.EIO, "it gives fewer bytes than it has")
    return memoryview(data)


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


def _write_all(descriptor: int, views: Sequence[memoryview]) -> None:
    """Write all of the bytes; the system may take fewer than it was given."""
    for start in range(0, len(views), _AT_ONCE):
        some = views[start : start + _AT_ONCE]
        written = os.writev(descriptor, some) if hasattr(os, "writev") else 0
        for view in some:
            rest = view[min(written, view.nbytes) :]
            written -= view.nbytes - rest.nbytes
            while rest.nbytes:
                rest = rest[os.write(descriptor, rest) :]
