"""Functions for the executors' contract; in a module of their own, which a worker elsewhere can import."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NO_PRICES: dict[str, int] = {}


class Reading:
    """A value of a class of the user's own."""

    def __init__(self, number: int) -> None:
        self.number = number


class LockedError(Exception):
    """An exception that no pickle can hold."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.lock = threading.Lock()


class TwoWordsError(Exception):
    """An exception that pickles, and cannot be made again from what it pickled."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def one() -> int:
    return 1


TRACES: list[int] = []


def leaves_traces() -> int:
    TRACES.append(1)
    raise ConnectionError(f"try {len(TRACES)} of this process")


def reset() -> int:
    raise ConnectionError("reset")


def killed() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def waits_for(path: Path) -> int:
    while not path.exists():
        time.sleep(0.005)
    return 1


def endless(path: Path) -> int:
    """Hold a lock, start a process that holds it too, say so, and come to no end."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.Popen(["sleep", "600"], pass_fds=[lock.fileno()])
        path.touch()
        while True:
            pass


def mark(path: Path) -> int:
    path.touch()
    return 1


def reading(one: int) -> Reading:
    return Reading(one)


def next_number(reading: Reading) -> int:
    return reading.number + 1


def half(whole: int) -> float:
    return divide(whole, 0)


def divide(a: int, b: int) -> float:
    return a / b


def locked() -> int:
    raise LockedError("with a lock")


def two_words() -> int:
    raise TwoWordsError("two", "words")


def lock() -> Any:
    return threading.Lock()


def numbers() -> Iterator[int]:
    yield from range(3)


def total(numbers: Iterator[int]) -> int:
    return sum(numbers)


def chatty() -> int:
    print("working")
    return 1


class UnspeakableError(Exception):
    """An exception that ends the program when it is asked for its text."""

    def __str__(self) -> str:
        raise SystemExit(0)


class Unspeakable:
    """A value that has neither a repr nor a shape, and says so by raising."""

    def __repr__(self) -> str:
        raise SystemExit(0)

    @property
    def shape(self) -> tuple[int]:
        raise KeyError("shape")


class RefusingError(Exception):
    """An exception that no pickle can hold, and that has no text."""

    def __reduce__(self) -> Any:
        raise SystemExit(0)

    def __str__(self) -> str:
        raise ValueError("no text")


def chained() -> int:
    try:
        return NO_PRICES["price"]
    except KeyError as error:
        raise RuntimeError("could not load") from error


def during() -> int:
    try:
        return int("12 monkeys")
    except ValueError:
        raise LockedError("could not clean")  # noqa: B904 - what Python calls "during handling"


def hidden() -> int:
    try:
        return int("12 monkeys")
    except ValueError:
        raise RuntimeError("could not clean") from None


def noted() -> int:
    error = ValueError("bad row")
    error.add_note("it was row 17")
    raise error


def grouped() -> int:
    try:
        return NO_PRICES["price"]
    except KeyError as error:
        inner = ExceptionGroup("inner", [OSError("second")])
        raise ExceptionGroup("several", [LockedError("first"), inner]) from error


def unspeakable(one: Any) -> int:
    raise UnspeakableError("x")


def refusing() -> int:
    raise RefusingError("x") from UnspeakableError("y")


def leaving() -> int:
    raise SystemExit(0)


def ending() -> int:
    try:
        os._exit(0)
    finally:
        return 1  # noqa: B012 - whatever comes after it


class Leaving:
    """A value that ends the program when it is pickled."""

    def __reduce__(self) -> Any:
        raise SystemExit(0)


def leaves_late() -> Leaving:
    return Leaving()


def writing() -> int:
    """Use standard output as plain Python lets it be used, and leave it in disorder."""
    sys.stdout.buffer.write(b"bytes\n")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    subprocess.run(["true"], stdout=sys.stdout, check=True)
    print("0%\r50%\r100%")
    sys.stdout.close()
    return 1
