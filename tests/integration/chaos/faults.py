"""Die at the n-th call that changes something in a folder, or in the middle of what it writes; or fail from there on.

Works in the process that installs it, on what Python code can call: the interpreter tells of calls that make, rename or
remove, and writes and syncs are wrapped. A file that is changed by C code alone (a database) is seen at the statements
that change it. A kill right after a call leaves the folder as a kill right before the next one does, so there is a
moment before each call, one in the middle of each write, and the end.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

_CHANGES = frozenset(
    {
        "os.rename",
        "os.link",
        "os.symlink",
        "os.mkdir",
        "os.rmdir",
        "os.remove",
        "os.chmod",
        "os.utime",
        "os.truncate",
    }
)
_CREATES = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_RDWR
_real_open = io.open
_PRODUCT = str(Path(__file__).parents[3] / "dagbuild")


class _Faults:
    def __init__(self, folder: Path, moment: int, error: str, site: str) -> None:
        self.folder = str(folder)
        self.moment = moment
        self.site = site
        self.error = getattr(errno, error) if error else 0
        self.count = 0
        self.sites: list[str] = []
        self.busy = False

    def is_ours(self, place: Any) -> bool:
        if isinstance(place, int):
            with contextlib.suppress(OSError):
                return os.readlink(f"/proc/self/fd/{place}").startswith(self.folder)
            return False
        return isinstance(place, (str, bytes, os.PathLike)) and os.fsdecode(place).startswith(self.folder)

    def pass_moment(self, half: Callable[[], object] | None = None, *, takes_room: bool = True) -> None:
        if self.site or not self.moment:
            self.sites.append(_find_site(in_the_middle=half is not None))
        self.count += not self.site or self.sites[-1] == self.site
        if not self.moment or self.count < self.moment:
            return
        if not self.error:
            self.busy = True
            if half is not None:
                half()
            os.kill(os.getpid(), signal.SIGKILL)
        if takes_room or self.error != errno.ENOSPC:
            if half is not None:
                half()
            raise OSError(self.error, os.strerror(self.error))

    def write(self, data: Any, write_some: Callable[[Any], object]) -> None:
        """Pass the moment before a write and the one in its middle."""
        self.pass_moment()
        view = memoryview(data).cast("B") if not isinstance(data, str) else data
        self.pass_moment(lambda: write_some(view[: len(view) // 2]))

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.busy:
            return
        if event in _CHANGES:
            if any(self.is_ours(place) for place in arguments[:2]):
                self.pass_moment(takes_room=event == "os.mkdir")
        elif event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _CREATES and self.is_ours(path):
                self.pass_moment()


def _find_site(*, in_the_middle: bool) -> str:
    """Return a text that two moments share when the same line of the product, called from the same lines, is there."""
    lines = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith(_PRODUCT):
            lines.append(f"{frame.f_code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join([*lines, "middle"] if in_the_middle else lines)


_active: _Faults | None = None


def count() -> int:
    """Return how many moments have passed."""
    return _active.count if _active else 0


def sites() -> list[str]:
    """Return of each moment, where it was only counted, from where in the product it came."""
    return _active.sites if _active else []


def uninstall() -> None:
    """Let the rest of this process's life be safe."""
    if _active:
        _active.busy = True
        _active.moment = 0


def install(folder: Path, moment: int, error: str = "", site: str = "") -> None:
    """Let this process be killed at a moment, counted from 1, of what it changes in `folder`; at 0, only count.

    With a `site`, moments there are counted. With the name of an `error`, each such call fails with it from then on.
    """
    global _active
    faults = _active = _Faults(folder, moment, error, site)
    sys.addaudithook(faults.hear)
    _wrap_descriptors(faults)
    _wrap_files(faults)
    _wrap_databases(faults)


def _wrap_descriptors(faults: _Faults) -> None:
    def wrap(name: str, gather: Callable[[Any], bytes]) -> None:
        real = getattr(os, name)

        def write(file: int, data: Any, *more: Any) -> Any:
            if faults.is_ours(file):
                faults.write(gather(data), lambda half: os_write(file, half, more[0] if more else None))
            return real(file, data, *more)

        setattr(os, name, write)

    real_write, real_pwrite = os.write, os.pwrite

    def os_write(file: int, data: Any, offset: int | None) -> None:
        real_write(file, data) if offset is None else real_pwrite(file, data, offset)

    wrap("write", bytes)
    wrap("pwrite", bytes)
    wrap("writev", lambda parts: b"".join(bytes(part) for part in parts))
    if hasattr(os, "pwritev"):
        wrap("pwritev", lambda parts: b"".join(bytes(part) for part in parts))

    def sync(fd: Any) -> None:
        # A kill leaves what the kernel has, so there is no need to wait for the disk here.
        if faults.is_ours(fd):
            faults.pass_moment()

    os.fsync = sync
    os.fdatasync = sync


class _File:
    """A file that is open for writing; everything but its writes is the real one's."""

    def __init__(self, file: Any, faults: _Faults) -> None:
        self._file = file
        self._faults = faults

    def _flushed(self, data: Any) -> None:
        self._file.write(data)
        self._file.flush()

    def write(self, data: Any) -> Any:
        self._faults.write(data, self._flushed)
        return self._file.write(data)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _wrap_files(faults: _Faults) -> None:
    def watched_open(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        opened = _real_open(file, mode, *arguments, **options)
        return _File(opened, faults) if set(mode) & set("wxa+") and faults.is_ours(file) else opened

    io.open = watched_open
    builtins.open = watched_open


def _wrap_databases(faults: _Faults) -> None:
    real = sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *arguments: Any) -> Any:
            word = sql.split(None, 1)[0].upper()
            if word == "COMMIT" or (not self.in_transaction and word not in {"SELECT", "BEGIN", "ROLLBACK"}):
                try:
                    faults.pass_moment()
                except OSError as error:
                    raise sqlite3.OperationalError("database or disk is full") from error
            return super().execute(sql, *arguments)

    def connect(place: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
        if faults.is_ours(str(place).removeprefix("file://")):
            options["factory"] = Connection
        connection: sqlite3.Connection = real(place, *arguments, **options)
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]
