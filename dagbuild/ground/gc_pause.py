"""Keep Python's garbage collector from looking again and again at what a project's graph is made of.

Thousands of nodes are millions of small objects that last; walking over them took a third of the time of a build of
6,000 small nodes (`python -m tests.benchmarks.cold_build`). Changes when things are collected, never what.
Guards: however often a process builds, what that leaves is collected by and by.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Collect nothing meanwhile: for short work of our own that makes much which lasts and no cycles.

    What it made counts as old afterwards, else the next three collections would walk over all of it.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():  # else somebody else's objects would come back
                gc.freeze()
                gc.unfreeze()
            gc.enable()


@contextmanager
def sparing() -> Iterator[None]:
    """Collect what is made from here on, and leave alone what is there: for as long as nodes run."""
    before = gc.get_freeze_count()
    gc.freeze()
    try:
        yield
    finally:
        if not before:  # else somebody else's objects would come back
            gc.unfreeze()


_GROWTH = 1.25
"""How much more there may be than after the last collection of all: Python's own rule, by which it never comes to one
here, for what it is to count has become old before it looks.
"""

_settled = [0]
"""Blocks of memory that there were after it."""


def collect_grown() -> None:
    """Collect what earlier work has left in cycles, once there is a quarter more of all than after the last time.

    To be called between one piece of work and the next of a process that lives on; it costs some 30 us, and the first
    call collects nothing.
    """
    blocks = sys.getallocatedblocks()
    if blocks <= _GROWTH * _settled[0]:
        return
    if _settled[0] and gc.isenabled():
        gc.collect()
    _settled[0] = sys.getallocatedblocks()


def leave_to_system() -> None:
    """Let the process end without looking once more at all that it made; for commands that run no node.

    The system takes the memory back; to go through the graph of 10,000 nodes for it took a quarter of such a command.
    """
    atexit.register(gc.freeze)
