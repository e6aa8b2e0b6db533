"""How much memory steps may take together on this machine: what is left to this process. Knows no steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/")
_UNLIMITED = 1 << 60
"""What is as much as no limit: version 1 of control groups writes such a number."""


def find_available(root: Path = _ROOT) -> int | None:
    """Return the bytes that this process could still take: of the machine, or of its control groups where that is less.

    None where the system does not tell. What only caches files counts as free.
    """
    return min((*_find_free(root), *_find_left(root)), default=None)


def _find_free(root: Path) -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024


def _find_left(root: Path) -> Iterator[int]:
    """Yield what the limits leave of the groups that this process is in, and of those around them."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if kinds and "memory" not in kinds.split(","):
            continue
        top = root / "sys/fs/cgroup" / ("memory" if kinds else "")
        names = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes") if kinds else ("memory.max", "memory.current")
        )
        place = top / path.lstrip("/")
        # In a container the path may be that of the host, and what is at the top is the container's own.
        for folder in (place, *(each for each in place.parents if each.is_relative_to(top))):
            with contextlib.suppress(OSError, ValueError):
                limit, used = (int((folder / name).read_text()) for name in names)  # "max" is no number
                if limit < _UNLIMITED:
                    yield max(limit - used + _find_cached(folder), 0)


def _find_cached(folder: Path) -> int:
    for line in (folder / "memory.stat").read_text().splitlines():
        name, _, size = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(size)
    return 0
