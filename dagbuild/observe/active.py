"""Which log of reads the running thread reports to.

A thread that a node starts reports to that node's log. A thread that was there before reports to every log that is
open: better a file too many than a stale value. Knows nothing of what is reported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dagbuild.ground.quiet import is_quiet, quiet
from dagbuild.observe.read_log import ReadLog

__all__ = ["find_read_logs", "inherit", "quiet", "reporting"]

_open: list[ReadLog] = []
_by_thread: dict[int, ReadLog] = {}
_inherited = "_dagbuild_read_log"


def find_read_logs() -> Sequence[ReadLog]:
    """Return those that the running thread reports to; none while `quiet` holds in it."""
    if not _open:
        return ()
    ident = threading.get_ident()
    if is_quiet(ident):
        return ()
    mine = _by_thread.get(ident)
    if mine is not None:
        return (mine,)
    # current_thread() would make an object for a foreign thread, inside an audit hook.
    thread = threading._active.get(ident)  # type: ignore[attr-defined]
    mine = getattr(thread, _inherited, None)
    if mine is not None and mine in _open:
        return (mine,)
    return tuple(_open)


@contextmanager
def reporting(read_log: ReadLog) -> Iterator[None]:
    """Report what this thread does, and threads that it starts, to the log."""
    ident = threading.get_ident()
    before = _by_thread.get(ident)
    _by_thread[ident] = read_log
    _open.append(read_log)
    try:
        yield
    finally:
        _open.remove(read_log)
        if before is None:
            del _by_thread[ident]
        else:
            _by_thread[ident] = before


def inherit(thread: threading.Thread) -> None:
    """Let a thread that is about to start report to the log of the one that starts it."""
    if mine := find_read_logs():
        setattr(thread, _inherited, mine[0])
