"""Whether this process can be copied by a fork, and the copy be trusted to work.

A copy has the one thread that forked. What other threads were about is left as it stood: a pool that was started while
the project was imported has no workers there, and whoever hands it work waits for ever. Threads of our own, and those
of a program that we run in (a notebook's kernel, say), are no step's concern. Knows threads, no steps.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from dagbuild.ground.quiet import is_quiet

_TASKS = Path("/proc/self/task")

_SURVIVE = ("jemalloc_bg_thd", "polars-ooc-clea", "ZMQbg/")
"""How threads are called whose loss is known to harm no step: their libraries see to forks, only tidy up in them, or
are a notebook's."""

APART = (
    "steps run in processes that import the project by themselves, or in this one where only it has their code, "
    "because {}"
)
"""Said of what keeps this process from being copied."""

ALONE = (
    "steps run in this process, one after the other, because none can be started for them: {}; "
    "try: look at what sys.executable is here, and how many processes the system allows"
)
"""Said of what keeps any other from being there."""


def find_obstacle() -> str | None:
    """Return why this process had better not be forked, in words that follow "because"; None when it can be."""
    if sys.platform != "linux":
        return "libraries of this system do not work in a process that was forked"
    frames = sys._current_frames()
    host = set(_find_packages(sys._getframe()))
    for thread in threading.enumerate():
        if thread is threading.current_thread() or is_quiet(thread.ident or 0):
            continue
        *_, starter = ("", *_find_packages(frames.get(thread.ident or 0)))
        if starter not in host:
            return f"the thread '{thread.name}' runs here, which no copy of the process has"
    return _find_native()


def _find_packages(frame: FrameType | None) -> Iterator[str]:
    """Yield the packages whose functions stand in a stack, innermost first, but for Python's own, ours and scripts."""
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in sys.stdlib_module_names and package not in ("dagbuild", "__main__"):
            yield package
        frame = frame.f_back


def _find_native() -> str | None:
    """Look for threads that libraries have started without Python."""
    known = {thread.native_id for thread in threading.enumerate()}
    names = []
    for task in _TASKS.iterdir():
        if int(task.name) not in known:
            try:
                names.append((task / "comm").read_text().strip())
            except OSError:  # it has ended
                continue
    own = (_TASKS.parent / "comm").read_text().strip()
    foreign = [name for name in names if name != own and not name.startswith(_SURVIVE)]
    if foreign:
        return f"a library that was imported has started threads ('{foreign[0]}'), which no copy of it has"
    if _uses_openmp(names.count(own)):
        return "a library that was imported has run loops by OpenMP, which its copy could not"
    return None


def _uses_openmp(unnamed: int) -> bool:
    """Tell whether some of so many threads without a name of their own may be OpenMP's.

    Those of OpenBLAS end before a fork and start anew after it, and Arrow makes its pools again in the copy.
    """
    if not unnamed:
        return False
    from threadpoolctl import threadpool_info  # only where there are threads to tell apart

    pools = threadpool_info()
    if all(pool["user_api"] != "openmp" for pool in pools):
        return False
    blas: int = sum(pool["num_threads"] - 1 for pool in pools if pool["internal_api"] == "openblas")
    arrow = sys.modules.get("pyarrow")
    pooled: int = arrow.cpu_count() + arrow.io_thread_count() if arrow else 0
    return unnamed > blas + pooled
