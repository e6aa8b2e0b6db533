"""Time what it costs to watch a node: `python -m tests.benchmarks.observe`.

Prints, for each kind of work, the seconds without and with an observer and their ratio. Each is the best of several
rounds, taken in turns, since a shared machine's clock wanders.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dagbuild.observe.observer import Observer, install
from dagbuild.observe.places import PathNames
from dagbuild.store.file_digests import FileDigests

FILES = 10_000
CALLS = 1_000_000
ROUNDS = 5


def _increment(number: int) -> int:
    return number + 1


def call_a_lot() -> None:
    """Call a small Python function a million times."""
    for number in range(CALLS):
        _increment(number)


def read_variables() -> None:
    """Look one environment variable up 100,000 times."""
    for _ in range(100_000):
        os.environ.get("HOME")


def open_files(folder: Path) -> None:
    """Open and read small files."""
    for number in range(FILES):
        with (folder / f"{number}.txt").open() as file:
            file.read()


def measure(name: str, work: Callable[[], None], folder: Path) -> None:
    """Print the cost of one kind of work."""
    plain, watched, finish = [], [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        plain.append(time.perf_counter() - start)
        observer = Observer(PathNames(folder), FileDigests())
        start = time.perf_counter()
        observer.call(work)
        watched.append(time.perf_counter() - start)
        start = time.perf_counter()
        observer.finish()
        finish.append(time.perf_counter() - start)
    ratio = min(watched) / min(plain)
    print(f"{name:28} {min(plain):7.3f} s {min(watched):7.3f} s  x{ratio:5.2f}  digests {min(finish):6.3f} s")


def main() -> None:
    """Measure calls, look-ups and files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(FILES):
            (folder / f"{number}.txt").write_text(str(number))
        start = time.perf_counter()
        open_files(folder)
        print(f"{FILES} files before the hook is there: {time.perf_counter() - start:.3f} s")
        install()
        measure(f"{CALLS} calls", call_a_lot, folder)
        measure("100000 variable look-ups", read_variables, folder)
        measure(f"{FILES} files opened", lambda: open_files(folder), folder)


if __name__ == "__main__":
    main()
