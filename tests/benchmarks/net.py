"""Time what the net under file reads costs: `python -m tests.benchmarks.net`.

Prints for a call that opens no file, and for some that open 1,000 by themselves, in C or in a process, the time
without the net and with it, and their ratio; then what the first call of a process takes in a project of many folders.
Each is processor time, the best of several rounds, taken in turns.
"""

import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dagbuild.observe import net
from dagbuild.observe.observer import Observer, install
from dagbuild.observe.places import PathNames
from dagbuild.store.file_digests import FileDigests

FILES = 1_000
FOLDERS = 10_000
CALLS = 200
ROUNDS = 5

_LIBC = ctypes.CDLL(None)


def open_none() -> None:
    """Do nothing."""


def open_by_python(folder: Path) -> None:
    """Open and read small files."""
    for number in range(FILES):
        with (folder / f"{number}.txt").open() as file:
            file.read()


def open_in_c(folder: Path) -> None:
    """Open small files where Python does not see it."""
    for number in range(FILES):
        os.close(_LIBC.open(os.fsencode(folder / f"{number}.txt"), 0))


def open_in_process(folder: Path) -> None:
    """Have another program open small files."""
    paths = [str(folder / f"{number}.txt") for number in range(FILES)]
    subprocess.run(["cat", *paths], stdout=subprocess.DEVNULL, check=True)


def observe(root: Path, work: Callable[[], None], *, netted: bool, calls: int) -> float:
    """Return the seconds of a watched call, with its account closed."""
    net._failure = "" if netted else "off"
    kept, net._net = net._net, net._net if netted else None
    start = time.process_time()
    for _ in range(calls):
        observer = Observer(PathNames(root), FileDigests())
        observer.call(work)
        observer.finish()
    took = (time.process_time() - start) / calls
    net._net, net._failure = kept if not netted else net._net, ""
    return took


def compare(name: str, root: Path, work: Callable[[], None], calls: int = 1) -> None:
    """Print the cost of one kind of work."""
    without, with_net = [], []
    for _ in range(ROUNDS):
        without.append(observe(root, work, netted=False, calls=calls))
        with_net.append(observe(root, work, netted=True, calls=calls))
    a, b = min(without), min(with_net)
    print(f"{name:32} {a * 1e3:9.3f} ms {b * 1e3:9.3f} ms  x{b / a:5.2f}")


def main() -> None:
    """Measure calls of several kinds, and a large project."""
    install()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for number in range(FILES):
            (root / f"{number}.txt").write_text(str(number))
        compare("a call that opens none", root, open_none, CALLS)
        compare(f"{FILES} files opened by Python", root, lambda: open_by_python(root))
        compare(f"{FILES} files opened in C", root, lambda: open_in_c(root))
        compare(f"{FILES} files opened by a process", root, lambda: open_in_process(root))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for number in range(FOLDERS):
            (root / str(number % 100) / str(number)).mkdir(parents=True)
        print(f"first call, {FOLDERS} folders: {observe(root, open_none, netted=True, calls=1) * 1e3:.1f} ms")
        compare(f"a later call, {FOLDERS} folders", root, open_none, CALLS)


if __name__ == "__main__":
    main()
