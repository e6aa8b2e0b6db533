"""The right to compute a key: one process does the work, others wait for it.

A lock of the operating system on a file, which dies with its holder; what is written in the file is for people only.
Where there are no such locks, or the folder cannot be written, everybody is given the right: work done twice is not
wrong. Paths are texts where leases are taken, once for each node.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from dagbuild.ground.author import author
from dagbuild.ground.private import make_private

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def hold_lease(path: str, on_wait: Callable[[str], None]) -> Iterator[bool]:
    """Hold the lock on `path`; yields whether another holder had to be waited for, who is told to `on_wait`."""
    taken = take_lease(path)
    if taken is not None:
        with taken:
            yield False
        return
    with _wait_for(path, on_wait) as waited:
        yield waited


def take_lease(path: str) -> AbstractContextManager[None] | None:
    """Take the lock on `path`, to be let go of at the end of a block; None where that would have to wait."""
    spare = _SPARES.link(path)
    return None if spare is None else _Taken(path, spare)


@contextlib.contextmanager
def _wait_for(path: str, on_wait: Callable[[str], None]) -> Iterator[bool]:
    """Hold the lock on `path` with a file of its own, where somebody has one there already or names are not shared."""
    file = _open(path)
    if file is None:
        yield False
        return
    waited = False
    try:
        while True:
            if not _lock(file, wait=False):
                if not waited:
                    on_wait(_read_holder(file))
                waited = True
                _lock(file, wait=True)
            # With another name it is the spare of a process that was killed.
            if _is_same(file, path) and (os.fstat(file).st_nlink == 1 or not _remove(path)):
                break
            # The holder removed the file when it was done: others lock a new one by now.
            os.close(file)
            reopened = _open(path)
            if reopened is None:
                file = -1
                break
            file = reopened
        if file >= 0:
            _write_holder(file)
        yield waited
    finally:
        if file >= 0:
            _remove(path)  # while it is held, so nobody's lock is lost
            os.close(file)


@dataclass(frozen=True, slots=True)
class _Spare:
    """A file of this process's own that it has locked; a lease gives it one more name."""

    path: str
    file: int

    def link(self, path: str) -> bool:
        """Give the file a name; False where that is taken, or cannot be."""
        try:
            os.link(self.path, path)
        except OSError:
            return False
        return True

    def drop(self) -> None:
        """Remove the file."""
        _remove(self.path)
        os.close(self.file)


class _Taken(AbstractContextManager[None]):
    """A lease that is held until the block ends."""

    def __init__(self, path: str, spare: _Spare) -> None:
        self._path = path
        self._spare = spare

    def __exit__(self, *_: object) -> None:
        _remove(self._path)  # while it is held, so nobody's lock is lost
        _SPARES.give_back(self._spare)


class _Spares:
    """Files to lock, for the leases of this process: making and removing one for each takes ext4 ten times as long."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._free: dict[str, list[_Spare]] = {}  # by their folders
        self._process = os.getpid()

    def link(self, path: str) -> _Spare | None:
        """Return a file, locked, that has this name, too; None where that is taken, or cannot be."""
        for _ in range(2):
            spare = self._take(os.path.dirname(path))
            if spare is None or spare.link(path):
                return spare
            if os.path.exists(spare.path):
                self.give_back(spare)
                return None
            spare.drop()  # swept
        return None

    def _take(self, folder: str) -> _Spare | None:
        """Return a file in the folder, locked; None where there can be none."""
        with self._mutex:
            if (
                self._process != os.getpid()
            ):  # a lock is shared with the process that this one was forked from
                self._process, self._free = os.getpid(), {}
            free = self._free.get(folder)
            spare = free.pop() if free else None
        if spare is not None:
            if _lock(spare.file, wait=False):
                return spare
            spare.drop()  # just looked at by somebody who has waited for it
        path = os.path.join(folder, f"spare.{secrets.token_hex(4)}")
        file = _open(path)
        if file is None:
            return None
        spare = _Spare(path, file)
        if not _lock(file, wait=False):
            spare.drop()
            return None
        _write_holder(file)
        return spare

    def give_back(self, spare: _Spare) -> None:
        """Let who waits for it have a look, and keep the file for the next lease."""
        _unlock(spare.file)
        with self._mutex:
            self._free.setdefault(os.path.dirname(spare.path), []).append(spare)

    def drop(self, folder: Path) -> None:
        """Remove the files in a folder that are not in use."""
        with self._mutex:
            free = self._free.pop(str(folder), []) if self._process == os.getpid() else []
        for spare in free:
            spare.drop()


_SPARES = _Spares()


def drop_spares(folder: Path) -> None:
    """Remove what leases of this process keep in a folder for the next one."""
    _SPARES.drop(folder)


def held_locks(folder: Path) -> set[str]:
    """Return the names of the locks in a folder that somebody holds now."""
    held = set()
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    if not _lock(file, wait=False):
                        held.add(path.name)
                finally:
                    os.close(file)
    return held


def drop_free_locks(folder: Path, before: float) -> None:
    """Remove the locks that nobody holds any more, last written before then: their holders were killed."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    # While it is held, so nobody's lock is lost: who waits for it looks whether it is still there.
                    if (
                        os.fstat(file).st_mtime < before
                        and _lock(file, wait=False)
                        and _is_same(file, str(path))
                    ):
                        path.unlink()
                finally:
                    os.close(file)


def describe_self() -> str:
    """Return who this process is, for those who wait."""
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "user": author()})


def _open(path: str) -> int | None:
    if fcntl is None:
        return None
    for _ in range(2):
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            with contextlib.suppress(OSError):
                make_private(Path(path).parent)
        except OSError:
            return None
    return None


def _lock(file: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # no such locks on this file system
    return True


def _unlock(file: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_UN)


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _is_same(file: int, path: str) -> bool:
    try:
        return os.fstat(file).st_ino == os.stat(path).st_ino
    except OSError:
        return False


def _write_holder(file: int) -> None:
    with contextlib.suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, describe_self().encode(), 0)


def _read_holder(file: int) -> str:
    try:
        data = json.loads(os.pread(file, 1000, 0))
        return f"process {int(data['pid'])} of {str(data['user'])[:50]} on {str(data['host'])[:50]}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
