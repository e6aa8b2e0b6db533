"""How many threads the libraries of numbers run within one step: so many that steps side by side share the cores."""

from __future__ import annotations

import os
import sys

_VARIABLE = "OMP_NUM_THREADS"
"""What OpenMP, OpenBLAS and MKL read when they are loaded."""


class Share:
    """How many threads the step has that runs now: `threads` for each core that it takes."""

    def __init__(self, threads: int) -> None:
        self._threads = self._now = threads

    def fit(self, cpus: float) -> None:
        """Let the next step have the threads of so many cores; `limit_threads` was called with those of one."""
        count = max(1, int(self._threads * cpus))
        if count != self._now:
            limit_threads(count)
            self._now = count


_first: dict[str, int] = {}
"""How many threads each pool had when it was first seen, by its library: so many are never too many."""


def limit_threads(count: int) -> None:
    """Let each pool of BLAS and OpenMP in this process have so many threads at most, also one that is loaded later.

    For a process that steps are forked from. The variable is set for libraries and programs: `os.environ` shows what
    the user has set, as before.
    """
    if _VARIABLE not in os.environ:
        os.putenv(_VARIABLE, str(count))
    if "numpy" not in sys.modules:  # what brings such pools stands on it
        return
    from threadpoolctl import ThreadpoolController

    for pool in ThreadpoolController().lib_controllers:
        if pool.num_threads:
            wanted = min(_first.setdefault(pool.filepath, pool.num_threads), count)
            if wanted != pool.num_threads:
                pool.set_num_threads(wanted)
