"""Functions for the executors' contract; in a module of their own, which a worker elsewhere can import."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


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
