"""What dagbuild has put in the place of a library's own things, and what each of them stands for.

A register outside the things themselves: they bear no mark of ours that others could meet. Knows nothing of why.
Guards: the fingerprint of code that uses them is that of a process in which nothing was put anywhere.
"""

from __future__ import annotations

from typing import Any

_real: dict[int, tuple[Any, Any]] = {}
"""By id; both are kept, so that no other thing comes to have that id."""


def note_stand_in(thing: Any, real: Any) -> None:
    """Remember that `thing`, as it is from now on, stands for `real`."""
    _real[id(thing)] = thing, real


def find_real(thing: Any) -> Any:
    """Return what a thing stands for: itself, unless it was noted."""
    known = _real.get(id(thing))
    return thing if known is None else known[1]


def is_stand_in(thing: Any) -> bool:
    """Tell whether a thing was noted."""
    return id(thing) in _real
