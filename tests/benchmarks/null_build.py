"""How much CPU time it takes to find that there is nothing to do: `python -m tests.benchmarks.null_build [N ...]`.

Whole processes, user and system time, medians; every figure beside `python -c pass` of the same round, since the load of
a machine changes by the minute. ninja and doit are measured on the same graph where they are installed.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.graphs import upstream, write_project

ROUNDS = 9
REPOSITORY = Path(__file__).parents[2]
PYTHON = [sys.executable, "-c"]
DAGBUILD = [*PYTHON, "import sys; from dagbuild.__main__ import main; sys.exit(main())"]
FLOOR = "python -c pass"


def measure(command: Sequence[str], folder: Path) -> float:
    """Return the CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_ninja(folder: Path, nodes: int) -> None:
    """Write the same graph as files that `cp` makes."""
    lines = ["rule make", "  command = touch $out"]
    for number in range(nodes):
        lines.append(f"build out{number}: make {' '.join(f'out{up}' for up in upstream(number))}")
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")


def write_doit(folder: Path, nodes: int) -> None:
    """Write the same graph as tasks with files."""
    (folder / "dodo.py").write_text(
        f"def task_make():\n    for n in range({nodes}):\n"
        "        ups = [n - 1, n // 2] if n > 2 else []\n"
        "        yield dict(name=str(n), file_dep=[f'doit{u}' for u in sorted(set(ups))],\n"
        "                   targets=[f'doit{n}'], actions=[(make, [n])])\n\n\n"
        "def make(n):\n    open(f'doit{n}', 'w').write(str(n))\n"
    )


def prepare(folder: Path, nodes: int) -> Mapping[str, Sequence[str]]:
    """Make the project, build it until there is nothing left to do, and return the commands to measure."""
    write_project(folder, nodes)
    commands: dict[str, Sequence[str]] = {
        FLOOR: [*PYTHON, "pass"],
        'python -c "import click"': [*PYTHON, "import click"],
        'python -c "import pandas"': [*PYTHON, "import pandas"],
        "dagbuild TARGET": [*DAGBUILD, f"n{nodes - 1}"],
        "dagbuild status": [*DAGBUILD, "status"],
        "dagbuild plan (from the snapshot)": [*DAGBUILD, "plan"],
    }
    if shutil.which("ninja"):
        write_ninja(folder, nodes)
        commands["ninja"] = ["ninja"]
    if nodes <= 1000 and shutil.which("doit"):
        write_doit(folder, nodes)
        commands["doit"] = ["doit", "-v0"]
    for command in commands.values():
        measure(command, folder)
    time.sleep(2.1)  # what is younger than the look cannot be told by its times
    for _ in range(2):
        for command in commands.values():
            measure(command, folder)
    return commands


def main(sizes: Sequence[int]) -> None:
    """Print a table for each size."""
    for nodes in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "project"
            commands = prepare(folder, nodes)
            taken: dict[str, list[float]] = {name: [] for name in commands}
            for _ in range(ROUNDS):
                for name, command in commands.items():
                    taken[name].append(measure(command, folder))
            ratios = {
                name: statistics.median(t / floor for t, floor in zip(times, taken[FLOOR], strict=True))
                for name, times in taken.items()
            }
            print(f"\n{nodes:,} nodes{'':28}CPU ms   times `{FLOOR}`")
            for name, times in taken.items():
                print(f"  {name:36}{statistics.median(times) * 1000:8.1f}   {ratios[name]:6.2f}")


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [100, 1000, 10_000])
