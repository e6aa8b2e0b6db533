"""How much memory this process has, with all those that it has started: what two of them share counts once.

Knows what Linux tells of processes; elsewhere nothing is said. Guards: looking costs next to nothing, however large
they are, for the larger they are the more seldom it is done.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from dagbuild.observe.processes import list_children

_OFTEN = 1.0
"""Seconds from one look to the next, at least."""

_SHARE = 20
"""So many times longer than a look itself took, at least."""


class Memory:
    """What was found when it was looked at last."""

    def __init__(self) -> None:
        self._found: int | None = None
        self._next = 0.0

    def look(self) -> int | None:
        """Return the bytes, as they are or were a moment ago; None where the system does not tell."""
        began = time.monotonic()
        if began >= self._next:
            self._found = measure()
            took = time.monotonic() - began
            self._next = began + took + max(_OFTEN, _SHARE * took)
        return self._found


def measure() -> int | None:
    """Return the bytes that this process and all below it have in memory; None where the system does not tell."""
    try:
        total = _read_share(os.getpid())
        todo = [*list_children(os.getpid())]
    except (OSError, ValueError):
        return None
    while todo:
        process = todo.pop()
        with contextlib.suppress(OSError, ValueError):  # it has ended, or is another user's by now
            total += _read_share(process)
            todo += list_children(process)
    return total


def _read_share(process: int) -> int:
    """Return what a process has in memory, of what it shares its share; raises OSError where nobody tells."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text("ascii", "replace")
    return int(text.partition("\nPss:")[2].split(maxsplit=1)[0]) * 1024 if "\nPss:" in text else 0
