"""How often the output of a process was read, as its reader tells the process itself without a message.

In the file on crashes, which both have.
"""

from __future__ import annotations

import os
import struct

_COUNT = struct.Struct("<Q")
_COUNT_AT = 1 << 20
"""Where in the file on crashes the count is: beyond all that is told of one."""


def tell_read(crash: int, count: int) -> None:
    """Say that what a step printed is about to be read, by an odd `count`, or was read, by the next even one."""
    os.pwrite(crash, _COUNT.pack(count), _COUNT_AT)


def find_reads(crash: int) -> int:
    """Return the count that was told last; while it is odd, somebody reads."""
    data = os.pread(crash, _COUNT.size, _COUNT_AT)
    count: int = _COUNT.unpack(data)[0] if data else 0
    return count
