"""How many threads the libraries of numbers run within one step: so many that steps side by side share the cores."""

from __future__ import annotations

import os
import sys

_VARIABLE = "OMP_NUM_THREADS"
"""What OpenMP, OpenBLAS and MKL read when they are loaded."""


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
        if pool.num_threads and pool.num_threads > count:
            pool.set_num_threads(count)
