"""What a tool itself costs for each node: `python -m tests.benchmarks.cold_build [NODES]`.

Trivial functions, two upstreams each, built from nothing and then again, every time in a process of its own; CPU
milliseconds a node, imports taken off. Beside it what Hamilton's cache and joblib's take where they are installed, and
the bare calls. Medians.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.benchmarks.graphs import upstream, write_project

ROUNDS = 3


def build_with_dagbuild(folder: Path, _modules: list[ModuleType], target: str) -> Any:
    from dagbuild.project.project import Project

    with contextlib.closing(Project.load(folder)) as project:
        result = project.build([target], values=True)
        return result.values[target]


def build_with_hamilton(folder: Path, modules: list[ModuleType], target: str) -> Any:
    from hamilton import driver

    sys.setrecursionlimit(1_000_000)  # it follows a chain by calls

    built = driver.Builder().with_modules(*modules).with_cache(path=str(folder / ".hamilton")).build()
    return built.execute([target])[target]


def build_with_joblib(folder: Path, modules: list[ModuleType], target: str) -> Any:
    import joblib

    memory = joblib.Memory(folder / ".joblib", verbose=0)
    return call_all(modules, target, memory.cache)


def call_all(modules: list[ModuleType], target: str, wrap: Callable[[Any], Any] = lambda f: f) -> Any:
    """Call the functions one after the other, as a script would."""
    functions = {name: f for module in modules for name, f in vars(module).items() if name[0] == "n"}
    values: list[Any] = []
    for number in range(len(functions)):
        values.append(wrap(functions[f"n{number}"])(*(values[up] for up in upstream(number))))
    return values[int(target[1:])]


WAYS: dict[str, tuple[str, Callable[[Path, list[ModuleType], str], Any]]] = {
    "dagbuild": ("dagbuild", build_with_dagbuild),
    "hamilton": ("hamilton", build_with_hamilton),
    "joblib": ("joblib", build_with_joblib),
    "bare calls": ("sys", lambda _folder, modules, target: call_all(modules, target)),
}


def measure(way: str, folder: Path) -> tuple[float, Any]:
    """Return the CPU seconds that one way takes in this process, and the target's value."""
    sys.path.insert(0, str(folder))
    modules = [importlib.import_module(path.stem) for path in sorted(folder.glob("part*.py"))]
    target = f"n{sum(1 for module in modules for name in vars(module) if name[0] == 'n') - 1}"
    library, build = WAYS[way]
    importlib.import_module("dagbuild.project.project" if library == "dagbuild" else library)
    before = time.process_time()
    value = build(folder, modules, target)
    return time.process_time() - before, value


def run(way: str, folder: Path) -> tuple[float, str]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.cold_build", "in", way, str(folder)]
    done = subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    seconds, value = done.stdout.splitlines()[-1].split()
    return float(seconds), value


def main(nodes: int) -> None:
    """Print a line for each way."""
    print(f"{nodes:,} trivial nodes, CPU ms each   from nothing      again")
    values = set()
    # Deleted at the end: for a minute after many files are deleted, ext4 takes ten times as long to make new ones.
    with tempfile.TemporaryDirectory() as scratch:
        for way, (library, _) in WAYS.items():
            if importlib.util.find_spec(library) is None:
                print(f"  {way:28} not installed")
                continue
            taken: list[tuple[float, float]] = []
            for number in range(ROUNDS):
                folder = Path(scratch) / f"{library}{number}"
                write_project(folder, nodes)
                cold, again = run(way, folder), run(way, folder)
                values |= {cold[1], again[1]}
                taken.append((cold[0], again[0]))
            cells = [1000 * statistics.median(column) / nodes for column in zip(*taken, strict=True)]
            print(f"  {way:28}{cells[0]:14.3f} {cells[1]:10.3f}")
    assert len(values) == 1, values


if __name__ == "__main__":
    if sys.argv[1:2] == ["in"]:
        print(*measure(sys.argv[2], Path(sys.argv[3])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
