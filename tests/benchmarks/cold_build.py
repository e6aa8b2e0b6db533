"""What the tool itself costs for each node that runs: `python -m tests.benchmarks.cold_build [NODES]`.

Builds trivial nodes from nothing, in a process of its own each time; CPU seconds a node, Python's start and the import of
the project taken off, beside what the bare calls take. Medians.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.graphs import upstream, write_project

ROUNDS = 5


def measure(folder: Path) -> tuple[float, float, float]:
    """Return CPU seconds of the first build, of the second, and of calling the functions in order."""
    from dagbuild.project import Project

    with contextlib.closing(Project.load(folder)) as project:
        modules = project.modules
        before = time.process_time()
        result = project.build()
        cold = time.process_time() - before
        assert not result.failed
    with contextlib.closing(Project.load(folder)) as project:
        _ = project.modules
        before = time.process_time()
        project.build()
        warm = time.process_time() - before
    functions = {name: f for module in modules for name, f in vars(module).items() if name[0] == "n"}
    before = time.process_time()
    values: list[int] = []
    for number in range(len(functions)):
        values.append(functions[f"n{number}"](*(values[up] for up in upstream(number))))
    return cold, warm, time.process_time() - before


def main(nodes: int) -> None:
    """Print the figures of one size."""
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as scratch:
            write_project(folder := Path(scratch) / "project", nodes)
            run = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.cold_build", "in", str(folder)],
                cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
            )  # fmt: skip
            rounds.append([1000 * float(word) / nodes for word in run.stdout.split()])
    print(f"{nodes:,} trivial nodes, milliseconds of CPU each")
    for title, column in zip(
        ("built from nothing", "built again", "called"), zip(*rounds, strict=True), strict=True
    ):
        print(f"  {title:20}{statistics.median(column):8.4f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["in"]:
        print(*measure(Path(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
