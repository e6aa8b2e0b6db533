"""The door to Linux's inotify and fanotify: who opened or changed what in some folders, without asking the reader.

Spoken to by ctypes, which is loaded when a descriptor is opened, not before. Knows numbers and names as the system
tells them, nothing of steps or projects. Raises OSError where the system has none of it or no more to give.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

OPEN, CLOSE_WRITE, CLOSE_READ = 0x20, 0x8, 0x10
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
OVERFLOW, IGNORED, IS_FOLDER = 0x4000, 0x8000, 0x40000000

# Not MODIFY, nor ACCESS: those are told for each call that writes or reads, so that two writers fill the queue alone.
# CLOSE_READ also because of two events that are the same, one after the other, the system tells only one.
_MASK = OPEN | CLOSE_WRITE | CLOSE_READ | MOVED_FROM | MOVED_TO | CREATE | DELETE | 0x01000000  # folders only

_EVENT = struct.Struct("iIII")
_LUMP = 1 << 16


class Event(NamedTuple):
    """What happened to `name` in the watched folder that has this number; no name: to the folder itself."""

    folder: int
    mask: int
    name: str


class Inotify:
    """Tells what was opened and changed in folders, in the order in which it was; by any process."""

    def __init__(self) -> None:
        self._libc = _open_libc()
        self._fd = _check(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))

    def add(self, folder: str) -> int:
        """Watch a folder, not what is in folders below it; return its number, the same for the same folder."""
        return _check(self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _MASK), folder)

    def remove(self, number: int) -> None:
        """Watch a folder no more."""
        self._libc.inotify_rm_watch(self._fd, number)

    def read(self) -> Iterator[Event]:
        """Yield what has happened since the last time."""
        for data in _read_lumps(self._fd):
            at = 0
            while at < len(data):
                number, mask, _, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size
                name = os.fsdecode(data[at : at + length].rstrip(b"\0")) if length else ""
                at += length
                yield Event(number, mask, name)

    def close(self) -> None:
        """Let go of all folders."""
        os.close(self._fd)


# -- what this process opened itself ---------------------------------------------------------------------------------

_FAN_NAMES = 0x400 | 0x800  # FAN_REPORT_DIR_FID | FAN_REPORT_NAME
_FAN_CLOEXEC, _FAN_NONBLOCK = 0x1, 0x2
_FAN_ADD = 0x1
_FAN_OPEN, _FAN_ON_CHILD, _FAN_OVERFLOW = 0x20, 0x08000000, 0x4000
_AT_CWD = -100
_FAN_EVENT = struct.Struct("=IBBHQii")
_FAN_RECORD = struct.Struct("=BBHqIi")
_HANDLE = struct.Struct("Ii")
_HANDLE_BYTES = 128


class OwnOpens:
    """Tells which files of folders this very process opened: of others' the system does not say who it was.

    Linux 5.13 and later, where nothing forbids the call (containers often do) and the file system has handles.
    """

    def __init__(self) -> None:
        import ctypes

        self._libc = _open_libc()
        self._fd = _check(self._libc.fanotify_init(_FAN_CLOEXEC | _FAN_NONBLOCK | _FAN_NAMES, os.O_RDONLY))
        self._pid = os.getpid()
        # Made once, for there may be many folders.
        self._mask = ctypes.c_uint64(_FAN_OPEN | _FAN_ON_CHILD)
        self._handle = ctypes.create_string_buffer(_HANDLE.size + _HANDLE_BYTES)
        self._mount = ctypes.byref(ctypes.c_int())

    def add(self, folder: str) -> bytes:
        """Watch a folder; return the handle by which the system names it."""
        path, handle = os.fsencode(folder), self._handle
        _HANDLE.pack_into(handle, 0, _HANDLE_BYTES, 0)
        _check(self._libc.name_to_handle_at(_AT_CWD, path, handle, self._mount, 0), folder)
        _check(self._libc.fanotify_mark(self._fd, _FAN_ADD, self._mask, _AT_CWD, path), folder)
        return handle.raw[: _HANDLE.size + _HANDLE.unpack_from(handle)[0]]

    def take(self) -> set[tuple[bytes, str]] | None:
        """Return what was opened here since the last time, each by its folder's handle and its name.

        None when the system has forgotten some of it.
        """
        found: set[tuple[bytes, str]] = set()
        whole = True
        for data in _read_lumps(self._fd):
            at = 0
            while at < len(data):
                length, _, _, head, mask, _, pid = _FAN_EVENT.unpack_from(data, at)
                if mask & _FAN_OVERFLOW:
                    whole = False
                elif pid == self._pid:
                    size = _FAN_RECORD.unpack_from(data, at + head)[4]
                    handle = at + head + _FAN_RECORD.size - _HANDLE.size
                    name = handle + _HANDLE.size + size
                    text = data[name : data.index(b"\0", name)]
                    found.add((bytes(data[handle:name]), os.fsdecode(text)))
                at += length
        return found if whole else None

    def forget(self) -> None:
        """Drop what was opened until now."""
        for _ in _read_lumps(self._fd):
            pass

    def close(self) -> None:
        """Let go of all folders."""
        os.close(self._fd)


# -- calls -----------------------------------------------------------------------------------------------------------


def _open_libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, path: str | None = None) -> int:
    if result < 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return result


def _read_lumps(fd: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(fd, _LUMP)
        except BlockingIOError:
            return
