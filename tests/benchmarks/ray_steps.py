"""What steps on Ray cost beside what is done there by hand: `python -m tests.benchmarks.ray_steps [CASE...]`.

Every figure is a ratio within one run, on one Ray of as many cores as there are; medians of rounds in which the ways take
turns. Builds are of nodes that are forced, in a process that has loaded the project; by hand is `ray.get` of all that was
submitted. Cases: `short` (2,000 steps that compute for 10 ms), `large` (eight readers of a table of 500 MB, which is
stored or put before; serially they run one after the other in this process).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import ray

from dagbuild.plan.events import How
from dagbuild.project.project import Project
from tests.benchmarks.side_by_side import CORES, LARGE, burning, take_turns, write

STEPS, SECONDS, READERS = 2_000, 0.01, 8


def burn(seconds: float) -> int:
    """Compute for so long."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return 1


def read(table: pd.DataFrame) -> float:
    """Read all of a table."""
    return sum(float(table[name].to_numpy().sum()) for name in table)


def by_hand(function: Callable[..., Any], calls: int, *arguments: Any) -> float:
    """Return the seconds that so many calls of a function take as Ray's tasks."""
    task = ray.remote(function)
    began = time.perf_counter()
    ray.get([task.remote(*arguments) for _ in range(calls)])
    return time.perf_counter() - began


def build(project: Project, executor: str, names: list[str]) -> float:
    """Return the seconds that a build of these nodes takes, whatever is stored of them."""
    began = time.perf_counter()
    result = project.build(names, force=names, executor=executor)
    assert not result.names(How.FAILED), result
    return time.perf_counter() - began


def short(folder: Path) -> None:
    burning(folder, STEPS, SECONDS)
    project = Project.load(folder)
    names = [f"n{number}" for number in range(STEPS)]
    hand, ours, local = take_turns(
        partial(by_hand, burn, STEPS, SECONDS),
        partial(build, project, "ray", names),
        partial(build, project, "local", names),
    )
    project.close()
    print(
        f"{STEPS:,} steps of {SECONDS * 1000:.0f} ms: {ours / hand:.2f} times the time of by hand; "
        f"in processes of this machine {local / hand:.2f}"
    )


def large(folder: Path) -> None:
    readers = (
        f"def r{n}(table: pd.DataFrame) -> float:\n"
        f"    return sum(float(table[name].to_numpy().sum()) for name in table) + {n}\n"
        for n in range(READERS)
    )
    write(folder, LARGE + "\n\n".join(readers))
    project = Project.load(folder)
    project.build(["table"], executor="inline")
    table = ray.put(pd.DataFrame({f"c{n}": np.arange(6_250_000, dtype="float64") + n for n in range(10)}))
    names = [f"r{n}" for n in range(READERS)]
    hand, ours, serially = take_turns(
        partial(by_hand, read, READERS, table),
        partial(build, project, "ray", names),
        partial(build, project, "inline", names),
    )
    project.close()
    print(
        f"{READERS} readers of 500 MB: {ours / hand:.2f} times the time of by hand, "
        f"{ours / serially:.2f} times that of one after the other"
    )


CASES = {case.__name__: case for case in (short, large)}


def main(names: list[str]) -> None:
    """Print a line for each case."""
    ray.init(
        "local", num_cpus=CORES, include_dashboard=False, log_to_driver=False, object_store_memory=1 << 30
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name in names or CASES:
            CASES[name](Path(scratch) / name)
    ray.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
