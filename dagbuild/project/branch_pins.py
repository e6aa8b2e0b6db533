"""What others have pinned: the pins of the branch that a team works from, as this clone knows it.

Asks git, and nobody else; knows nothing of stores. Guards: looking changes nothing, and where there is no git, no clone
or no such branch, that is an answer.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from dagbuild.settings.schema import PINS

BRANCH = "origin/HEAD"
"""The remote's default branch, by git's name for it."""

_PATIENCE = 60


def read_branch_pins(root: Path) -> list[bytes] | None:
    """Return the texts of the files of pins on the default branch, as last fetched; None where nobody knows one."""
    listed = _ask(root, "ls-tree", "-z", "--name-only", BRANCH, f"{PINS}/")
    if listed is None:
        return None
    names = [name for name in listed.split(b"\0") if name.endswith(b".json")]
    texts = [_ask(root, "cat-file", "blob", f"{BRANCH}:./{os.fsdecode(name)}") for name in names]
    return None if None in texts else [text for text in texts if text is not None]


def _ask(root: Path, *words: str) -> bytes | None:
    """Return what git says, None where there is none or it has no answer."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A hook's or a job's own variables name another repository, perhaps.
            env={name: text for name, text in os.environ.items() if not name.startswith("GIT_")},
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
