"""Where people and processes are: `~` in a path is a home folder; and the folder that is worked in."""

from __future__ import annotations

import os
from pathlib import Path


def expand_user(path: str | os.PathLike[str]) -> Path:
    """Return a path with the home folder in the place of its `~`, as shells do; it fails for nobody's."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - a Path's own raises where there is no such person


def find_here() -> str:
    """Return the folder that this process works in, as a text; an empty one where it has been removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - the same text goes back
    except OSError:
        return ""
