"""Look through a thing in memory, so that it can be told later whether it has changed.

A thing has changed when it, or something in it, is another object or of another size. Looked into are containers,
the project's own objects, classes and functions, and the attributes of a library's object; not what a library's
object holds deep inside, nor numbers that are written into an array. Runs no code of the project's or a library's.
"""

from __future__ import annotations

import functools
import gc
import operator
import threading
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, MutableSet
from contextvars import ContextVar
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from dagbuild.code.classes import SAYS_NOTHING
from dagbuild.observe.stacks import is_project_class, unwrap

LruCache = functools._lru_cache_wrapper
"""What `lru_cache` and `cache` make: the one memory of Python's own that no fingerprint looks into."""


_ENOUGH = 1000
"""Things that are looked at below one name; of larger containers below it only the size counts."""

_PLAIN = frozenset(
    {str, int, float, complex, bool, bytes, type(None), object, range, CodeType, ModuleType, BuiltinFunctionType}
)  # fmt: skip
_CONTAINERS = (dict, list, set, deque, tuple, frozenset)
_KEEPERS = (MutableMapping, MutableSequence, MutableSet)


def is_plain(thing: Any) -> bool:
    """Tell whether a thing cannot be changed, so that equal ones may be one."""
    return type(thing) in _PLAIN


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in a thing: the objects, in order, the sizes of those that have one, and what `lru_cache` made."""

    parts: list[Any]
    sizes: list[int]
    caches: list[Any]

    def is_same(self, other: Contents) -> bool:
        """Tell whether nothing has changed between the two."""
        return (
            self.sizes == other.sizes
            and len(self.parts) == len(other.parts)
            and all(map(operator.is_, self.parts, other.parts))
        )

    def find_codes(self) -> set[int]:
        """Return the numbers of the code of functions, and of the methods of classes, that were found."""
        functions = (part for part in self.parts if type(part) is FunctionType)
        methods = (
            unwrap(value)
            for part in self.parts
            if issubclass(type(part), type)
            for cls in part.__mro__
            if is_project_class(cls)
            for value in list(vars(cls).values())
        )
        return {id(each.__code__) for each in (*functions, *methods) if each is not None}


def look_through(value: Any) -> Contents:
    """Look through a thing without running any code of the project's or a library's."""
    parts: list[Any] = [value]
    sizes: list[int] = []
    caches: list[Any] = []
    todo = [] if type(value) in _PLAIN else [value]
    seen: set[int] = set()
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        kind = type(thing)
        size = _SIZED[kind](thing) if kind in _SIZED else _size(thing, kind)
        if size >= 0:
            sizes.append(size)
        if len(parts) + size > _ENOUGH:
            continue
        if kind is LruCache:
            known = thing.cache_info()
            sizes += (known.misses, known.currsize)
            caches.append(thing)
        try:
            held = _look_into(thing, kind, parts)
        except Exception:  # it changes while we look, or is not whole yet
            sizes.append(-1)
            continue
        parts += held
        todo += [each for each in held if type(each) not in _PLAIN]
    return Contents(parts, sizes, caches)


def _size(thing: Any, kind: type) -> int:
    """Return how much a container holds, and not what a class of its own says of that; -1 for what is none."""
    for base, size in _SIZED.items():
        if issubclass(kind, base):
            return size(thing)
    return -1


def _none(_: Any) -> int:
    return -1


_SIZED: Mapping[type, Callable[[Any], int]] = {
    **{kind: kind.__len__ for kind in _CONTAINERS},
    FunctionType: _none,
    type: _none,
    CellType: _none,
}


def _look_into(thing: Any, kind: type, parts: list[Any]) -> list[Any]:
    """Return what is to be looked at in a thing; what is only told apart goes to `parts` at once."""
    if (open_it := _HELD.get(kind)) is not None:
        return open_it(thing)
    if issubclass(kind, type):  # isinstance would ask the thing itself for its class
        if not is_project_class(thing):
            return []
        return [value for name, value in list(vars(thing).items()) if name not in SAYS_NOTHING]
    held = _attributes(thing)
    if is_project_class(kind):
        held += [each for each in gc.get_referents(thing) if each is not kind] if _has_slots(kind) else []
        return [kind, *held, *_contents(thing)]
    parts += held  # what a library's object does deep inside is its own business
    if any(keeper in kind.__mro__ for keeper in _KEEPERS):
        held = [each for each in held if type(each) in _CONTAINERS]
        return held + _contents(thing)
    return _contents(thing)


def _held_by_function(function: FunctionType) -> list[Any]:
    found: list[Any] = []
    if function.__closure__:
        found += function.__closure__
    if function.__defaults__:
        found += function.__defaults__
    if function.__kwdefaults__:
        found += function.__kwdefaults__.values()
    if function.__dict__:
        found += (
            value
            for name, value in list(function.__dict__.items())
            if "dagbuild" not in name and name != "__signature__"
        )
    return found


_EMPTY = CellType()
_HELD: Mapping[type, Callable[[Any], list[Any]]] = {
    FunctionType: _held_by_function,
    dict: lambda thing: list(thing.values()),
    **dict.fromkeys(
        (list, tuple, set, frozenset, deque), list
    ),  # a set that is the same is in the same order
    CellType: lambda thing: [thing.cell_contents] if thing != _EMPTY else [],
    MethodType: lambda thing: [thing.__self__, thing.__func__],
    LruCache: lambda thing: [thing.__wrapped__],
    staticmethod: lambda thing: [thing.__func__],
    classmethod: lambda thing: [thing.__func__],
    property: lambda thing: [thing.fget, thing.fset],
    functools.cached_property: lambda thing: [thing.func],
    functools.partial: lambda thing: [thing.func, thing.args, thing.keywords],
    ContextVar: lambda thing: [thing.get(None)],
    threading.local: lambda thing: list(thing.__dict__.values()),
}
CALLED = (FunctionType, MethodType, LruCache, staticmethod, classmethod, property, functools.partial)


def _attributes(thing: Any) -> list[Any]:
    try:
        held = object.__getattribute__(thing, "__dict__")
    except Exception:  # it has none
        return []
    return list(held.values()) if type(held) is dict else []


def _has_slots(kind: type) -> bool:
    return any(vars(cls).get("__slots__") for cls in kind.__mro__)


def _contents(thing: Any) -> list[Any]:
    """Return what a container of a class of its own contains."""
    if issubclass(type(thing), dict):
        return list(dict.values(thing))
    return list(gc.get_referents(thing)) if issubclass(type(thing), _CONTAINERS) else []
