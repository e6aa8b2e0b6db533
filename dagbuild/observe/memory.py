"""Find what a step has changed in the memory that outlives it: variables of modules, caches, attributes.

What is looked at is named by the step's closure: what it does not reach it cannot leave to another step that does.
Knows nothing of reads.

A thing has changed when it, or something in it, is another object or of another size. Looked into are containers,
the project's own objects, classes and functions, and the attributes of a library's object; not what a library's
object holds deep inside, nor numbers that are written into an array.
"""

from __future__ import annotations

import dis
import functools
import gc
import operator
import sys
from collections import deque
from collections.abc import Iterable, Iterator, MutableMapping, MutableSequence, MutableSet
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from dagbuild.code.classes import SAYS_NOTHING
from dagbuild.observe.stacks import is_project_class, unwrap

Memo = functools._lru_cache_wrapper
"""What `lru_cache` and `cache` make: the one memory of Python's own that no fingerprint looks into."""


class Holder(NamedTuple):
    """A name of a module, which may hold something."""

    module: str
    name: str


_ABSENT = object()
_ENOUGH = 1000
"""Things that are looked at below one name; of larger containers below it only the size counts."""

_PLAIN = frozenset(
    {str, int, float, complex, bool, bytes, type(None), object, range, CodeType, ModuleType, BuiltinFunctionType}
)  # fmt: skip
_CONTAINERS = (dict, list, set, deque, tuple, frozenset)
_KEEPERS = (MutableMapping, MutableSequence, MutableSet)


@functools.lru_cache(maxsize=10_000)
def find_holder(name: str) -> Holder | None:
    """Return the name of a module that a dotted name of the project's code begins with; None for other names."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:end])
        if module in sys.modules:
            return Holder(module, parts[end])
    return None


def find_holders(names: Iterable[str]) -> list[Holder]:
    """Return what the names of a closure may hold something in; a module's name stands for all in it."""
    found: dict[Holder, None] = {}
    for name in names:
        if name in sys.modules:
            found.update(dict.fromkeys(Holder(name, each) for each in list(vars(sys.modules[name]))))
        elif (holder := find_holder(name)) is not None:
            found[holder] = None
    return list(found)


def look_up(holder: Holder) -> Any:
    """Return what a holder holds now."""
    module = sys.modules.get(holder.module)
    return _ABSENT if module is None else vars(module).get(holder.name, _ABSENT)


def is_plain(thing: Any) -> bool:
    """Tell whether a thing cannot be changed, so that equal ones may be one."""
    return type(thing) in _PLAIN


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found in a thing: the objects, in order, and the sizes of those that have one."""

    parts: list[Any]
    sizes: list[int]

    def is_same(self, other: Trace) -> bool:
        """Tell whether nothing has changed between the two."""
        return (
            self.sizes == other.sizes
            and len(self.parts) == len(other.parts)
            and all(map(operator.is_, self.parts, other.parts))
        )

    def find_codes(self) -> set[int]:
        """Return the numbers of the code of functions, and of the methods of classes, that were found."""
        functions = (part for part in self.parts if isinstance(part, FunctionType))
        methods = (
            unwrap(value)
            for part in self.parts
            if isinstance(part, type)
            for cls in part.__mro__
            if is_project_class(cls)
            for value in list(vars(cls).values())
        )
        return {id(each.__code__) for each in (*functions, *methods) if each is not None}


def trace(value: Any) -> Trace:
    """Look through a thing without running any code of the project's or a library's."""
    parts: list[Any] = []
    sizes: list[int] = []
    seen: set[int] = set()
    todo = [value]
    while todo:
        thing = todo.pop()
        parts.append(thing)
        kind = type(thing)
        if kind in _PLAIN or id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, _CONTAINERS):
            size = _size(thing)
            sizes.append(size)
            if len(parts) + len(todo) + size > _ENOUGH:
                continue
        if kind is Memo:
            known = thing.cache_info()
            sizes += (known.misses, known.currsize)
        try:
            todo += _look_into(thing, kind, parts)
        except (RuntimeError, ValueError, AttributeError):  # it changes while we look, or is not whole yet
            sizes.append(-1)
    return Trace(parts, sizes)


def _size(thing: Any) -> int:
    for kind in _CONTAINERS:
        if isinstance(thing, kind):
            return kind.__len__(thing)  # type: ignore[arg-type]  # not what a subclass calls its size
    return 0


def _look_into(thing: Any, kind: type, parts: list[Any]) -> list[Any]:
    """Return what is to be looked at in a thing; what is only told apart goes to `parts` at once."""
    if kind is FunctionType:
        return _held_by_function(thing)
    if kind is dict:
        return list(thing.values())
    if kind in _CONTAINERS:  # a set is in the same order as long as it is the same
        return list(thing)
    if kind is CellType:
        return [thing.cell_contents] if thing != _EMPTY else []
    if kind is MethodType:
        return [thing.__self__, thing.__func__]
    if kind is Memo:
        return [thing.__wrapped__]
    if isinstance(thing, type):
        if not is_project_class(thing):
            return []
        return [value for name, value in list(vars(thing).items()) if name not in SAYS_NOTHING]
    if (inner := _called_by(thing)) is not None:
        return inner
    held = _attributes(thing)
    if is_project_class(kind):
        held += [each for each in gc.get_referents(thing) if each is not kind] if _has_slots(kind) else []
        return [kind, *held, *_contents(thing)]
    parts += held  # what a library's object does deep inside is its own business
    if isinstance(thing, _CONTAINERS):
        return _contents(thing)
    if any(keeper in kind.__mro__ for keeper in _KEEPERS):
        return [each for each in held if type(each) in _CONTAINERS]
    return []


_EMPTY = CellType()


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


def _called_by(thing: Any) -> list[Any] | None:
    if isinstance(thing, staticmethod | classmethod):
        return [thing.__func__]
    if isinstance(thing, property):
        return [each for each in (thing.fget, thing.fset) if each is not None]
    if isinstance(thing, functools.cached_property):
        return [thing.func]
    if isinstance(thing, functools.partial):
        return [thing.func, thing.args, thing.keywords]
    return None


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
    if isinstance(thing, dict):
        return list(dict.values(thing))
    return list(gc.get_referents(thing)) if isinstance(thing, _CONTAINERS) else []


@dataclass(frozen=True, slots=True)
class Change:
    """A holder that holds something else than before."""

    holder: Holder
    value: Any
    found: Trace

    @property
    def place(self) -> tuple[int, str]:
        """The number of the module's names, and the name."""
        return id(vars(sys.modules[self.holder.module])), self.holder.name

    @property
    def calls(self) -> bool:
        """Tell whether it is a function, with or without something around it: that keeps only what it makes itself."""
        return isinstance(self.value, FunctionType | MethodType | Memo) or _called_by(self.value) is not None


def _find_bound(parts: Iterable[Any]) -> Iterator[Holder]:
    """Yield the names of modules that functions bind."""
    for part in parts:
        if type(part) is FunctionType:
            module = part.__globals__.get("__name__")
            yield from (Holder(module, name) for name in _bound_names(part.__code__) if module in sys.modules)


@functools.lru_cache(maxsize=10_000)
def _bound_names(code: CodeType) -> tuple[str, ...]:
    if _STORE_GLOBAL not in code.co_code[::2]:
        return ()
    return tuple({step.argval for step in dis.get_instructions(code) if step.opcode == _STORE_GLOBAL})


_STORE_GLOBAL = dis.opmap["STORE_GLOBAL"]


class Snapshot:
    """What the names of a closure held at a moment."""

    def __init__(self, names: Iterable[str]) -> None:
        self._before = {holder: trace(look_up(holder)) for holder in find_holders(names)}
        # A function may bind a name that its module has not yet, so that no closure speaks of it.
        bound = {each for found in self._before.values() for each in _find_bound(found.parts)}
        self._before |= {holder: trace(look_up(holder)) for holder in bound - self._before.keys()}

    def __iter__(self) -> Iterator[Holder]:
        return iter(self._before)

    def find_changes(self) -> list[Change]:
        """Return what has changed since."""
        changes: list[Change] = []
        for holder, before in self._before.items():
            value = look_up(holder)
            now = trace(value)
            if not before.is_same(now):
                changes.append(Change(holder, value, now))
        return changes

    def find_memos(self) -> list[tuple[Holder, Any]]:
        """Return what `lru_cache` made, with the names that it is found by."""
        return [
            (holder, part)
            for holder, before in self._before.items()
            for part in before.parts
            if type(part) is Memo
        ]
