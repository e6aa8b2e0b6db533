"""Why a process ended that ran a step, in words: what its status says, and what the kernel says of memory."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import NamedTuple

from dagbuild.model.outcome import Failure

_KERNEL = Path("/proc/vmstat")


class End(NamedTuple):
    """How a process ended: its wait status, and the most memory that it had, in bytes."""

    status: int
    memory: int


def count_out_of_memory() -> int:
    """Return how many processes the kernel has killed since it started because memory ran out."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        line = next(line for line in _KERNEL.read_text().splitlines() if line.startswith("oom_kill "))
        return int(line.split()[1])
    return 0


def make_death(node: str, end: End | None, *, out_of_memory: bool) -> Failure:
    """Describe the end of the process that ran a node; `out_of_memory` where the kernel has killed one meanwhile."""
    if end is None:
        return Failure("WorkerDied", f"the process that ran '{node}' is gone", "")
    code = os.waitstatus_to_exitcode(end.status)
    peak = f"; it had up to {_tell_size(end.memory)} of memory"
    if code >= 0:
        text = f"the process that ran '{node}' ended itself with status {code} before it gave a value{peak}"
        return Failure("WorkerDied", text, "")
    text = f"the process that ran '{node}' was ended by {_name_signal(-code)}{peak}"
    if -code == signal.SIGKILL:
        if out_of_memory:
            text += "; the kernel killed a process because memory ran out"
        text += "\n  try: make the value smaller, or let fewer steps run side by side"
    elif -code in _FAULTS:
        text += "\n  try: what native code it calls; the lines above show where Python was, if it could tell"
    return Failure("WorkerDied", text, "")


_FAULTS = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tell_size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
