"""Compare keeping tables with Parquet, pickle, joblib and Hamilton's cache.

    python -m tests.benchmarks.artifacts TOPIC [--scale 1.0] [--rounds 3] [--ways dagbuild,pickle]

Topics: `big` (a gigabyte), `column` (one of 200 changed), `append` (1 % more rows), `wide` (10,000 columns), `small`,
`all`. Every way saves in one fresh process and loads in another, by turns; each number has its ratio to ours, in a
cache folder that has been in use for a while. "at first" is ours, too, in a folder that is new; "elsewhere" and
"elsewhere-new" are ours for what was fetched, of which only reading back counts.
Nothing is asserted.

Folders are removed only after all rounds: ext4 takes ten times as long to make a file while it remembers inodes that
were given back within the last minute, and would charge that to who makes most files.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tests.benchmarks.measure import Cost, bytes_in, cores, cost_of, in_process, middle, print_table, sync
from tests.benchmarks.ways import WAYS

AGAIN = 5

TINY = -1
"""Number of a frame that is saved and loaded before the clock runs: by then all is imported that will be."""


def numbers(rows: int, columns: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({f"c{i}": rng.normal(size=rows) for i in range(columns)})


def texts(rows: int) -> pd.Series:
    ids = pc.cast(pa.array(np.random.default_rng(1).integers(0, 1_000_000, rows)), pa.large_string())
    start, end = pa.scalar("customer", pa.large_string()), pa.scalar(" ", pa.large_string())
    return pd.Series(pc.binary_join_element_wise(start, ids, end), dtype="str")


def big(scale: float) -> Iterator[pd.DataFrame]:
    """12 million rows of 10 numbers and a text: 1.2 GB."""
    rows = int(12_000_000 * scale)
    yield numbers(rows, 10).assign(text=texts(rows))


def column(scale: float) -> Iterator[pd.DataFrame]:
    """200 columns of 500,000 numbers, then the same with one of them changed."""
    frame = numbers(int(500_000 * scale), 200)
    yield frame
    yield frame.assign(c17=frame["c17"] + 1)


def append(scale: float) -> Iterator[pd.DataFrame]:
    """2 million rows of the usual dtypes, then 1 % more."""
    rows = int(2_020_000 * scale)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "float": rng.normal(size=rows), "int": rng.integers(0, 1000, rows), "text": texts(rows),
        "time": pd.date_range("2020", periods=rows, freq="s"), "flag": rng.random(rows) < 0.5,
        "kind": pd.Categorical.from_codes(rng.integers(0, 3, rows), pd.Index(["a", "b", "c"])),
        "gaps": pd.array(rng.integers(0, 9, rows), "Int64"),
    })  # fmt: skip
    yield frame.iloc[: rows * 100 // 101]
    yield frame


def wide(scale: float) -> Iterator[pd.DataFrame]:
    """10,000 columns of 1,000 numbers."""
    yield pd.DataFrame(np.random.default_rng(0).normal(size=(1000, int(10_000 * scale)))).add_prefix("c")


def small(scale: float) -> Iterator[pd.DataFrame]:
    """20 columns of 10,000 numbers."""
    yield numbers(int(10_000 * scale), 20)


TOPICS = {made.__name__: made for made in (big, column, append, wide, small)}


def save(way_name: str, folder: Path, topic: str, scale: float) -> list[tuple[Cost, float, float]]:
    """Return for each frame of a topic what saving took, what bringing it to the disk took, and the new megabytes."""
    way = WAYS[way_name](folder)
    way.settle()
    way.save(TINY, pd.DataFrame({"a": [1.0], "text": ["b"]}))
    found = []

    def bring_to_the_disk() -> None:
        sync(folder)
        way.close()

    for number, frame in enumerate(TOPICS[topic](scale)):
        sync(folder)
        before = bytes_in(folder)
        gc.collect()
        cost, _ = cost_of(way.save, number, frame)
        synced, _ = cost_of(bring_to_the_disk)
        found.append((cost, cost.wall + synced.wall, (bytes_in(folder) - before) / 1e6))
    return found


def load(way_name: str, folder: Path, number: int) -> tuple[Cost, Cost, Cost]:
    """Return what loading took in a process that is new, what it takes from then on, and adding up the numbers."""
    way = WAYS[way_name](folder)
    way.load(TINY)
    first, value = cost_of(lambda: way.load(number))
    again = []
    for _ in range(AGAIN):
        del value
        gc.collect()
        cost, value = cost_of(lambda: way.load(number))
        again.append(cost)
    touched, _ = cost_of(lambda: value.select_dtypes("number").sum())
    return first, middle(again), touched


def compare(topic: str, scale: float, rounds: int, ways: list[str], folder: Path) -> None:
    """Print what a topic costs by each way."""
    saved: dict[str, list[Any]] = {name: [] for name in ways}
    loaded: dict[str, list[Any]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name in ways:
            place = folder / f"{topic}{turn}{name}"
            place.mkdir()
            saved[name].append(in_process(save, name, place, topic, scale))
            loaded[name].append(in_process(load, name, place, len(saved[name][-1]) - 1))
    title = f"{topic}: {TOPICS[topic].__doc__} Scale {scale:g}; {cores()}"
    for number in range(len(saved[ways[0]][0])):
        rows = {}
        for name in ways:
            each = [frames[number] for frames in saved[name]]
            cost = middle([cost for cost, _, _ in each])
            rows[name] = {
                "save": cost.wall, "save cpu": cost.cpu, "to disk": sorted(disk for _, disk, _ in each)[rounds // 2],
                "save memory": cost.memory, "new bytes": each[0][2],
            }  # fmt: skip
        print_table(f"{title}\nframe {number + 1}", rows, ways[0], {"save memory": "MB", "new bytes": "MB"})
    rows = {}
    for name in ways:
        first, again, touched = (middle(costs) for costs in zip(*loaded[name], strict=True))
        rows[name] = {
            "first load": first.wall, "load": again.wall, "load cpu": again.cpu,
            "load memory": max(first.memory, again.memory), "then sum": touched.wall,
        }  # fmt: skip
    print_table("read back in another process", rows, ways[0], {"load memory": "MB"})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("topic", choices=[*TOPICS, "all"])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument(
        "--folder", type=Path, help="on the disk to measure; the system's folder for scratch if not given"
    )
    chosen = parser.parse_args()
    ways = chosen.ways.split(",")
    for name in ways:
        if not WAYS[name].is_there():
            print(f"{name} is left out: '{WAYS[name].library}' is not installed")
    folder = Path(tempfile.mkdtemp(dir=chosen.folder))
    try:
        for topic in TOPICS if chosen.topic == "all" else [chosen.topic]:
            compare(
                topic, chosen.scale, chosen.rounds, [name for name in ways if WAYS[name].is_there()], folder
            )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
