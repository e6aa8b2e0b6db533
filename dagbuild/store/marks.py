"""Which node runs in which process, on disk: for the command after one that was killed.

A small file for each process, locked as long as the process lives, with the node's name in it while the node runs. The
lock dies with its holder, so whatever took the process, and whoever has its number by then, the file tells. Where there
are no such locks nothing is noted. Knows names, no nodes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from pathlib import Path
from types import TracebackType

from dagbuild.ground.errors import StoreError
from dagbuild.ground.private import make_private
from dagbuild.store.folder import CacheFolder

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_NOTHING = b"\n"


class Marks:
    """The files of this process in a cache folder; made when they are first needed, one for each node at a time."""

    def __init__(self, layout: CacheFolder) -> None:
        self._layout = layout
        self._lock = threading.Lock()
        self._free: list[_Mark] = []
        self._possible = fcntl is not None

    def running(self, node: str) -> Running:
        """Note the node until the block ends; what cannot be noted is not."""
        return Running(self, node)

    def take(self) -> _Mark | None:
        """Return a file to write to, or None."""
        with self._lock:
            if self._free:
                return self._free.pop()
            if not self._possible:
                return None
            try:
                self._layout.make()
                return _Mark.make(self._layout.running)
            except (OSError, StoreError):
                self._possible = False  # a folder that cannot be written
                return None

    def give_back(self, mark: _Mark) -> None:
        """Keep the file for the next node."""
        with self._lock:
            self._free.append(mark)

    def close(self) -> None:
        """Remove the files: nothing runs."""
        with self._lock:
            for mark in self._free:
                mark.remove()
            self._free.clear()


class Running:
    """While it is open, the node is noted."""

    __slots__ = ("_mark", "_marks", "_node")

    def __init__(self, marks: Marks, node: str) -> None:
        self._marks = marks
        self._node = node

    def __enter__(self) -> None:
        self._mark = self._marks.take()
        if self._mark is not None:
            self._mark.write(self._node.encode("utf-8", "surrogateescape") + _NOTHING)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mark is not None:
            self._mark.write(_NOTHING)
            self._marks.give_back(self._mark)


class _Mark:
    __slots__ = ("_file", "_path")

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file

    @classmethod
    def make(cls, folder: Path) -> _Mark:
        """Make a file and lock it; raises OSError."""
        make_private(folder)
        while True:
            path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.exists(path):  # noqa: PTH110 - somebody may have looked before it was locked
                    return cls(path, file)
            except BlockingIOError:
                pass
            except OSError:
                os.close(file)
                with contextlib.suppress(OSError):
                    path.unlink()
                raise
            os.close(file)

    def write(self, data: bytes) -> None:
        """Put the data at the start: the first line counts, and what is behind it stays from before."""
        try:  # noqa: SIM105 - twice for each node
            os.pwrite(self._file, data, 0)
        except OSError:
            pass

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink()  # while it is locked
        os.close(self._file)


def take_ended(folder: Path) -> list[str]:
    """Return the nodes that ran when their processes ended, and forget them: each is told once."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    nodes = [node for path in paths if (node := _take(path))]
    return sorted(set(nodes))


def _take(path: Path) -> str | None:
    if fcntl is None:
        return None
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        data = os.pread(file, 65536, 0)
        path.unlink()  # who looks at the same time finds it locked
    except OSError:  # locked: its process lives; or taken by another command
        return None
    finally:
        os.close(file)
    return data.partition(b"\n")[0].decode("utf-8", "surrogateescape") or None
