"""See that a process ends when its parent does, whatever that died of; on systems that can."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def load_tie() -> Callable[[int], bool]:
    """Return what ties this process, or one that is forked from it, to its parent; it tells whether that is there."""
    try:
        prctl: Callable[..., int] = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return lambda parent: os.getppid() == parent

    def tie(parent: int) -> bool:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return os.getppid() == parent  # else it went before that was said

    return tie
