"""What a shared store's history costs who is new to it: `status` of a fresh checkout after one build, and after many.

    python -m tests.benchmarks.history [builds [nodes [edited]]]

A real S3 server on this machine, 20 ms a round trip. Each build publishes as a process of its own, after an edit that
some of the nodes depend on. The ratios are of one run, so that they mean something on a busy machine.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from pathlib import Path

from tests.benchmarks.remote import DELAY, Cost, measure, run_far
from tests.servers.weather import Weather

TIMES = 5


def write(folder: Path, nodes: int, edited: int, edit: int, remote: str) -> None:
    """Write the project as it is after so many edits."""
    folder.mkdir(exist_ok=True)
    lines = [f"EDIT = {edit}\n"]
    lines += [f"def n{n}() -> int:\n    return {n}{' + EDIT' if n < edited else ''}\n" for n in range(nodes)]
    (folder / "nodes.py").write_text("\n\n".join(lines))
    (folder / "dagbuild.toml").write_text(f'modules = ["nodes"]\n{remote}')


def look(weather: Weather, mine: Path, count: int) -> Cost:
    """Return what `status` costs a checkout that has nothing; the median of a few."""
    costs = []
    weather.set(delay=DELAY)
    for _ in range(TIMES):
        fresh = mine.with_name("fresh")
        shutil.copytree(mine, fresh, ignore=shutil.ignore_patterns("cache", "__pycache__"))
        cost, _ = measure(weather, fresh, "status")
        costs.append(cost)
        shutil.rmtree(fresh)
    weather.set()
    found = Cost(*(statistics.median(each) for each in zip(*costs, strict=True)))
    print(
        f"{f'status after {count} builds':24} {found.seconds:6.2f} s  {found.cpu:6.2f} s CPU  {found.requests:.0f} requests",
        flush=True,
    )
    return found


def main(builds: int, nodes: int, edited: int) -> None:
    """Measure and print."""
    with run_far() as (root, weather, remote):
        mine, before = root / "mine", None
        for edit in range(builds):
            write(mine, nodes, edited, edit, remote)
            measure(weather, mine, "build")
            before = before or look(weather, mine, 1)
        after = look(weather, mine, builds)
    assert before is not None
    ratios = [new / old for new, old in zip(after, before, strict=True)]
    print("after / before:           {:5.2f}    {:5.2f}         {:5.2f}".format(*ratios))


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*[*given, *(50, 200, 20)[len(given) :]])
