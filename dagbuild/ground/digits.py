"""Texts of whole numbers of any length.

Python writes and reads no more than some 4,300 digits (`sys.set_int_max_str_digits`), since longer ones take time that
grows with the square of their length. A value may be such a number, or hold one. Names nothing else of dagbuild.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

LONGEST = 4300
"""Digits that Python writes and reads unless it is told otherwise."""


@contextlib.contextmanager
def any_length() -> Iterator[None]:
    """Let Python write and read numbers of any length, where a person has asked for their digits."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)


def spell(value: Any, write: Callable[[Any], str] = repr) -> str:
    """Return the whole text of a value that may hold long numbers."""
    try:
        return write(value)
    except ValueError:
        with any_length():
            return write(value)


def tell(value: Any) -> str:
    """Return the text of a value, or what it is where it has none, as a long number and what holds one."""
    try:
        return repr(value)
    except ValueError:
        # numpy prints no count of units that it does not know, either.
        kind = type(value).__name__
        return count_digits(value) if isinstance(value, int) else f"a {kind} that cannot be printed"


def count_digits(number: int) -> str:
    """Return how long a number is, in words."""
    return f"an integer of about {int(number.bit_length() * math.log10(2)) + 1:,} digits"


def is_long(value: Any) -> bool:
    """Tell whether a value is a number that takes long to write, whatever Python is told to write."""
    return isinstance(value, int) and value.bit_length() * math.log10(2) > LONGEST
