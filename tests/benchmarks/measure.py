"""Time, memory and bytes of what one process does; processes of their own; tables of what came out.

Timings compare within one run only, as machines differ and are shared: ratios are what counts.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and of the processor, and megabytes that memory of the process's own grew by."""

    wall: float
    cpu: float
    memory: float


def cost_of(call: Callable[..., Any], *arguments: Any) -> tuple[Cost, Any]:
    """Return what a call with these arguments took, and what it gave."""
    before = _begin_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    result = call(*arguments)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Cost(wall, cpu, _end_peak(before)), result


def _begin_peak() -> tuple[float, float]:
    if sys.platform != "linux":
        return 0.0, 0.0
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak to what is used now
    return _status("VmHWM"), _status("RssFile")


def _end_peak(before: tuple[float, float]) -> float:
    """Pages of mapped files are not counted: the system takes them back as it likes."""
    if sys.platform != "linux":
        return float("nan")
    return max(_status("VmHWM") - before[0] - max(_status("RssFile") - before[1], 0), 0)


def _status(field: str) -> float:
    """Return a field of the process's status in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function gives in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def bytes_in(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def sync(folder: Path) -> None:
    """Bring everything written there to the disk, by whichever way it was written."""
    from dagbuild.store.blobs import sync_folder

    sync_folder(folder)


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the medians."""
    return Cost(
        *(statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu", "memory"))
    )


def print_table(
    title: str, rows: Mapping[str, Mapping[str, float]], base: str, units: Mapping[str, str]
) -> None:
    """Print a row for each way, each number with how many times that of `base` it is."""
    print(f"\n{title}")
    columns = list(next(iter(rows.values())))
    print(" " * 10 + "".join(f"{column:>25}" for column in columns))
    for name, row in rows.items():
        cells = []
        for column in columns:
            ours = rows[base][column]
            ratio = f"(x{row[column] / ours:8.2f})" if ours else " " * 11
            cells.append(f"{row[column]:>9.3g} {units.get(column, 's'):2} {ratio}")
        print(f"{name:10}" + "".join(cells))
    sys.stdout.flush()


def cores() -> str:
    """Say what the numbers were made on."""
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}"


class ProcessCost(NamedTuple):
    """Processor seconds and peak of memory in megabytes of one process."""

    seconds: float
    megabytes: float


def run_alone(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> ProcessCost:
    """Run a program in a folder, its output nowhere, and return what it cost; SystemExit where it fails."""
    process = subprocess.Popen(
        words, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode} in {folder}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return ProcessCost(used.ru_utime + used.ru_stime, used.ru_maxrss / unit)
