"""Where things lie in a cache folder, and how the folder is made.

Knows names and permissions, no contents. Guards two promises: no path is made of anything but a checked name, and a
folder written by a newer dagbuild is left alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from functools import lru_cache
from pathlib import Path

from dagbuild.ground import atomic
from dagbuild.ground.digest import PREFIX, STRONG, Digest, digest_text, is_digest, is_strong
from dagbuild.ground.errors import StoreError
from dagbuild.ground.litter import CACHE_MARK, CACHE_MARKED
from dagbuild.ground.private import find_writer, make_private
from dagbuild.store.notices import Notice
from dagbuild.store.salt import keep_salt

FORMAT = 1
"""Of the folder; a higher number than ours means that a newer dagbuild wrote it."""

INDEX_FORMAT = 1
"""Of the index; in its folder's name, so that versions side by side do not disturb each other."""

_NAMED = 1 << 14
"""Paths of blobs that are kept: a value is planned with, and then read, and often again."""

GRAVE = ".old"
"""How the names of folders end that are being removed."""

README = """\
# A dagbuild cache

Made by dagbuild: values that were computed, and the records of how. Deleting this folder is safe and costs
computing time only; nothing in it belongs into version control.

- `objects/`   the bytes of values, in read-only files named by their digest; what came from elsewhere by sha256
- `segments/`  records, one a line; each build appends to a file of its own
- `index/`     memos: where records lie, which files were seen whole, which values validated; made again when lost
- `uses/`      what was looked up on which day, for `dagbuild gc`
- `files/`     files and folders that nodes made, as nodes are given them; copies
- `locks/`     who computes what right now
- `running/`   which node runs in which process, so that one that was killed is told
- `failures/` how nodes failed lately, until they succeed: what was raised, given and printed
- `remote/`    copies of a shared store's records
- `aside/`     damaged files, kept for a look
- `edited/`    what lay where a build put a node's output, kept for a month

`dagbuild gc` makes room, `dagbuild verify` reads everything again.
"""


class CacheFolder:
    """The paths of one cache folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = folder / "objects"
        self._objects = f"{self.objects}{os.sep}"
        self.segments = folder / "segments"
        self.index = folder / "index" / str(INDEX_FORMAT)
        self.files = folder / "files"
        self.locks = folder / "locks"
        self._locks = f"{self.locks}{os.sep}"
        self.running = folder / "running"
        self.failures = folder / "failures"
        self.uses = folder / "uses"
        self.remotes = folder / "remote"
        self.aside = folder / "aside"
        self.edited = folder / "edited"
        self.blob_name = lru_cache(_NAMED)(self._blob_name)
        """Returns the text of a blob's path, for who asks thousands of times; raises as `blob` does."""

    def blob(self, digest: str) -> Path:
        """Return the path of a blob; raises StoreError unless the name is a digest."""
        return Path(self.blob_name(digest))

    def _blob_name(self, digest: str) -> str:
        if is_digest(digest):
            start = len(PREFIX)
            return f"{self._objects}{digest[start : start + 2]}{os.sep}{digest[start + 2 :]}"
        if is_strong(digest):
            start = len(STRONG)
            return f"{self._objects}{digest[start : start + 2]}{os.sep}{STRONG}{digest[start + 2 :]}"
        raise StoreError(f"{digest!r} is not the name of a blob")

    @staticmethod
    def blob_of(folder: str, name: str) -> Digest | None:
        """Return the name of the blob that a file in a folder of `objects` holds, None for any other file."""
        strong = name.startswith(STRONG)
        digest = f"{STRONG}{folder}{name[len(STRONG) :]}" if strong else f"{PREFIX}{folder}{name}"
        return Digest(digest) if is_digest(digest) or is_strong(digest) else None

    def lock_name(self, name: str) -> str:
        """Return the text of a lock's path; raises StoreError unless the name is a digest or a plain word."""
        if not (is_digest(name) or name.isalnum()):
            raise StoreError(f"{name!r} is not the name of a lock")
        return f"{self._locks}{name}"

    def check(self, on_notice: Notice) -> None:
        """Raise StoreError when a newer dagbuild wrote the folder; a folder that is not there yet is fine.

        So is one whose number is damaged: that is put aside, with a notice, and written anew.
        """
        path = self.folder / "format"
        try:
            number = _read_format(path.read_text("ascii"))
        except (FileNotFoundError, NotADirectoryError):
            if os.path.lexists(self.folder) and not self.folder.is_dir():
                on_notice(
                    f"cache: '{self.folder}' is no folder, so nothing is found there and nothing is kept"
                )
            return
        except PermissionError:
            return  # a folder of somebody else's: whatever is asked of it is told so
        except (OSError, ValueError) as error:
            on_notice(f"cache: '{path}' is damaged ({error}); put aside")
            with contextlib.suppress(OSError):
                self.put_aside(path)
            return
        if number > FORMAT:
            raise StoreError(
                f"the cache folder '{self.folder}' was written by a newer dagbuild "
                f"(format {number}; this one reads {FORMAT})",
                hint="upgrade dagbuild, or choose another folder under [cache]",
            )

    def find_writer(self) -> str | None:
        """Return who else may have written records or blobs here, in words; None when nobody can."""
        with contextlib.suppress(FileNotFoundError):
            for path in (self.folder, self.objects, self.segments):
                if (found := find_writer(str(path))) is not None:
                    return found
            with os.scandir(self.segments) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        if (found := find_writer(entry.path, entry.stat())) is not None:
                            return found
        return None

    def put_aside(self, path: Path) -> None:
        """Move what is damaged out of the way; raises OSError."""
        self.aside.mkdir(mode=0o700, exist_ok=True)
        path.rename(self.aside / f"{path.name}.{secrets.token_hex(4)}")

    def make(self) -> None:
        """Make the folder with what belongs in it; what is there stays. Raises StoreError when it cannot."""
        try:
            for folder in (self.folder, self.objects, self.segments, self.locks):
                make_private(folder)
            for name, text in (
                ("README.md", README),
                (".gitignore", "*\n"),
                (CACHE_MARK, CACHE_MARKED),
                ("format", f"{FORMAT} {digest_text(str(FORMAT))}\n"),
            ):
                _write_new(self.folder / name, text)
            keep_salt(self.folder)
        except OSError as error:
            raise write_error(self.folder, error) from error


def _read_format(text: str) -> int:
    """Return the number in the text; raises ValueError unless it stands there behind its digest or quite alone.

    One flipped bit makes a 3 of a 1, and a folder that is fine would look like one of the future.
    """
    number, _, digest = text.strip().partition(" ")
    if digest and digest_text(number) != digest:
        raise ValueError("it does not match its digest")
    return int(number)


def _write_new(path: Path, text: str) -> None:
    """Write a small file unless it is there; never half of it under its name."""
    if not path.exists():
        with atomic.Replacing(str(path)) as part:
            Path(part).write_text(text, "utf-8")


_HINTS = {
    errno.ENOSPC: "the disk is full: free some space, or run 'dagbuild gc'",
    errno.EDQUOT: "the quota is used up: free some space, or run 'dagbuild gc'",
    **dict.fromkeys(
        (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP),
        "something else lies where it belongs: move that away, or choose another folder under [cache]",
    ),
    errno.ENAMETOOLONG: "choose a folder with a shorter path under [cache]",
    errno.EFBIG: "a limit on the size of files was reached (ulimit -f)",
    errno.EROFS: "the file system is read-only: choose another folder under [cache]",
    errno.EACCES: "check the owner and permissions of the folder, or choose another one under [cache]",
    errno.EPERM: "check the owner and permissions of the folder, or choose another one under [cache]",
}


def read_error(path: Path, error: OSError) -> StoreError:
    """Return the error to raise when a folder at `path` could not be read."""
    reason = error.strerror or str(error)
    return StoreError(f"cannot read the cache folder '{path}': {reason}", hint=_HINTS.get(error.errno or 0))


def write_error(path: Path, error: OSError) -> StoreError:
    """Return the error to raise when something under `path` could not be written."""
    reason = error.strerror or str(error)
    return StoreError(
        f"cannot write to the cache folder '{path}': {reason}", hint=_HINTS.get(error.errno or 0)
    )
