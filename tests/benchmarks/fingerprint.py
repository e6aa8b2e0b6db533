"""How long the fingerprints of a project take: `python -m tests.benchmarks.fingerprint [NODES]`.

CPU time, the project imported before. Cold is the first time in a process; warm is the second, as in a notebook or a
long session, when the texts of the modules have been parsed. Each figure is the median of processes of their own.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.graphs import write_project

ROUNDS = 5


def measure(folder: Path) -> tuple[float, float, int]:
    """Return CPU seconds for the manifests of a project, cold and warm, and how many there are."""
    from dagbuild.code.closure import SourceReader
    from dagbuild.code.fingerprint import make_manifests
    from dagbuild.loader import load_graph, load_modules
    from dagbuild.settings import load_settings

    settings = load_settings(folder)
    modules = load_modules(settings.modules, settings.root)
    graph = load_graph(modules, {})
    times = []
    for _ in range(2):
        before = time.process_time()
        found = make_manifests(graph.nodes.values(), SourceReader(modules, str(settings.root)), packages={})
        times.append(time.process_time() - before)
    return times[0], times[1], len(found)


def main(nodes: int) -> None:
    """Print the figures of one size."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        write_project(folder, nodes)
        rounds = []
        for _ in range(ROUNDS):
            run = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.fingerprint", "in", str(folder)],
                cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
            )  # fmt: skip
            rounds.append([float(word) for word in run.stdout.split()])
        cold, warm, count = (statistics.median(column) for column in zip(*rounds, strict=True))
        modules = len(list(folder.glob("part*.py")))
        print(f"{count:,.0f} nodes in {modules} modules")
        print(f"  cold {cold:6.3f} s CPU, {1000 * cold / count:6.3f} ms a node")
        print(f"  warm {warm:6.3f} s CPU, {1000 * warm / count:6.3f} ms a node")


if __name__ == "__main__":
    if sys.argv[1:2] == ["in"]:
        print(*measure(Path(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
