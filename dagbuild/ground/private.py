"""Files and folders that are their owner's alone.

Knows owners and permissions, no contents; paths are texts, for the quickest way through dagbuild comes here. Guards:
of what is made here nobody else can write, whatever is made first and whatever the umask is.
"""

from __future__ import annotations

import os

MODE = 0o700

_OTHERS_WRITE = 0o022


def make_private(folder: str | os.PathLike[str]) -> None:
    """Make a folder, with those above it that are missing, for its owner alone; raises OSError."""
    try:
        os.mkdir(folder, MODE)
    except FileNotFoundError:
        make_private(os.path.dirname(os.fspath(folder)))
        make_private(folder)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise


def find_writer(path: str, found: os.stat_result | None = None) -> str | None:
    """Return who else may have written what is at a path, or can, in words; None when nobody but its owner, who is us.

    The system's administrator can do anything anyhow. Nothing is known where owners are no numbers. Raises OSError.
    """
    if not hasattr(os, "geteuid"):
        return None
    found = found or os.stat(path)
    if found.st_uid not in (os.geteuid(), 0):
        return f"'{path}' belongs to somebody else"
    return f"others may write to '{path}'" if found.st_mode & _OTHERS_WRITE else None
