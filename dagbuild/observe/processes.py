"""Whether a call had processes of its own: it started some, or some live that were started before.

By what the system tells of this process's children, whoever started them and in whatever way, but for those that are
dagbuild's own. Of those, programs are what was started with a command line; others, as a pool's workers, are handed
functions. Knows nothing of what they do.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_counted = 0
_ours: set[int] = set()


def leave_out(process: int) -> None:
    """Take a child of this process for dagbuild's own: whatever it does, no call has started it."""
    _ours.add(process)


def count_again(process: int) -> None:
    """Forget that, once it has ended: another may get its number."""
    _ours.discard(process)


def count_program() -> None:
    """Remember that a program is about to be started."""
    global _counted  # noqa: PLW0603 - the children are the process's
    _counted += 1


class Processes:
    """Those of a call, from now on."""

    def __init__(self) -> None:
        self._living = _have_children()
        self._ended = _usage_of_ended()
        self._counted = _counted
        self._any = self._living

    def any(self) -> bool:
        """Tell whether there was one until now."""
        self._any = self._any or _have_children() or _usage_of_ended() != self._ended
        return self._any

    def programs(self) -> bool:
        """Tell whether one of them may be a program."""
        return _counted > self._counted or (self._living and _counted > 0)


def _have_children() -> bool:
    if _ours:
        with contextlib.suppress(OSError):
            return not _ours.issuperset(list_children(os.getpid()))
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def list_children(process: int) -> Iterator[int]:
    """Yield a process's children; raises OSError where the system does not tell."""
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # the thread has ended
            yield from map(int, (task / "children").read_text().split())


def _usage_of_ended() -> tuple[float, ...]:
    """Return what ended children have used: more of it when one more has ended."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime, used.ru_stime, used.ru_minflt, used.ru_nvcsw
