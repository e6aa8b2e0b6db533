"""Has this file changed, and is its time old enough to tell?

A stamp is what the system says of a file or folder without opening it. Two equal stamps mean that nothing was written
in between only where the first one was settled when it was taken: clocks of file systems tick, and what is written
within a tick bears the same time. Knows paths and numbers, no contents; imports `os`, `sys` and `time` alone, for the
shortest path stands on it. Guards: a settled stamp that is still there means the very bytes that were there.

Nobody can set a change time, so what puts back size and mtime is seen. Two things no stamp tells: stores into a shared
mapping whose page is dirty already (Linux notes the time of the first one only), and writes on a file server whose
clock is behind ours by more than the margin.
"""

import os
import sys
import time

Stamp = tuple[int, int, int, int]
"""Size, mtime, ctime (both in nanoseconds) and inode. Where a file is looked up without its path, add the device."""

TICK_NS = 50_000_000
"""Linux notes times by a clock that ticks every 1 to 10 ms (from 6.13 on a finer one, in part), Windows every 16 ms."""

COARSE_NS = 2_000_000_000 + TICK_NS
"""FAT counts every other second, HFS+ and old ext3 and NFS whole ones, of a clock that ticks as above."""

_COARSE_UNIT_NS = 10_000_000
"""Times in units of this or more are multiples of it (exFAT: 10 ms); others are once in ten million."""

_SEAL = 946_684_800
"""The first second of the year 2000."""

_LINUX_COARSE_CLOCK = 5


def stamp_of(found: os.stat_result) -> Stamp:
    """Return the stamp in a file's stat."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def take_stamp(path: str | int) -> Stamp | None:
    """Return the stamp of what lies at a path, or of an open file; None when there is nothing."""
    try:
        return stamp_of(os.stat(path))
    except OSError:
        return None


def is_settled(stamp: Stamp, moment: int, *, ours: bool = False) -> bool:
    """Tell whether every write after the moment (in nanoseconds since 1970) gives the file another stamp.

    The moment must not be later than the stamp was taken; then what is read from the file next is what the stamp stands
    for. `ours`: only dagbuild writes there, in a cache folder, whose times show by themselves when they are coarse; the
    file of anybody lies anywhere, on a server with a clock of its own too, and is given the long margin.
    """
    newest = newest_time(stamp)
    margin = TICK_NS if ours and newest % _COARSE_UNIT_NS else COARSE_NS
    return moment - newest >= margin  # a time in the future is never old enough


def take_settled(path: str | int, *, ours: bool = False) -> tuple[Stamp | None, bool]:
    """Return a stamp, and whether every write from now on gives another; where there is nothing, that shows always."""
    moment = time.time_ns()  # before the look: a process may be stopped in between for any time
    stamp = take_stamp(path)
    return stamp, stamp is None or is_settled(stamp, moment, ours=ours)


def newest_time(stamp: Stamp) -> int:
    """Return when a file changed last: the ctime; the mtime where the system has no such thing and that is newer."""
    return max(stamp[1], stamp[2])


def to_text(stamp: Stamp | None) -> str:
    """Return a stamp as a text that is compared as stamps are; "-" where there is nothing."""
    return "-" if stamp is None else " ".join(map(str, stamp))


# -- was it written since? -----------------------------------------------------------------------------------


def file_clock() -> int:
    """Return the time as a file system would note it now: what is written later has no earlier ctime."""
    if sys.platform == "linux":
        # Files are stamped by a clock that ticks some hundred times a second and is behind the fine one.
        return time.clock_gettime_ns(_LINUX_COARSE_CLOCK)
    return time.time_ns()


def is_since(changed: int, moment: int) -> bool:
    """Tell whether a ctime may be that of a write since the moment (`file_clock`), however coarse it is."""
    unit = 1
    while unit < _COARSE_UNIT_NS and changed % (10 * unit) == 0:
        unit *= 10
    return changed + (unit if unit < _COARSE_UNIT_NS else COARSE_NS) > moment


# -- has anybody written to it? ------------------------------------------------------------------------------


def seal(path: str) -> None:
    """Give a finished file a time that no write gives; raises OSError."""
    os.utime(path, (_SEAL, _SEAL))


def is_sealed(found: os.stat_result) -> bool:
    """Tell whether nobody has written to a file since it was sealed: old enough from its first moment on."""
    return found.st_mtime_ns == _SEAL * 1_000_000_000
