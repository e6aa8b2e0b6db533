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
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence, MutableSet
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from dagbuild.code.classes import SAYS_NOTHING
from dagbuild.observe.stacks import is_of_project, is_project_class, unwrap

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


def put_back(holder: Holder, before: Trace) -> bool:
    """Undo what has come to a holder since it was looked at, where that can be undone; tell whether it was.

    A name is bound again to what cannot have been changed, what was empty is emptied, a cache is cleared.
    """
    value, former = look_up(holder), before.parts[0]
    for memo in trace(value).memos:
        memo.cache_clear()
    if value is not former and is_plain(former):
        if former is _ABSENT:
            delattr(sys.modules[holder.module], holder.name)
        else:
            setattr(sys.modules[holder.module], holder.name, former)
    elif value is former and type(value) in {dict, list, set} and before.sizes == [0]:
        value.clear()
    now = trace(look_up(holder)).parts
    return len(now) == len(before.parts) and all(map(operator.is_, now, before.parts))


def is_plain(thing: Any) -> bool:
    """Tell whether a thing cannot be changed, so that equal ones may be one."""
    return type(thing) in _PLAIN


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found in a thing: the objects, in order, the sizes of those that have one, and what `lru_cache` made."""

    parts: list[Any]
    sizes: list[int]
    memos: list[Any]

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
    parts: list[Any] = [value]
    sizes: list[int] = []
    memos: list[Any] = []
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
        if kind is Memo:
            known = thing.cache_info()
            sizes += (known.misses, known.currsize)
            memos.append(thing)
        try:
            held = _look_into(thing, kind, parts)
        except (RuntimeError, ValueError, AttributeError):  # it changes while we look, or is not whole yet
            sizes.append(-1)
            continue
        parts += held
        todo += [each for each in held if type(each) not in _PLAIN]
    return Trace(parts, sizes, memos)


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
    if isinstance(thing, type):
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
    Memo: lambda thing: [thing.__wrapped__],
    staticmethod: lambda thing: [thing.__func__],
    classmethod: lambda thing: [thing.__func__],
    property: lambda thing: [thing.fget, thing.fset],
    functools.cached_property: lambda thing: [thing.func],
    functools.partial: lambda thing: [thing.func, thing.args, thing.keywords],
}
_CALLED = (FunctionType, MethodType, Memo, staticmethod, classmethod, property, functools.partial)


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
    """A holder that holds something else than before, or may; `before` is None where nobody looked.

    `binder` is the function that bound a name which its module did not have: no closure speaks of the name.
    """

    holder: Holder
    value: Any
    before: Trace | None
    found: Trace
    binder: Holder | None = None

    @property
    def place(self) -> tuple[int, str]:
        """The number of the module's names, and the name."""
        return id(vars(sys.modules[self.holder.module])), self.holder.name

    @property
    def calls(self) -> bool:
        """Tell whether it is a function, with or without something around it: that keeps only what it makes itself."""
        return isinstance(self.value, _CALLED)

    @property
    def keeps(self) -> bool:
        """Tell whether it is something that can hold more than it is."""
        if isinstance(self.value, FunctionType) or self.found.memos:
            return bool(sum(memo.cache_info().misses for memo in self.found.memos) or self.found.sizes)
        return not is_plain(self.value)


class Snapshot:
    """What the names of a closure held at a moment."""

    def __init__(self, names: Iterable[str]) -> None:
        self._before = {holder: trace(look_up(holder)) for holder in find_holders(names)}
        binders = {
            bound: holder for holder, found in self._before.items() for bound in _find_bound(found.parts)
        }
        self._binders = {bound: holder for bound, holder in binders.items() if bound not in self._before}
        self._before |= {bound: trace(look_up(bound)) for bound in self._binders}

    def find_changes(self) -> list[Change]:
        """Return what has changed since."""
        changes: list[Change] = []
        for holder, before in self._before.items():
            value = look_up(holder)
            now = trace(value)
            if not before.is_same(now):
                changes.append(Change(holder, value, before, now, self._binders.get(holder)))
        return changes


def find_keepers(names: Iterable[str]) -> list[Change]:
    """Return what of a closure may hold something by now, where nobody looked before."""
    values = ((holder, look_up(holder)) for holder in find_holders(names))
    changes = [Change(holder, value, None, trace(value)) for holder, value in values if value is not _ABSENT]
    return [change for change in changes if change.keeps]


def _find_bound(parts: Iterable[Any]) -> Iterator[Holder]:
    """Yield the names of modules that functions bind."""
    for part in parts:
        if type(part) is FunctionType and (names := _bound_names(part.__code__)):
            module = part.__globals__.get("__name__")
            yield from (Holder(module, name) for name in names if module in sys.modules)


def _bound_names(code: CodeType) -> tuple[str, ...]:
    known = _bound.get(id(code))
    if known is None or known[0] is not code:
        names: tuple[str, ...] = ()
        if _STORE_GLOBAL in code.co_code[::2]:
            names = tuple(
                {step.argval for step in dis.get_instructions(code) if step.opcode == _STORE_GLOBAL}
            )
        if len(_bound) >= _MANY:
            _bound.clear()
        known = _bound[id(code)] = (code, names)
    return known[1]


_STORE_GLOBAL = dis.opmap["STORE_GLOBAL"]
_bound: dict[int, tuple[CodeType, tuple[str, ...]]] = {}
_MANY = 20_000
"""Pieces of code to remember."""


def find_memos(modules: Iterable[ModuleType]) -> list[tuple[Holder, Any]]:
    """Return what `lru_cache` made in modules of the project, and in those that they use, with where it is held."""
    found: list[tuple[Holder, Any]] = []
    todo = list(modules)
    seen: set[int] = set()
    while todo:
        module = todo.pop()
        if id(module) in seen or not is_of_project(vars(module)):
            continue
        seen.add(id(module))
        for name, value in list(vars(module).items()):
            home = sys.modules.get(_home(value))
            if home is None:
                continue
            if home is not module:
                todo.append(home)
            elif isinstance(value, type | Memo):
                found += [(Holder(module.__name__, name), memo) for memo in trace(value).memos]
    return found


def _home(value: Any) -> str:
    """Return the name of the module that a thing is, or was made in."""
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, FunctionType | type | Memo):
        home = getattr(value, "__module__", None)
        return home if isinstance(home, str) else ""
    return ""
