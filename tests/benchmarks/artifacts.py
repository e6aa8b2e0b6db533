"""Compare saving and loading of frames with pickle and Parquet: `python -m tests.benchmarks.artifacts [MEGABYTES]`.

Times are medians, taken in turn within one run and given as ratios too, since machines differ. Nothing is asserted.
"""

from __future__ import annotations

import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dagbuild.artifacts import Artifacts
from dagbuild.store.local import LocalStore

REPEATS = 3


class Raw:
    name = "artifact"

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self.folder = folder

    def save(self, frame: pd.DataFrame) -> None:
        self.count += 1  # a fresh folder each time: what is there is not written again
        self.artifacts = Artifacts(LocalStore(self.folder / f"cache{self.count}"))
        self.artifact = self.artifacts.save(frame)

    def load(self) -> Any:
        return self.artifacts.load(self.artifact)


class Pickle:
    name = "pickle"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "frame.pickle"

    def save(self, frame: pd.DataFrame) -> None:
        with self.path.open("wb") as file:
            pickle.dump(frame, file, protocol=5)

    def load(self) -> Any:
        with self.path.open("rb") as file:
            return pickle.load(file)


class Parquet:
    name = "parquet"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "frame.parquet"

    def save(self, frame: pd.DataFrame) -> None:
        frame.to_parquet(self.path)

    def load(self) -> Any:
        return pd.read_parquet(self.path)


def timed(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(title: str, frame: pd.DataFrame) -> None:
    """Print times of all ways for one frame, and how many times longer than ours the others take."""
    with tempfile.TemporaryDirectory() as folder:
        ways = [Raw(Path(folder)), Pickle(Path(folder)), Parquet(Path(folder))]
        times: dict[str, list[list[float]]] = {way.name: [[], [], []] for way in ways}
        for _ in range(REPEATS):
            for way in ways:
                saves, loads, sums = times[way.name]
                saves.append(timed(lambda way=way: way.save(frame)))
                way.load()  # the first load of a process verifies what it reads
                loads.append(timed(way.load))
                loaded = way.load()
                sums.append(timed(lambda loaded=loaded: loaded.select_dtypes("number").sum()))
    print(
        f"\n{title}: {frame.shape[0]:,} x {frame.shape[1]:,}, {frame.memory_usage(index=False).sum() / 1e6:,.0f} MB"
    )
    ours = [statistics.median(t) for t in times["artifact"]]
    for name, taken in times.items():
        middle = [statistics.median(t) for t in taken]
        cells = [
            f"{what} {m:8.4f} s (x{m / o:7.2f})"
            for what, m, o in zip(("save", "load", "sum"), middle, ours, strict=True)
        ]
        print(f"  {name:9}", "  ".join(cells))


def edits(frame: pd.DataFrame) -> None:
    """Print what an edit of a stored frame writes and takes."""
    rows = len(frame)
    tail = rows // 100
    print(f"\nedits of {rows:,} x {frame.shape[1]:,}")
    for title, before, after in (
        ("nothing", frame, frame.copy()),
        ("1 column changed", frame, frame.assign(**{frame.columns[1]: frame[frame.columns[1]] + 1})),
        ("1 % appended", frame.iloc[: rows - tail], frame),
        ("columns reordered", frame, frame[frame.columns[::-1]]),
        ("1 row changed", frame, pd.concat([frame.iloc[:-5], frame.iloc[-5:] * 2])),
    ):
        with tempfile.TemporaryDirectory() as folder:
            artifacts = Artifacts(LocalStore(Path(folder)))
            known = set(artifacts.save(before).blobs)
            start = time.perf_counter()
            artifact = artifacts.save(after)
            taken = time.perf_counter() - start
            new = sum(blob.size for blob in set(artifact.blobs) - known)
        print(f"  {title:18} {taken:7.3f} s, {new / 1e6:9.2f} MB new = {100 * new / artifact.size:6.2f} %")


def memory(frame: pd.DataFrame) -> None:
    """Print how far the process grows above where it stood, while it saves a frame and while it loads it."""
    with tempfile.TemporaryDirectory() as folder:
        artifacts = Artifacts(LocalStore(Path(folder)))
        made: list[Any] = []
        saving = growth(lambda: made.append(artifacts.save(frame)))
        by_rows = pd.DataFrame(np.ascontiguousarray(frame), copy=False)
        strided = growth(lambda: artifacts.save(by_rows))
        loading = growth(lambda: made.append(artifacts.load(made[0])))
        print(
            f"\nmemory: save +{saving:.0f} MB, save one that lies by rows +{strided:.0f} MB, load +{loading:.0f} MB"
        )


def growth(call: Callable[[], Any]) -> float:
    """Return by how many megabytes memory of the process's own peaked above the start, Linux only.

    Pages of mapped files are not counted: the system takes them back as it likes.
    """
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak to what is used now
    before = status("VmHWM")
    mapped = status("RssFile")
    call()
    return status("VmHWM") - before - max(status("RssFile") - mapped, 0)


def status(field: str) -> float:
    """Return a field of the process's status in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def main(megabytes: int) -> None:
    rng = np.random.default_rng(0)
    rows = megabytes * 1_000_000 // 8 // 50
    floats = pd.DataFrame({f"c{i}": rng.normal(size=rows) for i in range(50)})
    memory(floats)
    compare("floats", floats)
    rows = megabytes * 1_000_000 // 60
    mixed = pd.DataFrame({
        "float": rng.normal(size=rows), "int": rng.integers(0, 1000, rows), "text": [f"customer {i}" for i in range(rows)],
        "time": pd.date_range("2020", periods=rows, freq="s"), "kind": pd.Categorical(["a", "b"] * (rows // 2) + ["a"] * (rows % 2)),
        "gaps": pd.array(rng.integers(0, 9, rows), "Int64"), "flag": rng.random(rows) < 0.5,
    })  # fmt: skip
    compare("mixed", mixed)
    rows = megabytes * 1_000_000 // 8 // 200
    edits(pd.DataFrame({f"c{i}": rng.normal(size=rows) for i in range(200)}))
    rows = megabytes * 1_000_000 // 8
    edits(pd.DataFrame({"n": rng.normal(size=rows // 2), "m": rng.normal(size=rows // 2)}))
    compare("wide", pd.DataFrame(rng.normal(size=(1000, 10_000)), columns=[f"c{i}" for i in range(10_000)]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
