"""Paths as people write them: `~` is their home folder, `~name` another's, and without such a person a plain name."""

from __future__ import annotations

import os
from pathlib import Path


def expand_user(path: str | os.PathLike[str]) -> Path:
    """Return a path with the home folder in the place of its `~`, as shells do; it fails for nobody's."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - a Path's own raises where there is no such person
