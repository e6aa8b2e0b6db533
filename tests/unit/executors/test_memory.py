"""How much memory there is for steps: what the machine has free, or what control groups leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild.executors.memory import find_available
from tests.support import write_files

KIB, GIB = 1024, 1 << 30
MEMINFO = {"proc/meminfo": "MemTotal: 33554432 kB\nMemAvailable: 8388608 kB\n"}


def stat(cached: int) -> str:
    return f"anon 5\ninactive_file {cached}\ntotal_inactive_file {cached}\n"


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, None),
        (MEMINFO, 8 * GIB),
        ({**MEMINFO, "proc/self/cgroup": "0::/\n"}, 8 * GIB),
        (
            {
                **MEMINFO,
                "proc/self/cgroup": "0::/user/job\n",
                "sys/fs/cgroup/user/job/memory.max": "max\n",
                "sys/fs/cgroup/user/job/memory.current": f"{GIB}\n",
                "sys/fs/cgroup/user/memory.max": f"{4 * GIB}\n",
                "sys/fs/cgroup/user/memory.current": f"{3 * GIB}\n",
                "sys/fs/cgroup/user/memory.stat": stat(GIB),
            },
            2 * GIB,
        ),
        (
            {
                **MEMINFO,
                "proc/self/cgroup": "0::/docker/of-the-host\n",
                "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
                "sys/fs/cgroup/memory.current": f"{GIB}\n",
                "sys/fs/cgroup/memory.stat": stat(0),
            },
            GIB,
        ),
        (
            {
                **MEMINFO,
                "proc/self/cgroup": "5:cpu:/a\n4:memory:/a\n",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": f"{3 * GIB}\n",
                "sys/fs/cgroup/memory/a/memory.usage_in_bytes": f"{GIB}\n",
                "sys/fs/cgroup/memory/a/memory.stat": stat(0),
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{GIB}\n",
                "sys/fs/cgroup/memory/memory.stat": stat(0),
            },
            2 * GIB,
        ),
    ],
    ids=[
        "no system of the kind",
        "no groups",
        "no limit",
        "a limit further up",
        "in a container",
        "version 1",
    ],
)
def test_the_least_that_is_left_counts(tmp_path: Path, files: dict[str, str], free: int | None) -> None:
    """Of the machine, the process's group and those around it; caches of files do not count as used."""
    write_files(tmp_path, files)

    assert find_available(tmp_path) == free


def test_this_machine_says_something_sensible() -> None:
    """On Linux; elsewhere nothing limits."""
    free = find_available()

    assert free is None or free > 10 * KIB
