"""Compare having a frame from a whole `Driver.execute`, all of it up to date, with reading it from Parquet.

    python -m tests.benchmarks.warm_frame [--scale 1.0] [--rounds 5] [--kinds numbers,mixed] [--folder DIR]

Kinds: `numbers` (8 million rows of 10 numbers, 640 MB), `mixed` (2 million rows of the usual dtypes, text among them).
Each round is a fresh process. "first": the first call in it, for which dagbuild still imports parts of itself. "in a
row": one execute after the other, then one Parquet file after the other. "by turns": each execute after a Parquet file,
whose reading leaves nothing of ours in the processor's caches, as a node does that computes with such a frame. All files
are in the page cache. "CPU" is that of the process, all threads together. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from dagbuild.ground.stamps import COARSE_NS
from tests.benchmarks.measure import cores, in_process

AGAIN = 9

PROJECT = """\
import numpy as np
import pandas as pd


def numbers(scale: float) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({f"c{i}": rng.normal(size=int(8_000_000 * scale)) for i in range(10)})


def mixed(scale: float) -> pd.DataFrame:
    rows, rng = int(2_000_000 * scale), np.random.default_rng(0)
    return pd.DataFrame({
        "float": rng.normal(size=rows),
        "int": rng.integers(0, 1000, rows),
        "text": pd.Series(rng.integers(0, 1_000_000, rows)).astype("str"),
        "time": pd.date_range("2020", periods=rows, freq="s"),
        "flag": rng.random(rows) < 0.5,
        "kind": pd.Categorical.from_codes(rng.integers(0, 3, rows), pd.Index(["a", "b", "c"])),
        "gaps": pd.array(rng.integers(0, 9, rows), "Int64"),
    })
"""
KINDS = ("numbers", "mixed")
MODULE = "warm_frame_project"

Times = dict[str, tuple[float, float]]
"""Seconds on the clock and of the processor, by what was timed."""


def open_driver(folder: Path, scale: float) -> Any:
    """Return a driver as a notebook has it; dagbuild is imported before any clock runs."""
    from dagbuild import Driver

    sys.path.insert(0, str(folder))
    module = importlib.import_module(MODULE)
    return Driver({"scale": scale}, module, cache=str(folder / "cache"), executor="inline")


def make(folder: Path, kind: str, scale: float) -> int:
    """Build the frame, write it as Parquet too, and return how many blobs it is."""
    (folder / f"{MODULE}.py").write_text(PROJECT)
    open_driver(folder, scale).execute([kind])[kind].to_parquet(folder / "frame.parquet")
    return sum(path.is_file() for path in (folder / "cache" / "objects").rglob("*"))


def time_of(call: Callable[[], Any]) -> tuple[float, float]:
    """Return what a call takes, without letting go of what it gives."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    value = call()
    taken = time.perf_counter() - wall, time.process_time() - cpu
    del value
    return taken


def middle(times: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the medians."""
    walls, cpus = zip(*times, strict=True)
    return statistics.median(walls), statistics.median(cpus)


def read(folder: Path, kind: str, scale: float) -> dict[str, dict[str, tuple[float, float]]]:
    """Return what each way of reading takes, by how it is asked for."""
    driver = open_driver(folder, scale)
    ways: dict[str, Callable[[], Any]] = {
        "execute": lambda: driver.execute([kind])[kind],
        "parquet": lambda: pd.read_parquet(folder / "frame.parquet"),
    }
    first = {name: time_of(way) for name, way in ways.items()}
    row = {name: middle([time_of(way) for _ in range(AGAIN)]) for name, way in ways.items()}
    turns = [{name: time_of(way) for name, way in ways.items()} for _ in range(AGAIN)]
    by_turns = {name: middle([turn[name] for turn in turns]) for name in ways}
    return {"first": first, "in a row": row, "by turns": by_turns}


def compare(kind: str, scale: float, rounds: int, folder: Path) -> None:
    """Print what a kind of frame takes."""
    folder.mkdir()
    blobs = in_process(make, folder, kind, scale)
    time.sleep(COARSE_NS / 1e9)  # what is younger than that when it is looked at cannot be told by its times
    found = [in_process(read, folder, kind, scale) for _ in range(rounds)]
    print(f"\n{kind}: scale {scale:g}, {blobs} blobs; {cores()}")
    for how in found[0]:
        ours, theirs = (middle([each[how][way] for each in found]) for way in ("execute", "parquet"))
        ratio = statistics.median(each[how]["parquet"][0] / each[how]["execute"][0] for each in found)
        print(
            f"  {how:9} execute {ours[0] * 1e3:7.2f} ms (CPU {ours[1] * 1e3:6.2f})"
            f"   read_parquet {theirs[0] * 1e3:7.1f} ms (CPU {theirs[1] * 1e3:7.1f})   x{ratio:6.1f}"
        )
    sys.stdout.flush()


def main() -> None:
    """Compare, in a folder that is removed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--folder", type=Path, help="on the disk to measure; the system's if not given")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=chosen.folder))
    try:
        for kind in chosen.kinds.split(","):
            compare(kind, chosen.scale, chosen.rounds, folder / kind)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
