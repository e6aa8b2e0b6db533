"""How a process ended that was to run a step: what its parent heard, and what else is known where it ran. No words.

Little is imported here: what starts such processes may need nothing else.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from pathlib import Path
from typing import NamedTuple

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


class Killings:
    """Tells whether the kernel has killed a process since it was asked last because memory ran out."""

    def __init__(self) -> None:
        self._before = count_out_of_memory()

    def has_more(self) -> bool:
        """Tell that, of this whole machine."""
        before, self._before = self._before, count_out_of_memory()
        return self._before > before


class CutOff(NamedTuple):
    """How a process ended before its step had: None for `end` where nobody could hear it.

    `crash` is what Python's faulthandler could tell, `out_of_memory` whether the kernel has killed a process meanwhile;
    `overdue`: it was ended for the time that it took. `log` is what the step had printed.
    """

    end: End | None
    crash: str
    out_of_memory: bool
    overdue: bool
    log: str
