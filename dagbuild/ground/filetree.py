"""A file or a folder as data: names, modes and links, without the bytes.

Reads such a tree from disk and judges one that came from elsewhere. Unaware of codecs, stores and values. Guards: no
name and no link of a tree leads out of the folder that it is written to.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dagbuild.ground.errors import CodecError
from dagbuild.ground.stamps import is_since

_LONGEST_NAME = 255

_DEEPEST = 200
"""Folders in each other: who removes or walks them later does so by recursion, as Python's own library does."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One thing in a tree: `path` is taken from its top, with slashes; the top itself is ""."""

    path: str
    kind: Literal["file", "folder", "link"]
    executable: bool = False
    size: int = 0
    target: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """A file, or a folder with all that is in it; a folder comes before what it holds."""

    name: str
    entries: tuple[FileEntry, ...]


def read_tree(path: Path) -> Tree:
    """Return the file or folder at `path`; raises CodecError for what cannot be kept, OSError as reading does."""
    top = path.absolute()
    name = os.path.normpath(top).rpartition(os.sep)[2]
    found = top.stat()
    if stat.S_ISREG(found.st_mode):
        entries = [FileEntry("", "file", bool(found.st_mode & stat.S_IXUSR), found.st_size)]
    else:
        entries = [FileEntry("", "folder"), *_walk(top, path)]
    tree = Tree(name, tuple(sorted(entries, key=lambda entry: entry.path.split("/"))))
    check_tree(tree)
    return tree


def check_tree(tree: Tree) -> None:
    """Raise CodecError unless the tree can be written below any folder without touching what is beside it."""
    _check_name(tree.name)
    folders: set[str] = set()
    seen: set[str] = set()
    for entry in tree.entries:
        if entry.path.count("/") >= _DEEPEST:
            raise CodecError(f"'{tree.name}' holds folders more than {_DEEPEST} deep")
        parent = entry.path.rpartition("/")[0]
        for name in entry.path.split("/") if entry.path else ():
            _check_name(name)
        # Its folder is one of ours: nothing is ever written through a link.
        if entry.path in seen or (entry.path and parent not in folders):
            raise CodecError(f"the name '{entry.path}' stands in no folder of '{tree.name}'")
        seen.add(entry.path)
        if entry.kind == "folder":
            folders.add(entry.path)
        elif not entry.path and entry.kind == "link":
            raise CodecError(f"'{tree.name}' is a link")
        elif entry.kind == "link" and not _stays_inside(entry.path, entry.target):
            raise CodecError(f"the link '{entry.path}' leads out of '{tree.name}'")
    if "" not in seen:
        raise CodecError(f"'{tree.name}' holds nothing")


class ChangedSince:
    """Tells whether a path is a file or folder that was made or written since `moment` (`file_clock`).

    It raises CodecError for a folder that is partly older: only some of what is in it was made.
    """

    def __init__(self, moment: int) -> None:
        self._moment = moment
        self._known: dict[Path, bool] = {}

    def __call__(self, path: Path) -> bool:
        """Tell of one."""
        if path not in self._known:
            try:
                self._known[path] = _is_made(path, self._moment)
            except OSError:  # gone by now, or not for us to read
                self._known[path] = False
        return self._known[path]

    @property
    def found(self) -> list[str]:
        """The whole paths of which it has told that they were."""
        return [os.path.abspath(path) for path, made in self._known.items() if made]  # noqa: PTH100 - no link is followed


def is_there(path: Path) -> bool:
    """Tell whether a path is a file or a folder."""
    try:
        return path.is_file() or path.is_dir()
    except (OSError, ValueError):
        return False


def iter_paths(path: str) -> Iterator[str]:
    """Yield a file or folder with all that is in it, for who looks at their times; follows no link."""
    yield path
    if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114 - text: there may be many
        yield from (below.path for below in _iter_paths(path))


def _is_made(path: Path, moment: int) -> bool:
    if not is_there(path):
        return False
    if path.is_file():
        return is_since(path.stat().st_ctime_ns, moment)
    full = path.resolve()
    if Path.cwd().is_relative_to(full):
        return False  # where the run happens, and nothing that it made
    old = ""
    new = is_since(path.stat().st_ctime_ns, moment)
    for below in _iter_paths(str(full)):
        if not stat.S_ISDIR(below.mode):
            made = is_since(below.changed, moment)
            new, old = new or made, old or ("" if made else below.path)
    if new and old:
        raise CodecError(
            f"the folder '{path}' holds what this run did not make: '{os.path.relpath(old, full)}'",
            hint="write to a folder of its own, or remove it first (shutil.rmtree)"
            "; return str(path) to hand on the place and not what is in it",
        )
    return new


@dataclass(frozen=True, slots=True)
class _Below:
    path: str
    mode: int
    changed: int
    size: int


def _iter_paths(folder: str) -> Iterator[_Below]:
    """Yield all that is below a folder, following no link."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                yield _Below(entry.path, found.st_mode, found.st_ctime_ns, found.st_size)
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(entry.path)


def _walk(top: Path, shown: Path) -> Iterator[FileEntry]:
    root = str(top)
    for below in _iter_paths(root):
        path = os.path.relpath(below.path, root).replace(os.sep, "/")
        if stat.S_ISDIR(below.mode):
            yield FileEntry(path, "folder")
        elif stat.S_ISREG(below.mode):
            yield FileEntry(path, "file", bool(below.mode & stat.S_IXUSR), below.size)
        elif stat.S_ISLNK(below.mode):
            yield FileEntry(path, "link", target=_read_link(root, path, shown))
        else:
            raise CodecError(
                f"'{path}' in the folder '{shown}' is neither file nor folder nor link",
                hint="return a folder of plain files",
            )


def _read_link(root: str, path: str, shown: Path) -> str:
    target = os.readlink(f"{root}/{path}").replace(os.sep, "/")  # noqa: PTH115 - the very text
    if _stays_inside(path, target):
        return target
    # An absolute link into the folder is the same link wherever the folder will be.
    real_root = os.path.realpath(root)
    real = os.path.realpath(f"{root}/{path}")
    if real == real_root or real.startswith(real_root + os.sep):
        return os.path.relpath(real, os.path.dirname(f"{real_root}/{path}")).replace(os.sep, "/")  # noqa: PTH120
    raise CodecError(
        f"the link '{path}' in the folder '{shown}' leads out of it, to '{target}'",
        hint="copy what it points to into the folder",
    )


def _stays_inside(path: str, target: str) -> bool:
    """Tell whether a link's target climbs no higher than the tree's top, whatever other links there are."""
    if not target or target.startswith("/") or "\0" in target:
        return False
    parts = target.split("/")
    up = next((place for place, part in enumerate(parts) if part != ".."), len(parts))
    # Only the folders that the link stands in are known to be folders: ".." behind a name may follow a link.
    return up <= path.count("/") and ".." not in parts[up:] and not _is_drive(target)


def _check_name(name: str) -> None:
    bad = name in ("", ".", "..") or "/" in name or "\0" in name or os.sep in name or _is_drive(name)
    try:
        bad = bad or len(name.encode()) > _LONGEST_NAME
    except UnicodeEncodeError:
        bad = True
    if bad:
        raise CodecError(f"{name!r} is no name of a file that can be kept", hint="give it another name")


def _is_drive(name: str) -> bool:
    return os.name == "nt" and ":" in name
