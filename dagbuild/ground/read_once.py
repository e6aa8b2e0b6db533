"""What can be read only once: a pipe, a terminal, a socket, and whatever this process has open.

Guards: nobody waits for a pipe that nobody writes to, and no value is made of a file that its digest has used up.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

_OPEN_FILES = re.compile(r"/proc/[^/]+/(task/[^/]+/)?fd|/dev/fd")
_LINKS = 40


class ReadOnceError(OSError):
    """A path does not lead to a file that can be read again."""

    HINT = "write what it gives to a file, and name that"

    def __init__(self, path: str) -> None:
        super().__init__(errno.ESPIPE, "it can be read only once", path)


def refuse_read_once(path: str) -> None:
    """Raise ReadOnceError for a pipe, a terminal or a socket, and for a name of what this process has open.

    Such a name (`/dev/stdin`, what a shell makes of `<(program)`) means something else in every process.
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return  # who reads it says what is wrong
    if _is_stream(mode, path) or _is_open_file(path):
        raise ReadOnceError(path)


def _is_stream(mode: int, path: str) -> bool:
    if stat.S_ISCHR(mode):
        return os.path.realpath(path) != os.devnull  # which gives nothing, again and again
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _is_open_file(path: str) -> bool:
    for _ in range(_LINKS):
        folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 (the link itself, and not what is behind it)
        if _OPEN_FILES.fullmatch(os.path.realpath(folder)) and name.isdecimal():
            return True
        if not os.path.islink(path):  # noqa: PTH114
            return False
        path = os.path.join(folder, os.readlink(path))  # noqa: PTH115, PTH118
    return False


def open_at_once(path: str, flags: int) -> int:
    """Open a file, as an opener for `open`; raises ReadOnceError instead of waiting for somebody to write to a pipe."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if _is_stream(os.fstat(handle).st_mode, path):
        os.close(handle)
        raise ReadOnceError(path)
    return handle
