"""Find what a step has changed in the memory that outlives it: variables of modules, caches, attributes.

What is looked at is named by the step's closure: what it does not reach it cannot leave to another step that does.
Knows nothing of reads, nor of how a thing is looked through.
"""

from __future__ import annotations

import dis
import operator
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from dagbuild.observe.contents import CALLED, Contents, LruCache, is_plain, look_through
from dagbuild.observe.stacks import is_of_project


class Holder(NamedTuple):
    """A name of a module, which may hold something."""

    module: str
    name: str


_ABSENT = object()


def find_holder(name: str) -> Holder | None:
    """Return the name of a module that a dotted name of the project's code begins with; None for other names."""
    module, _, last = name.rpartition(".")
    if module in sys.modules:
        return Holder(module, last)
    parts = module.split(".")
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


def find_home(holder: Holder) -> Mapping[str, Any] | None:
    """Return the names of a holder's module."""
    module = sys.modules.get(holder.module)
    return None if module is None else vars(module)


def look_up(holder: Holder) -> Any:
    """Return what a holder holds now."""
    home = find_home(holder)
    return _ABSENT if home is None else home.get(holder.name, _ABSENT)


def put_back(holder: Holder, before: Contents) -> bool:
    """Undo what has come to a holder since it was looked at, where that can be undone; tell whether it was.

    A name is bound again to what cannot have been changed, what was empty is emptied, a cache is cleared.
    """
    value, former = look_up(holder), before.parts[0]
    for cache in look_through(value).caches:
        cache.cache_clear()
    if value is not former and is_plain(former):
        if former is _ABSENT:
            delattr(sys.modules[holder.module], holder.name)
        else:
            setattr(sys.modules[holder.module], holder.name, former)
    elif value is former and type(value) in {dict, list, set} and before.sizes == [0]:
        value.clear()
    now = look_through(look_up(holder)).parts
    return len(now) == len(before.parts) and all(map(operator.is_, now, before.parts))


@dataclass(frozen=True, slots=True)
class Change:
    """A holder that holds something else than before, or may; `before` is None where nobody looked.

    `binder` is the function that bound a name which its module did not have: no closure speaks of the name. `loose`:
    the closure looks names of the module up at run time, so that nobody can tell which functions use this one.
    """

    holder: Holder
    value: Any
    before: Contents | None
    found: Contents
    binder: Holder | None = None
    loose: bool = False

    @property
    def place(self) -> tuple[int, str]:
        """The number of the module's names, and the name."""
        return id(find_home(self.holder)), self.holder.name

    @property
    def calls(self) -> bool:
        """Tell whether it is a function, with or without something around it: that keeps only what it makes itself."""
        return issubclass(type(self.value), CALLED)

    @property
    def keeps(self) -> bool:
        """Tell whether it is something that can hold more than it is."""
        if type(self.value) is FunctionType or self.found.caches:
            return bool(sum(cache.cache_info().misses for cache in self.found.caches) or self.found.sizes)
        return not is_plain(self.value)


_NOTHING = look_through(_ABSENT)


class MemoryState:
    """What the names of a closure held at a moment."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._loose = {name for name in self._names if name in sys.modules}
        self._before = {holder: look_through(look_up(holder)) for holder in find_holders(self._names)}
        binders = {
            bound: holder for holder, found in self._before.items() for bound in _find_bound(found.parts)
        }
        self._binders = {bound: holder for bound, holder in binders.items() if bound not in self._before}
        self._before |= {bound: look_through(look_up(bound)) for bound in self._binders}

    def find_changes(self) -> list[Change]:
        """Return what has changed since."""
        changes: list[Change] = []
        for holder in {**self._before, **dict.fromkeys(find_holders(self._loose))}:
            before, value = self._before.get(holder, _NOTHING), look_up(holder)
            now = look_through(value)
            if not before.is_same(now):
                loose = holder.module in self._loose
                changes.append(Change(holder, value, before, now, self._binders.get(holder), loose))
        return changes


def find_keepers(names: Iterable[str]) -> list[Change]:
    """Return what of a closure may hold something by now, where nobody looked before."""
    values = ((holder, look_up(holder)) for holder in find_holders(names))
    changes = [
        Change(holder, value, None, look_through(value)) for holder, value in values if value is not _ABSENT
    ]
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


def find_lru_caches(modules: Iterable[ModuleType]) -> list[tuple[Holder, Any]]:
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
            elif issubclass(type(value), (type, LruCache)):
                found += [(Holder(module.__name__, name), cache) for cache in look_through(value).caches]
    return found


def _home(value: Any) -> str:
    """Return the name of the module that a thing is, or was made in."""
    if issubclass(type(value), ModuleType):
        return str(value.__name__)
    if issubclass(type(value), (FunctionType, type, LruCache)):
        home = getattr(value, "__module__", None)
        return home if isinstance(home, str) else ""
    return ""
