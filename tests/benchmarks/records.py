"""Look records up, singly and by frontier, beside what joblib and Hamilton do: `python -m tests.benchmarks.records`.

    python -m tests.benchmarks.records [--count 100000] [--peers 5000]

Filled in one process, asked in another; peers get fewer entries, since they take a file or a transaction for each.
A look-up gives the whole record here, the digest of a value with Hamilton, and whether there is one with joblib.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dagbuild.store.local import LocalStore
from dagbuild.testing.records import make_key, make_record
from tests.benchmarks.measure import cores, cost_of, in_process
from tests.benchmarks.ways import WAYS

BATCH = 1000
SINGLE = 2000


def fill(folder: Path, count: int) -> None:
    store = LocalStore(folder)
    for start in range(0, count, BATCH):
        store.put_records([make_record(number) for number in range(start, min(start + BATCH, count))])
    store.close()


def ask(folder: Path, count: int) -> list[tuple[str, int, Any]]:
    """Return what look-ups take: their kind, how many, the cost."""
    chance = random.Random(0)
    keys = [make_key(f"deep {number}") for number in range(count)]
    absent = [make_key(f"absent {number}") for number in range(BATCH)]
    some = chance.choices(keys, k=SINGLE)
    store = LocalStore(folder)
    first, _ = cost_of(lambda: store.find_records([keys[0]]))
    rows: list[tuple[str, int, Any]] = [("the first, which opens the index", 1, first)]
    calls: list[tuple[str, int, Callable[[], Any]]] = [
        ("one at a time", SINGLE, lambda: [store.find_records([key]) for key in some]),
        ("one at a time, absent", BATCH, lambda: [store.find_records([key]) for key in absent]),
        (f"by frontier of {BATCH:,}", BATCH, lambda: store.find_records(chance.sample(keys, BATCH))),
        ("all at once", count, lambda: store.find_records(keys)),
    ]
    for kind, number, call in calls:
        call()
        rows.append((kind, number, cost_of(call)[0]))
    return rows


def given(number: int) -> int:
    return number


def fill_joblib(folder: Path, count: int) -> None:
    from joblib import Memory

    call = Memory(folder, verbose=0).cache(given)
    for number in range(count):
        call(number)


def ask_joblib(folder: Path, count: int) -> list[tuple[str, int, Any]]:
    from joblib import Memory

    call = Memory(folder, verbose=0).cache(given)
    some = random.Random(0).choices(range(count), k=SINGLE)
    call.check_call_in_cache(0)
    return [
        ("one at a time", SINGLE, cost_of(lambda: [call.check_call_in_cache(number) for number in some])[0])
    ]


def fill_hamilton(folder: Path, count: int) -> None:
    from hamilton.caching.stores.sqlite import SQLiteMetadataStore

    store = SQLiteMetadataStore(str(folder))
    store.initialize("run")
    for number in range(count):
        store.set(
            cache_key=f"key{number}", data_version=f"v{number}", run_id="run", node_name="n", code_version="c"
        )


def ask_hamilton(folder: Path, count: int) -> list[tuple[str, int, Any]]:
    from hamilton.caching.stores.sqlite import SQLiteMetadataStore

    store = SQLiteMetadataStore(str(folder))
    some = random.Random(0).choices(range(count), k=SINGLE)
    store.get("key0")
    return [("one at a time", SINGLE, cost_of(lambda: [store.get(f"key{number}") for number in some])[0])]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--peers", type=int, default=5_000)
    chosen = parser.parse_args()
    print(cores())
    for name, fill_it, ask_it, count in (
        ("dagbuild", fill, ask, chosen.count),
        ("joblib", fill_joblib, ask_joblib, chosen.peers),
        ("hamilton", fill_hamilton, ask_hamilton, chosen.peers),
    ):
        if not WAYS[name].is_there():
            print(f"{name} is left out: '{WAYS[name].library}' is not installed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            filled, _ = cost_of(in_process, fill_it, Path(folder), count)
            print(f"\n{name}: {count:,} records, put in {filled.wall:.2f} s")
            for kind, number, cost in in_process(ask_it, Path(folder), count):
                print(
                    f"  {kind:34} {cost.wall / number * 1000:9.4f} ms each (cpu {cost.cpu / number * 1000:.4f}),"
                    f" {number / cost.wall:11,.0f} a second"
                )


if __name__ == "__main__":
    main()
