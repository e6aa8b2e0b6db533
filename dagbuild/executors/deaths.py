"""Why a process ended that ran a step, in words: what its status says, and what the kernel says of memory."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import struct
import sys
from pathlib import Path
from traceback import FrameSummary
from typing import NamedTuple

from dagbuild.executors.base import Work
from dagbuild.executors.failures import PACKAGE, tell_frames
from dagbuild.executors.unfinished import make_lost
from dagbuild.model.outcome import Failure

_FRAME = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)
_KERNEL = Path("/proc/vmstat")


class End(NamedTuple):
    """How a process ended: its wait status, and the most memory that it had, in bytes."""

    status: int
    memory: int


_END = struct.Struct("<QiQ")

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of the unit in which the system tells the most memory of a process."""


def send_end(to: socket.socket, number: int, end: End) -> None:
    """Tell how a process ended; nobody may be there to hear it."""
    with contextlib.suppress(OSError):
        to.sendall(_END.pack(number, *end))


def receive_end(place: socket.socket) -> tuple[int, End] | None:
    """Wait for an end; return the number of the process, and how it ended. None when nobody tells any more."""
    data = b""
    while len(data) < _END.size:
        try:
            more = place.recv(_END.size - len(data))
        except OSError:
            return None
        if not more:
            return None
        data += more
    number, status, memory = _END.unpack(data)
    return number, End(status, memory)


def count_out_of_memory() -> int:
    """Return how many processes the kernel has killed since it started because memory ran out."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        line = next(line for line in _KERNEL.read_text().splitlines() if line.startswith("oom_kill "))
        return int(line.split()[1])
    return 0


def make_death(work: Work, end: End | None, crash: str, *, out_of_memory: bool) -> Failure:
    """Describe the end of the process that ran a step.

    `crash` is what Python's faulthandler could tell; `out_of_memory` where the kernel has killed a process meanwhile.
    """
    node = work.name
    if end is None:
        return make_lost(work, f"the process that ran '{node}' is gone")
    code = os.waitstatus_to_exitcode(end.status)
    peak = f"; it had up to {_tell_size(end.memory)} of memory"
    if code >= 0:
        text = f"the process that ran '{node}' ended itself with status {code} before it gave a value{peak}"
        return make_lost(work, text)
    text = f"the process that ran '{node}' was ended by {_name_signal(-code)}{peak}"
    if -code == signal.SIGKILL:
        if out_of_memory:
            text += "; the kernel killed a process because memory ran out"
        text += "\n  try: make the value smaller, or let fewer steps run side by side"
    return make_lost(work, text, tell_crash(crash))


def tell_crash(crash: str) -> str:
    """Return the user's frames of what faulthandler has told, as a traceback shows them."""
    found = [FrameSummary(file, int(line), name) for file, line, name in _FRAME.findall(crash)]
    ours = [number for number, frame in enumerate(found) if frame.filename.startswith(PACKAGE)]
    return tell_frames(found[: ours[0] if ours else None][::-1])


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tell_size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
