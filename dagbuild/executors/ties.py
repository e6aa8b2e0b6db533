"""See that a process ends when its parent does, whatever that died of; on systems that can."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def load_tie() -> Callable[[int], bool]:
    """Return what ties this process, or one that is forked from it, to its parent; it tells whether that is there."""
    prctl = _load_prctl()

    def tie(parent: int) -> bool:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return os.getppid() == parent  # else it went before that was said

    return tie


def loosen() -> None:
    """Undo that: this process learns of its parent's end in another way, and has something left to do then."""
    _load_prctl()(_PR_SET_PDEATHSIG, 0, 0, 0, 0)


def _load_prctl() -> Callable[..., object]:
    try:
        prctl: Callable[..., object] = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return lambda *_: None
    return prctl


def step_behind(parent: int, *descriptors: int) -> bool:
    """Go on in a child of this process, which lets go of the descriptors and stays until that ends.

    For whose parent, before it ends, kills its children. Both are tied: this one to its parent, the child to this one.
    False where the parent is gone.
    """
    tie = load_tie()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for others to hear
    if not tie(parent):
        return False
    between = os.getpid()
    if process := os.fork():
        for descriptor in descriptors:
            os.close(descriptor)
        os.waitpid(process, 0)
        os._exit(0)
    return tie(between)
