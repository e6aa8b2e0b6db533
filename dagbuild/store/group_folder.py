"""A folder that a group shares: what one member makes in it, the others can add to and read.

Knows permissions only. Guards: what lies below takes after the folder that the team has made, whatever the umask of who
came first.
"""

from __future__ import annotations

import contextlib
import os
import stat


def make_folders(top: str, folder: str) -> None:
    """Make a folder with those above it, up to `top`, with the permissions of that; raises OSError."""
    if folder == top or os.path.isdir(folder):  # noqa: PTH112 - texts, as drivers give them
        return
    make_folders(top, os.path.dirname(folder))  # noqa: PTH120
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder)  # noqa: PTH102
        with contextlib.suppress(OSError):
            os.chmod(folder, stat.S_IMODE(os.stat(top).st_mode))  # noqa: PTH101, PTH116


def open_to_all(top: str, file: str) -> None:
    """Let those read and write a new file who may do so in `top`, as far as the system lets us."""
    with contextlib.suppress(OSError):
        os.chmod(file, stat.S_IMODE(os.stat(top).st_mode) & 0o666)  # noqa: PTH101, PTH116
