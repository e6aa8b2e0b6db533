"""What tools leave in folders of data beside the data: no part of what such a folder is.

A file manager that looked into it, an editor that is open, a notebook: none of them changes an input. The rule is the
shell's, whose `*` does not mean hidden names either; a few tools leave visible ones. Who names such a file means it.
The cache folder that a project keeps among its data is no data either, whatever it is called: it has a mark.
"""

from __future__ import annotations

import os

_VISIBLE = frozenset({"__pycache__", "Thumbs.db", "desktop.ini"})

CACHE_MARK = "CACHEDIR.TAG"
"""The file that tells what a cache folder is: https://bford.info/cachedir/."""

CACHE_MARKED = """\
Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache made by dagbuild. See https://bford.info/cachedir/
"""


def is_litter(name: str) -> bool:
    """Tell whether the name of a file or folder is hidden, or one that tools leave."""
    return is_hidden(name) or name.endswith("~") or name in _VISIBLE


def is_hidden(name: str) -> bool:
    """Tell whether the shell's `*` leaves out a name."""
    return name.startswith(".") and name not in (".", "..")


def is_cache(folder: str) -> bool:
    """Tell whether a folder is a cache of ours."""
    try:
        with open(os.path.join(folder, CACHE_MARK), encoding="ascii") as file:  # noqa: PTH118, PTH123
            return file.read() == CACHE_MARKED
    except (OSError, ValueError):
        return False
