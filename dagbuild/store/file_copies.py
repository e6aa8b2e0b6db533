"""Files and folders of stored values, written out as paths that a node can be given.

Copies: the blobs stay what they are, and a copy that was changed, or is gone, is made again at its next use. Written
beside and renamed. Guards: nothing is written outside the folder, and a node gets no path whose content is not the
value's.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dagbuild.ground import atomic
from dagbuild.ground.digest import PREFIX, Digest, digest_chunks, is_digest
from dagbuild.ground.errors import StoreError
from dagbuild.ground.filetree import FileEntry, Tree, check_tree
from dagbuild.ground.private import make_private
from dagbuild.ground.stamps import is_sealed, seal
from dagbuild.store.folder import write_error

_DIGESTS = ".digests"
_READ = 1 << 20
_TOUCH_AFTER = 3600.0

Bytes = Callable[[FileEntry], Iterable[memoryview]]
"""The bytes of a file of a tree, in parts."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The copies of one artifact: where, how many bytes, and when last used."""

    digest: Digest
    path: Path
    size: int
    used: float


class FileCopies:
    """A folder of copies; without one, or where it cannot be written, they lie in a temporary one of this process."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._spare = Path(tempfile.gettempdir()) / f"dagbuild-{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = threading.Lock()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where copies may lie."""
        return (self._spare,) if self._folder is None else (self._folder, self._spare)

    def place(self, digest: Digest, number: int, tree: Tree, read: Bytes) -> Path:
        """Return the path of the tree, the one of this number in the artifact.

        Raises CodecError for a tree with names that lead elsewhere, StoreError when it can be written nowhere.
        """
        check_tree(tree)
        for folder in self.folders:
            try:
                return self._place(folder, digest, number, tree, read)
            except OSError as error:
                last, failed = error, folder
        raise write_error(failed, last) from last

    def _place(self, folder: Path, digest: Digest, number: int, tree: Tree, read: Bytes) -> Path:
        home = _home(folder, digest)
        path = home / str(number) / tree.name
        if _is_whole(path, tree):
            _touch(home)
            return path
        with self._lock:
            if folder == self._spare and not folder.exists():
                folder.mkdir(mode=0o700)
                atexit.register(shutil.rmtree, folder, ignore_errors=True)
            part = Path(atomic.part_name(str(folder / home.name)))
            try:
                make_private(part / "new")
                digests = write_tree(part / "new" / tree.name, tree, read, _read_only, sealed=True)
                (part / "digests").write_text(json.dumps(digests), "utf-8")
                make_private(home)
                with contextlib.suppress(FileNotFoundError):
                    path.parent.rename(part / "old")
                try:
                    (part / "new").rename(path.parent)
                    (part / "digests").replace(path.parent.with_suffix(_DIGESTS))
                except OSError:
                    if not _is_whole(path, tree):  # another process was first
                        raise
            finally:
                atomic.discard(str(part))
        return path

    def iter_copies(self) -> Iterator[Copy]:
        """Yield the copies in the folder."""
        for path in sorted(self._folder.glob("*/*")) if self._folder else ():
            digest = Digest(f"{PREFIX}{path.parent.name}{path.name}")
            if is_digest(digest):
                with contextlib.suppress(OSError):
                    yield Copy(digest, path, _size(path), path.stat().st_mtime)

    def find_changed(self) -> list[Copy]:
        """Read all copies in the folder and return those that are not what was written."""
        return [copy for copy in self.iter_copies() if not _matches(copy.path)]

    def remove(self, copy: Copy) -> None:
        """Remove a copy; the value stays."""
        with contextlib.suppress(OSError):
            part = atomic.part_name(str(copy.path.parent))
            copy.path.rename(part)
            atomic.discard(part)

    def remove_parts(self, before: float) -> None:
        """Remove what killed processes left behind before this time."""
        for part in self._folder.glob(f"*{atomic.PART}") if self._folder else ():
            with contextlib.suppress(OSError):
                if part.stat().st_mtime < before:
                    atomic.discard(str(part))


def _home(folder: Path, digest: Digest) -> Path:
    if not is_digest(digest):
        raise StoreError(f"{digest!r} is not the name of a value")
    tail = digest[len(PREFIX) :]
    return folder / tail[:2] / tail[2:]


def _at(top: Path, entry: FileEntry) -> Path:
    return top / entry.path if entry.path else top


def _read_only(entry: FileEntry) -> int:
    return 0o555 if entry.executable else 0o444


def write_tree(
    top: Path, tree: Tree, read: Bytes, mode_of: Callable[[FileEntry], int], *, sealed: bool = False
) -> dict[str, str]:
    """Write a tree where nothing is, and return the digests of its files and the targets of its links.

    Files get these permissions and, where they are to be `sealed`, a time that no write gives. Raises OSError, and
    CodecError for a tree with names that lead elsewhere.
    """
    check_tree(tree)
    told: dict[str, str] = {}
    for entry in tree.entries:
        path = _at(top, entry)
        if entry.kind == "folder":
            path.mkdir()
        elif entry.kind == "file":
            with path.open("xb", buffering=0) as file:
                told[entry.path] = digest_chunks(_copied(read(entry), file))
            path.chmod(mode_of(entry))
            if sealed:
                seal(str(path))
    for entry in tree.entries:
        if entry.kind == "link":
            _at(top, entry).symlink_to(entry.target)
            told[entry.path] = f"-> {entry.target}"
    return told


def _copied(chunks: Iterable[memoryview], file: object) -> Iterator[memoryview]:
    for chunk in chunks:
        rest = chunk
        while rest.nbytes:
            rest = rest[file.write(rest) :]  # type: ignore[attr-defined]
        yield chunk


def _is_whole(top: Path, tree: Tree) -> bool:
    """Tell, by looking and not by reading, whether the copy is there and nobody has written to it."""
    try:
        for entry in tree.entries:
            path = _at(top, entry)
            found = path.lstat()
            if entry.kind == "file":
                mode = stat.S_IFREG | _read_only(entry)
                if (found.st_mode, found.st_size) != (mode, entry.size) or not is_sealed(found):
                    return False
            elif entry.kind == "link":
                if not stat.S_ISLNK(found.st_mode) or path.readlink() != Path(entry.target):
                    return False
            elif not stat.S_ISDIR(found.st_mode):
                return False
    except OSError:
        return False
    return _count(top) == len(tree.entries)


def _count(top: Path) -> int:
    return 1 + sum(len(folders) + len(files) for _, folders, files in os.walk(top))


def _touch(home: Path) -> None:
    with contextlib.suppress(OSError):
        if time.time() - home.stat().st_mtime > _TOUCH_AFTER:
            os.utime(home)


def _size(home: Path) -> int:
    return sum((Path(folder) / name).lstat().st_size for folder, _, files in os.walk(home) for name in files)


def _matches(home: Path) -> bool:
    try:
        for digests in home.glob(f"*{_DIGESTS}"):
            (top,) = digests.with_suffix("").iterdir()
            if _read_digests(top) != json.loads(digests.read_text("utf-8")):
                return False
    except FileNotFoundError:
        return not home.exists()  # gc has removed it meanwhile
    except (OSError, ValueError):
        return False
    return True


def _read_digests(top: Path) -> dict[str, str]:
    if top.is_file():
        return {"": _digest(top)}
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder) / name
            relative = path.relative_to(top).as_posix()
            if path.is_symlink():
                found[relative] = f"-> {path.readlink().as_posix()}"
            elif name in files:
                found[relative] = _digest(path)
    return found


def _digest(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return digest_chunks(iter(lambda: file.read(_READ), b""))
