"""What `execute` costs behind Hamilton's doors where nothing is kept: `python -m tests.benchmarks.plain_walk [NODES]`.

Functions that do nothing but add, as a chain, as a wide layer that one takes, and as elements of a block; Hamilton and
dagbuild take turns in one process, and medians of their times are compared. Needs Hamilton.
"""

from __future__ import annotations

import importlib
import os
import statistics
import sys
import tempfile
import time
from typing import Any

ROUNDS = 21
LIBRARIES = ("hamilton", "dagbuild")


def write_chain(count: int) -> str:
    """Each takes the one before it."""
    lines = [f"def f{at}(f{at - 1}: int) -> int: return f{at - 1} + 1" for at in range(1, count)]
    return "\n".join(["def f0() -> int: return 0", *lines, f"def last(f{count - 1}: int) -> int: return 1"])


def write_wide(count: int) -> str:
    """All take one, and one takes all."""
    lines = [f"def f{at}(first: int) -> int: return first + {at}" for at in range(count)]
    taken = ", ".join(f"f{at}: int" for at in range(count))
    return "\n".join(["def first() -> int: return 0", *lines, f"def last({taken}) -> int: return 1"])


def write_block(count: int) -> str:
    """One is called for each element."""
    return (
        "from LIBRARY.htypes import Collect, Parallelizable\n"
        f"def each() -> Parallelizable[int]: yield from range({count})\n"
        "def part(each: int) -> int: return each + 1\n"
        "def last(part: Collect[int]) -> int: return sum(part)\n"
    )


SHAPES = {"chain": write_chain, "wide": write_wide, "block": write_block}


def open_driver(library: str, text: str) -> Any:
    """Return the library's driver of a module with this text."""
    module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
        text.replace("LIBRARY", library), f"walked_{library}"
    )
    builder = importlib.import_module(f"{library}.driver").Builder().with_modules(module)
    if "Parallelizable" in text:
        executor = importlib.import_module(f"{library}.execution.executors").SynchronousLocalTaskExecutor()
        builder = builder.enable_dynamic_execution(allow_experimental_mode=True).with_remote_executor(
            executor
        )
    return builder.build()


def main() -> None:
    """Print how long an `execute` takes, for each shape."""
    os.chdir(tempfile.mkdtemp())  # no project is there, so nothing is kept
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 900
    print(f"{count} functions: Hamilton, dagbuild, and how many times Hamilton's time that is")
    for shape, write in SHAPES.items():
        drivers = {library: open_driver(library, write(count)) for library in LIBRARIES}
        seconds: dict[str, list[float]] = {library: [] for library in LIBRARIES}
        for _ in range(ROUNDS):
            for library, driver in drivers.items():
                began = time.perf_counter()
                driver.execute(["last"])
                seconds[library].append(time.perf_counter() - began)
        theirs, ours = (statistics.median(seconds[library]) for library in LIBRARIES)
        print(f"{shape:8} {1000 * theirs:8.1f} ms {1000 * ours:8.1f} ms {ours / theirs:6.2f}")


if __name__ == "__main__":
    main()
