"""Places where modules, classes and functions hold data, and what was in them: a change shows, and can be undone.

Knows nothing of code, or of whom a change concerns.
"""

from __future__ import annotations

import collections
import pickle
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CellType, FunctionType, ModuleType
from typing import Any

from dagbuild.code.protocols import Referrer
from dagbuild.code.references import MISSING
from dagbuild.ground.override import override

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
    """A name of a module, or an attribute, that holds data: `home` is the module's globals, a class or a function."""

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
        return type(other) is type(self) and other.home is self.home and other.name == self.name

    def __str__(self) -> str:
        if isinstance(self.home, type | FunctionType):
            return f"{self.home.__module__}.{self.home.__qualname__}.{self.name}"
        return f"{self.home.get('__name__')}.{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Default(Place):
    """What a parameter of a function, its `home`, is where nobody gives it."""

    @override
    def get(self) -> Any:
        return _defaults_of(self.home).get(self.name, MISSING)

    @override
    def put_back(self, value: Any) -> None:
        raise TypeError("a function has other defaults now")

    @override
    def __str__(self) -> str:
        return f"the default of '{self.name}' in {self.home.__module__}.{self.home.__qualname__}"


@dataclass(frozen=True, slots=True, eq=False)
class Variable(Place):
    """A variable of the function around another one, which is its `home`."""

    @override
    def get(self) -> Any:
        try:
            return self.cell.cell_contents
        except ValueError:
            return MISSING

    @override
    def put_back(self, value: Any) -> None:
        self.cell.cell_contents = value

    @property
    def cell(self) -> CellType:
        """What holds the variable, for all functions that use it."""
        cell: CellType = self.home.__closure__[self.home.__code__.co_freevars.index(self.name)]
        return cell

    @override
    def __str__(self) -> str:
        return f"the variable '{self.name}' that {self.home.__module__}.{self.home.__qualname__} uses"


def places_in(function: FunctionType) -> Iterator[Place]:
    """Yield where a function itself holds what its calls can change: defaults, and variables of those around it."""
    for name, value in _defaults_of(function).items():
        if type(value) not in _SIMPLE:
            yield Default(function, name)
    for name in function.__code__.co_freevars if function.__closure__ else ():
        place = Variable(function, name)
        if not isinstance(place.get(), FunctionType | type | ModuleType):
            yield place


def _defaults_of(function: FunctionType) -> dict[str, Any]:
    given, code = function.__defaults__ or (), function.__code__
    names = code.co_varnames[code.co_argcount - len(given) : code.co_argcount]
    return {**dict(zip(names, given, strict=True)), **(function.__kwdefaults__ or {})}


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
        return all(_is_grown(*each) for each in self.inside)

    def is_kept(self, place: Place) -> bool:
        """Tell whether all that is no longer there is known, so that it can be put back."""
        return (place.get() is self.value or not isinstance(place, Default)) and all(
            copy is not None or _is_same(container, count, copy) for container, count, copy in self.inside
        )

    def put_back(self, place: Place) -> None:
        """Make the place, and what was in it, be as they were; raises what Python or a class does."""
        if place.get() is not self.value:
            place.put_back(self.value)
        for container, count, copy in self.inside:
            if not _is_same(container, count, copy):
                _refill(container, copy)


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
            return pickle.dumps(_source_of(value).state)
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


def _refill(container: Any, copy: Any) -> None:
    if isinstance(copy, bytes):
        _put_state(container, copy)
    elif isinstance(container, dict):
        dict.clear(container)
        dict.update(container, copy)
    elif isinstance(container, set):
        set.clear(container)
        set.update(container, copy)
    elif isinstance(container, collections.deque):
        container.clear()
        container.extend(copy)
    else:
        container[:] = copy


def _put_state(generator: Any, state: bytes) -> None:
    if isinstance(generator, random.Random):
        generator.setstate(pickle.loads(state))
    else:
        _source_of(generator).state = pickle.loads(state)


def _source_of(generator: Any) -> Any:
    return getattr(generator, "bit_generator", None) or getattr(generator, "_bit_generator", generator)


def _is_grown(container: Any, count: int, copy: Any) -> bool:
    if copy is None:  # in which order, nobody knows
        return len(container) == count or (len(container) > count and isinstance(container, dict))
    if isinstance(copy, bytes):
        return bool(_find_state(container) == copy)
    if isinstance(copy, dict):
        return all(
            key not in container or container[key] is old or _is_nothing(old) for key, old in copy.items()
        )
    return not copy or _is_same(container, len(copy), copy)


def _is_nothing(value: Any) -> bool:
    return value is None or value is MISSING or (type(value) in (dict, list, set, tuple, str) and not value)
