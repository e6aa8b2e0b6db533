"""Places where modules and classes hold data, and what was in them, so that a change shows.

Knows nothing of code, or of whom a change concerns.
"""

from __future__ import annotations

import collections
import pickle
import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from dagbuild.code.protocols import Referrer
from dagbuild.code.references import MISSING

_MANY = 1000
"""Items of a container: of a longer one only the length is looked at."""

_DRAWN = -1
"""In the place of a number of items: a generator of random numbers, with its state."""

_SIMPLE = frozenset(
    {int, str, float, bool, bytes, type(None), complex, FunctionType, type, ModuleType, tuple}
)
_LISTS = (list, collections.deque, bytearray)
_CONTAINERS = (dict, set, *_LISTS)


@dataclass(frozen=True, slots=True)
class Place:
    """A name of a module, or an attribute of a class, that holds data: `home` is the module's globals, or the class."""

    home: Any
    name: str

    def get(self) -> Any:
        """Return what is there now."""
        held: Mapping[str, Any] = self.home if isinstance(self.home, dict) else vars(self.home)
        return held.get(self.name, MISSING)

    def put_back(self, value: Any) -> None:
        """Make a value that `get` has returned be there again; raises what Python or the class does."""
        if isinstance(self.home, dict):
            if value is MISSING:
                self.home.pop(self.name, None)
            else:
                self.home[self.name] = value
        elif value is MISSING:
            delattr(self.home, self.name)
        else:
            setattr(self.home, self.name, value)

    def __hash__(self) -> int:
        return hash((id(self.home), self.name))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and other.home is self.home and other.name == self.name

    def __str__(self) -> str:
        if isinstance(self.home, type):
            return f"{self.home.__module__}.{self.home.__qualname__}.{self.name}"
        return f"{self.home.get('__name__')}.{self.name}"


@dataclass(frozen=True, slots=True)
class Content:
    """What a place held: the value, and what was in it, container by container."""

    value: Any
    inside: tuple[tuple[Any, int, Any], ...]

    def is_as(self, place: Place) -> bool:
        """Tell whether the place holds it still."""
        return place.get() is self.value and all(_is_same(*each) for each in self.inside)

    def is_filled(self, now: Any) -> bool:
        """Tell whether it was changed as a memo is: something came where nothing was, and all the rest is as it was."""
        if now is not self.value and not _is_nothing(self.value):
            return False
        return all(_is_grown(container, copy) for container, _, copy in self.inside if copy is not None)


def look_at(walk: Referrer, value: Any) -> Content:
    """Return what a place holds, so that a change shows."""
    inside: list[tuple[Any, int, Any]] = []
    todo, seen = [value], {id(value)}
    while todo and len(inside) < _MANY:
        each = todo.pop()
        if type(each) in _SIMPLE:
            continue
        if (state := _find_state(each)) is not None:
            inside.append((each, _DRAWN, state))
            continue
        container = each
        if not isinstance(each, _CONTAINERS):
            if not hasattr(each, "__dict__") or not walk.is_project_type(type(each)):
                continue
            container = vars(each)
        count = len(container)
        copy = None if count > _MANY else _copy(container)
        inside.append((container, count, copy))
        for part in () if copy is None else copy.values() if isinstance(copy, dict) else copy:
            if type(part) not in _SIMPLE and id(part) not in seen:
                seen.add(id(part))
                todo.append(part)
    return Content(value, tuple(inside))


def _find_state(value: Any) -> bytes | None:
    """Return the state of a generator of random numbers; None for anything else."""
    try:
        if isinstance(value, random.Random):
            return pickle.dumps(value.getstate())
        if type(value).__module__.startswith("numpy.random"):
            source = getattr(value, "bit_generator", None) or getattr(value, "_bit_generator", value)
            return pickle.dumps(source.state)
    except Exception:  # the system's chance has no state
        return None
    return None


def _copy(container: Any) -> Any:
    if isinstance(container, dict):
        return dict.copy(container)
    return set(container) if isinstance(container, set) else list(container)


def _is_same(container: Any, count: int, copy: Any) -> bool:
    if count == _DRAWN:
        return bool(_find_state(container) == copy)
    if len(container) != count:
        return False
    if copy is None:
        return True
    try:
        return bool((list(container) if isinstance(container, _LISTS) else container) == copy)
    except Exception:  # two arrays, or what else has no truth: one has come in the other's place
        return False


def _is_grown(container: Any, copy: Any) -> bool:
    if isinstance(copy, bytes):
        return bool(_find_state(container) == copy)
    if isinstance(copy, dict):
        return all(
            key not in container or container[key] is old or _is_nothing(old) for key, old in copy.items()
        )
    if isinstance(copy, set):
        return bool(copy <= container)
    return not copy or _is_same(container, len(copy), copy)


def _is_nothing(value: Any) -> bool:
    return value is None or value is MISSING or (type(value) in (dict, list, set, tuple, str) and not value)
