"""What running nodes side by side gains and costs: `python -m tests.benchmarks.side_by_side [CASE...]`.

Every figure is a ratio within one run, of whole commands or of what is done by hand beside them; medians of rounds in
which the ways take turns. Cases: `half` (16 nodes that compute for half a second), `short` (200 of 20 ms), `tiny`
(nodes that do nothing: 10,000), `large` (eight readers of a table of 500 MB), `first` (until the first node runs),
`edited` (eight nodes that do nothing, after an edit).
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

ROUNDS = 3
CORES = len(os.sched_getaffinity(0))

BURN = """
import time

{imports}
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return 1
"""


def run(folder: Path, *words: str, clean: bool = True) -> float:
    """Return the seconds that a build takes, as a command: from nothing, where it is to be a clean one."""
    if clean:
        subprocess.run(["rm", "-rf", str(folder / "cache")], check=True)
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "dagbuild", "build", *words],
        cwd=folder, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    return time.perf_counter() - began


def write(folder: Path, text: str) -> None:
    """Write a project of one module."""
    folder.mkdir(exist_ok=True)
    (folder / "dagbuild.toml").write_text('modules = ["nodes"]\n')
    (folder / "nodes.py").write_text(text)


def by_hand(nodes: int, seconds: float) -> float:
    """Return the seconds that processes forked by hand take for so many calls, as many at a time as there are cores."""
    code = BURN.format(imports="import os") + (
        f"for _ in range({CORES}):\n"
        f"    if not os.fork():\n"
        f"        for _ in range({nodes // CORES}): burn({seconds})\n"
        f"        os._exit(0)\n"
        f"for _ in range({CORES}): os.wait()\n"
    )
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def take_turns(*ways: Callable[[], float]) -> list[float]:
    """Return the median of each way."""
    rounds = [[way() for way in ways] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def burning(folder: Path, nodes: int, seconds: float, imports: str = "") -> None:
    """Write a project of nodes that compute for so long."""
    functions = (f"def n{number}() -> int:\n    return _burn({seconds})\n" for number in range(nodes))
    write(folder, BURN.format(imports=imports).replace("def burn", "def _burn") + "\n\n".join(functions))


def half(folder: Path) -> None:
    burning(folder, 16, 0.5)
    inline, local, hand = take_turns(
        lambda: run(folder, "--executor", "inline"), lambda: run(folder), lambda: by_hand(16, 0.5)
    )
    share = (inline / local) / (16 * 0.5 / hand)
    print(
        f"16 nodes of 0.5 s: {inline / local:.2f} times as fast as inline, {share:.0%} of what forks by hand reach"
    )


def short(folder: Path) -> None:
    burning(folder, 200, 0.02, "import pandas")
    inline, local = take_turns(lambda: run(folder, "--executor", "inline"), lambda: run(folder))
    print(f"200 nodes of 20 ms, with pandas imported: {inline / local:.2f} times as fast as inline")


def tiny(folder: Path) -> None:
    functions = (
        f"def n{n}({f'n{n - 1}: int' if n % 10 else ''}) -> int:\n    return {n}\n" for n in range(10_000)
    )
    write(folder, "\n\n".join(functions))
    inline, local = take_turns(lambda: run(folder, "--executor", "inline"), lambda: run(folder))
    print(f"10,000 trivial nodes: {local / inline:.2f} times the time of inline")


LARGE = """
import numpy as np
import pandas as pd

def table() -> pd.DataFrame:
    return pd.DataFrame({f"c{n}": np.arange(6_250_000, dtype="float64") + n for n in range(10)})
"""


def large(folder: Path) -> None:
    readers = (
        f"def r{n}(table: pd.DataFrame) -> float:\n    return sum(float(table[name].to_numpy().sum()) for name in table) + {n}\n"
        for n in range(8)
    )
    write(folder, LARGE + "\n\n".join(readers))
    run(folder, "table")
    peaks: list[float] = []
    with measuring(peaks):
        one = measure_readers(folder, "r0")
        peaks.clear()
        eight = measure_readers(folder, *(f"r{n}" for n in range(8)))
    print(
        f"8 readers of 500 MB: {eight / one:.2f} times the time of one, "
        f"{max(peaks) / 500:.2f} times the table in memory (PSS of all processes)"
    )


def measure_readers(folder: Path, *targets: str) -> float:
    """Return the seconds of a build that finds the table and runs these."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "dagbuild", "build", *(word for target in targets for word in ("--force", target)), *targets],
        cwd=folder, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    return time.perf_counter() - began


@contextlib.contextmanager
def measuring(peaks: list[float]) -> Iterator[None]:
    """Note again and again how many megabytes all processes below this one have together, shared pages in shares."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            peaks.append(sum(map(_read_pss, _find_below(os.getpid()))))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _find_below(process: int) -> list[int]:
    found, todo = [], [process]
    while todo:
        with contextlib.suppress(OSError):
            each = todo.pop()
            for task in Path(f"/proc/{each}/task").iterdir():
                children = [int(word) for word in (task / "children").read_text().split()]
                found += children
                todo += children
    return found


def _read_pss(process: int) -> float:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:"))
    return 0.0


def first(folder: Path) -> None:
    write(
        folder,
        "import time\nimport pandas\nimport sklearn.linear_model\n\n"
        "def began() -> float:\n    return time.time()\n",
    )

    def node() -> float:
        before = time.time()
        run(folder, "-o", "began.json")
        return float((folder / "began.json").read_text()) - before

    def imports() -> float:
        before = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import nodes"], cwd=folder, check=True)
        return time.perf_counter() - before

    local, alone = take_turns(node, imports)
    print(f"until the first node runs: {local / alone:.2f} times what importing the module takes")


def edited(folder: Path) -> None:
    functions = (
        f"def n{n}(n{(n - 1) // 2}: int) -> int:\n    return n{(n - 1) // 2} + {n}\n" for n in range(1, 200)
    )
    text = "import pandas\n\ndef n0() -> int:\n    return {}\n\n" + "\n\n".join(functions)
    write(folder, text.format(0))
    run(folder, "n199")
    numbers = count(1)

    def edit(executor: str) -> float:
        write(folder, text.format(next(numbers)))
        return run(folder, "n199", "--executor", executor, clean=False)

    inline, local = take_turns(lambda: edit("inline"), lambda: edit("local"))
    print(
        f"eight trivial nodes after an edit, with pandas imported: {local / inline:.2f} times the time of inline"
    )


CASES = {case.__name__: case for case in (half, short, tiny, large, first, edited)}


def main(names: list[str]) -> None:
    """Print a line for each case."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in names or CASES:
            CASES[name](Path(scratch) / name)


if __name__ == "__main__":
    main(sys.argv[1:])
