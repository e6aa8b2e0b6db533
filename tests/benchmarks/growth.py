"""By which power of its size does what a command costs grow? `python -m tests.benchmarks.growth [--rounds 2] [NAME...]`.

Whole processes, their processor time and peak of memory, at four sizes each; what does not grow, such as starting Python,
is told from what does. The least of a few rounds counts, for the machine is shared. Ends with status 1 where time or
memory grows by a power of more than 1.15. NAME is a part of rows' names. Each command has a row, or stands in `APART`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dagbuild.ground.digest import digest_text
from dagbuild.model.record import Manifest, Part
from dagbuild.store.local import LocalStore
from dagbuild.testing.records import make_record
from tests.benchmarks.graphs import write_project
from tests.benchmarks.measure import ProcessCost, cores, in_process, run_alone

MOST = 1.15
"""The greatest power that passes; sorting and deeper tables cost a little more for each of many."""

LEAST_SECONDS = 0.1
LEAST_MEGABYTES = 12.0
"""What grows by less than these, in all, does not grow: two runs of one command differ as much."""

REPOSITORY = Path(__file__).parents[2]

DAGBUILD = [sys.executable, "-c", "import sys; from dagbuild.__main__ import main; sys.exit(main())"]
HISTORY_NODES = 200


def run(folder: Path, *words: str) -> ProcessCost:
    """Run a command in the folder and return what it cost."""
    return run_alone([*DAGBUILD, *words], folder, {**os.environ, "PYTHONPATH": str(REPOSITORY)})


def write_graph(folder: Path, size: int) -> None:
    """Write a project of so many nodes in a chain, with arrows all along it, and build it."""
    write_project(folder, size)
    run(folder, f"n{size - 1}")
    time.sleep(2.1)  # what is younger than the look cannot be told by its times
    for _ in range(2):
        for command in ((f"n{size - 1}",), ("status",), ("plan",)):
            run(folder, *command)


def write_many(decorator: str, kind: str, parameters: str, value: str) -> Callable[[Path, int], None]:
    """Return what writes a project of one function under a decorator that makes so many nodes of it."""

    def write(folder: Path, size: int) -> None:
        entry = 'c{}={{"x": dagbuild.value({})}}' if decorator == "parameterize" else '"c{}"'
        entries = ", ".join(entry.format(number, number) for number in range(size))
        folder.mkdir(parents=True)
        (folder / "dagbuild.toml").write_text('modules = ["nodes"]\n')
        (folder / "nodes.py").write_text(
            f"import dagbuild\n{'import pandas as pd' if 'pd.' in kind else ''}\n\n"
            f"SIZE = {size}\n\n\n@dagbuild.{decorator}({entries})\ndef table({parameters}) -> {kind}:\n"
            f"    return {value}\n"
        )

    return write


def write_history(folder: Path, size: int) -> None:
    """Write a project with one node and the records of many builds of many."""
    folder.mkdir(parents=True)
    (folder / "dagbuild.toml").write_text('modules = ["nodes"]\n')
    (folder / "nodes.py").write_text("def node0() -> int:\n    return 1\n")
    in_process(
        put_records, folder, size
    )  # whose memory is not what the processes that are measured begin with
    run(folder, "build")


def put_records(folder: Path, size: int) -> None:
    """Put the records, each of another value, into the project's cache."""
    parts = tuple(Part("package", f"package{n}", digest_text(str(n)), "1.0", "nodes.py:1") for n in range(15))
    store = LocalStore(folder / "cache")
    for start in range(0, size, 1000):
        numbers = range(start, min(start + 1000, size))
        store.put_records(
            [
                make_record(n, node=f"node{n % HISTORY_NODES}", run=f"r{n // 1000}", manifest=Manifest(parts))
                for n in numbers
            ]
        )
    store.close()


def write_shared(folder: Path, size: int, *, near: int | None = None) -> None:
    """Write a project whose remote has the records of many builds, and its cache all of them, or `near` others."""
    folder.mkdir(parents=True)
    (folder / "shared").mkdir()
    (folder / "dagbuild.toml").write_text(f'modules = ["nodes"]\n[remote]\nurl = "file://{folder}/shared"\n')
    (folder / "nodes.py").write_text("def node0() -> int:\n    return 1\n")
    in_process(put_records, folder, size)
    run(folder, "push")
    if near is not None:
        forget_values(folder)
        in_process(put_records, folder, near)


def write_shared_beside_few(folder: Path, size: int) -> None:
    """Write a project with little in its cache and very much in its remote."""
    write_shared(folder, size, near=100)


def write_blobs(folder: Path, size: int) -> None:
    """Write a project of so many nodes whose values are blobs, and publish them."""
    folder.mkdir(parents=True)
    (folder / "shared").mkdir()
    (folder / "dagbuild.toml").write_text(f'modules = ["nodes"]\n[remote]\nurl = "file://{folder}/shared"\n')
    entries = ", ".join(f'c{number}={{"x": dagbuild.value({number})}}' for number in range(size))
    (folder / "nodes.py").write_text(
        "import dagbuild\nimport numpy as np\n\n\n"
        f"@dagbuild.parameterize({entries})\ndef table(x: int) -> np.ndarray:\n"
        "    return np.full(2000, x)\n"
    )
    run(folder, "build")
    run(folder, "push")


def write_frame(folder: Path, size: int) -> None:
    """Write a project of one node, a frame of so many rows, and build it."""
    folder.mkdir(parents=True)
    (folder / "dagbuild.toml").write_text('modules = ["nodes"]\n')
    (folder / "nodes.py").write_text(
        "import numpy as np\nimport pandas as pd\n\n\ndef frame() -> pd.DataFrame:\n"
        f"    return pd.DataFrame({{name: np.random.default_rng(7).random({size}) for name in 'abc'}})\n"
    )
    run(folder, "build")


def forget_values(folder: Path) -> None:
    """Make the next build begin from nothing."""
    shutil.rmtree(folder / "cache", ignore_errors=True)


def lose_index(folder: Path) -> None:
    """Take away what tells where records lie."""
    shutil.rmtree(folder / "cache" / "index", ignore_errors=True)


def edit_helper(folder: Path) -> None:
    """Change a helper that all nodes reach; a comment, so that they stay fresh."""
    with (folder / "helpers.py").open("a") as file:
        file.write("# seen\n")


def nothing(folder: Path) -> None:
    """Leave a project as it is."""


@dataclass(frozen=True)
class Row:
    """A command on a kind of project, at four sizes; `before` makes the project ready each time.

    In the words, "{last}" stands for the last node of a graph.
    """

    name: str
    write: Callable[[Path, int], None]
    sizes: tuple[int, int, int, int]
    words: tuple[str, ...]
    before: Callable[[Path], None] = nothing


COLUMNS = write_many(
    "extract_columns", "pd.DataFrame", "", 'pd.DataFrame({f"c{i}": [i] for i in range(SIZE)})'
)
FIELDS = write_many("extract_fields", "dict[str, int]", "", '{f"c{i}": i for i in range(SIZE)}')
ELEMENTS = write_many("unpack_fields", "tuple[int, ...]", "", "tuple(range(SIZE))")
PARAMETERS = write_many("parameterize", "int", "x: int", "x")
NODES, DRAWN, PARTS, BLOBS, RECORDS, SHARED, LENGTHS = (
    (1000, 2000, 4000, 8000),
    (125, 250, 500, 1000),
    (500, 1000, 2000, 4000),
    (1000, 2000, 4000, 8000),
    (10_000, 20_000, 40_000, 80_000),
    (2500, 5000, 10_000, 20_000),
    (250_000, 500_000, 1_000_000, 2_000_000),
)

ROWS = [
    Row("build of nothing", write_graph, NODES, ("build",)),
    Row("status", write_graph, NODES, ("status",)),
    Row("plan", write_graph, NODES, ("plan",)),
    Row("status after an edit", write_graph, NODES, ("status",), edit_helper),
    Row("explain NODE", write_graph, NODES, ("explain", "{last}")),
    Row("lineage NODE", write_graph, NODES, ("lineage", "{last}")),
    Row("list", write_graph, NODES, ("list",)),
    Row("check", write_graph, NODES, ("check",)),
    Row("graph, text", write_graph, NODES, ("graph",)),
    Row("graph, svg", write_graph, DRAWN, ("graph", "-o", "graph.svg")),
    Row("build, extract_columns", COLUMNS, PARTS, ("build",), forget_values),
    Row("build, extract_fields", FIELDS, PARTS, ("build",), forget_values),
    Row("build, unpack_fields", ELEMENTS, PARTS, ("build",), forget_values),
    Row("build, parameterize", PARAMETERS, PARTS, ("build",), forget_values),
    Row("stats", write_history, RECORDS, ("stats",)),
    Row("log", write_history, RECORDS, ("log",)),
    Row("log NODE", write_history, RECORDS, ("log", "node7")),
    Row("gc --dry-run", write_history, RECORDS, ("gc", "--dry-run")),
    Row("lost index", write_history, RECORDS, ("status",), lose_index),
    Row("verify", write_history, RECORDS, ("verify",)),
    Row("doctor", write_history, RECORDS, ("doctor",)),
    Row("push, all is there", write_shared, SHARED, ("push",)),
    Row("push, little is here", write_shared_beside_few, SHARED, ("push",)),
    Row("verify --remote", write_shared, SHARED, ("verify", "--remote")),
    Row("gc --remote", write_shared, SHARED, ("gc", "--remote")),
    Row("fetch", write_blobs, BLOBS, ("fetch",), forget_values),
    Row("verify --remote --read", write_blobs, BLOBS, ("verify", "--remote", "--read")),
    Row("show NODE", write_frame, LENGTHS, ("show", "frame")),
    Row("export NODE", write_frame, LENGTHS, ("export", "frame", "frame.parquet")),
]
APART = {
    "debug": "waits for a person",
    "pin": "changes the project each time; it reads one value, as `show` does",
    "unpin": "changes the project each time, and reads no graph",
    "pins": "looks at as many nodes as are pinned",
    "accept": "changes the project each time; it looks at one node, as `explain` does",
    "key": "knows no project",
    "init": "knows no project",
    "migrate": "knows no project",
    "watch": "runs builds, which have a row",
}
"""Commands without a row, and why."""


def find_power(sizes: Sequence[int], costs: Sequence[float], least: float) -> float:
    """Return the power p for which the line a + b * size**p lies nearest to the costs: mostly, to those at the top.

    0 where they grow by less than `least` in all. What a command costs on next to nothing is `a`; it is not measured,
    since small projects are spared some of what others cost (Python's garbage collector hardly runs for them).
    """
    if costs[-1] - costs[0] < least:
        return 0.0
    powers = [step / 100 for step in range(20, 301)]
    return min(powers, key=lambda power: _miss([(size / sizes[-1]) ** power for size in sizes], costs))


def _miss(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return the sum of squares by which the best line through the points misses them."""
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)
    return sum((b - y - slope * (a - x)) ** 2 for a, b in zip(xs, ys, strict=True))


def measure(row: Row, folders: Mapping[int, Path], rounds: int) -> dict[int, ProcessCost]:
    """Return the least cost of each size."""
    found: dict[int, list[ProcessCost]] = {size: [] for size in folders}
    for turn in range(rounds + 1):
        for size, folder in folders.items():
            row.before(folder)
            cost = run(folder, *(word.format(last=f"n{size - 1}") for word in row.words))
            if turn:  # the first one warms up
                found[size].append(cost)
    return {size: ProcessCost(*map(min, zip(*costs, strict=True))) for size, costs in found.items()}


def prepare(scratch: Path, row: Row, made: dict[tuple[int, int], Path]) -> dict[int, Path]:
    """Return the row's project of each size; those that other rows had are in `made`."""
    folders: dict[int, Path] = {}
    for size in row.sizes:
        key = id(row.write), size
        if key not in made:
            made[key] = scratch / str(len(made))
            row.write(made[key], size)
        folders[size] = made[key]
    return folders


def main(scratch: Path) -> None:
    """Print a row for each command, and end with status 1 if one of them grows too fast."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    rows = [row for row in ROWS if not chosen.names or any(name in row.name for name in chosen.names)]
    print(cores())
    print(f"{'':24}{'size':>32}{'CPU seconds':>28}{'power':>7}{'peak, MB':>22}{'power':>7}")
    fast = []
    made: dict[tuple[int, int], Path] = {}
    for row in rows:
        costs = measure(row, prepare(scratch, row, made), chosen.rounds)
        seconds = find_power(row.sizes, [cost.seconds for cost in costs.values()], LEAST_SECONDS)
        memory = find_power(row.sizes, [cost.megabytes for cost in costs.values()], LEAST_MEGABYTES)
        print(
            f"{row.name:24}{' '.join(f'{size:>7,}' for size in row.sizes):>32}"
            f"{' '.join(f'{cost.seconds:6.2f}' for cost in costs.values()):>28}{seconds:7.2f}"
            f"{' '.join(f'{cost.megabytes:4.0f}' for cost in costs.values()):>22}{memory:7.2f}",
            flush=True,
        )
        fast += [row.name] if max(seconds, memory) > MOST else []
    if fast:
        raise SystemExit(f"grows by a power of more than {MOST}: {', '.join(fast)}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
