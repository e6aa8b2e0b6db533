"""What does an edit cost? `python -m tests.benchmarks.edit [--rounds 3] [--modules N] [NODES...]`.

Whole processes of `dagbuild plan`: the first one in a project, when nothing has changed, and after the code of one
function was edited. Processor seconds beyond those of a process that only imports the modules, and the peak of memory.
The least of a few rounds counts, for the machine is shared; what is compared is measured in turns.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.graphs import write_project
from tests.benchmarks.growth import DAGBUILD, REPOSITORY
from tests.benchmarks.measure import ProcessCost, cores, run_alone

IMPORT = "import pathlib; [__import__(path.stem) for path in sorted(pathlib.Path().glob('*.py'))]"


def run(folder: Path, *words: str) -> ProcessCost:
    """Run a program in the project's folder and return what it cost."""
    path = os.pathsep.join([str(REPOSITORY), str(folder)])
    return run_alone(words, folder, {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": ""})


def forget(folder: Path) -> None:
    """Make the next plan the first one: of the cache folder nothing is left."""
    shutil.rmtree(folder / "cache", ignore_errors=True)


def edit(folder: Path) -> None:
    """Edit one function's code, and have the module compiled, as an editor's check or a test would."""
    file = folder / "part0.py"
    text = file.read_text()
    body = text.index("return ", text.index("def n0("))
    file.write_text(f"{text[:body]}return 1 + {text[body + 7 :]}")
    run(folder, sys.executable, "-c", IMPORT)


def settle(folder: Path) -> None:
    """Plan until the plan is told without importing; what is younger than the look cannot be told by its times."""
    time.sleep(2.1)
    for _ in range(2):
        run(folder, *DAGBUILD, "plan")


def measure(folder: Path, rounds: int) -> dict[str, ProcessCost]:
    """Return the least cost of each kind of plan."""
    found: dict[str, list[ProcessCost]] = {}
    steps: Sequence[tuple[str, Callable[[Path], None]]] = (
        ("first", forget),
        ("edited", edit),
        ("unchanged", settle),
    )
    for _ in range(rounds):
        for name, before in steps:
            before(folder)
            bare = run(folder, sys.executable, "-c", IMPORT)
            cost = run(folder, *DAGBUILD, "plan")
            found.setdefault(name, []).append(ProcessCost(cost.seconds - bare.seconds, cost.megabytes))
            found.setdefault("import", []).append(bare)
    return {name: ProcessCost(*map(min, zip(*costs, strict=True))) for name, costs in found.items()}


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("nodes", nargs="*", type=int, default=[100, 1000, 10_000])
    parser.add_argument("--modules", type=int, help="number of modules; one for each 100 nodes")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(cores())
    print("processor seconds beyond the import, and the peak of memory in megabytes")
    print(f"{'nodes':>8}{'import':>15}{'first':>15}{'edited':>15}{'unchanged':>15}")
    for nodes in chosen.nodes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "project"
            write_project(folder, nodes, max(nodes // (chosen.modules or max(nodes // 100, 1)), 1))
            run(folder, sys.executable, "-c", IMPORT)
            costs = measure(folder, chosen.rounds)
        columns = (costs[name] for name in ("import", "first", "edited", "unchanged"))
        print(
            f"{nodes:8,}" + "".join(f"{cost.seconds:9.3f}{cost.megabytes:6.0f}" for cost in columns),
            flush=True,
        )


if __name__ == "__main__":
    main()
