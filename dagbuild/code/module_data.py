"""Find what a call has changed of the data that modules and classes of the project hold, and whom that concerns.

Such data is not put back: a memo is legal, and is what makes the next node quick. It concerns another node where that
one's closure reaches the data and is not able to fill it itself, or where it was changed otherwise than a memo is: what
was there is another thing now. Looks at places before and after a call; knows nothing of who calls.
"""

from __future__ import annotations

import ast
import collections
import dis
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from dagbuild.code.entities import Entity
from dagbuild.code.protocols import Walker
from dagbuild.code.references import MISSING
from dagbuild.code.statements import root_chain

_MANY = 1000
"""Items of a container: of a longer one only the length is looked at."""

_SIMPLE = frozenset(
    {int, str, float, bool, bytes, type(None), complex, FunctionType, type, types.ModuleType, tuple}
)
_LISTS = (list, collections.deque, bytearray)
_CONTAINERS = (dict, set, *_LISTS)
_CHANGING = {
    name
    for kind, fixed in (
        (list, tuple),
        (dict, types.MappingProxyType),
        (set, frozenset),
        (collections.deque, tuple),
    )
    for name in set(dir(kind)) - set(dir(fixed))
} - {"copy", "fromkeys", "__class_getitem__"}
"""Methods that change a container: those that its unchangeable kind has not."""


@dataclass(frozen=True, slots=True)
class Place:
    """A name of a module, or an attribute of a class, that holds data: `home` is the module's globals, or the class."""

    home: Any
    name: str

    def get(self) -> Any:
        """Return what is there now."""
        held: Mapping[str, Any] = self.home if isinstance(self.home, dict) else vars(self.home)
        return held.get(self.name, MISSING)

    def __hash__(self) -> int:
        return hash((id(self.home), self.name))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and other.home is self.home and other.name == self.name

    def __str__(self) -> str:
        if isinstance(self.home, type):
            return f"{self.home.__module__}.{self.home.__qualname__}.{self.name}"
        return f"{self.home.get('__name__')}.{self.name}"


@dataclass(frozen=True, slots=True)
class Held:
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


def look_at(walk: Walker, value: Any) -> Held:
    """Return what a place holds, so that a change shows."""
    inside: list[tuple[Any, int, Any]] = []
    todo, seen = [value], {id(value)}
    while todo and len(inside) < _MANY:
        each = todo.pop()
        if type(each) in _SIMPLE:
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
    return Held(value, tuple(inside))


def _copy(container: Any) -> Any:
    if isinstance(container, dict):
        return dict.copy(container)
    return set(container) if isinstance(container, set) else list(container)


def _is_same(container: Any, count: int, copy: Any) -> bool:
    if len(container) != count:
        return False
    if copy is None:
        return True
    try:
        return bool((list(container) if isinstance(container, _LISTS) else container) == copy)
    except Exception:  # two arrays, or what else has no truth: one has come in the other's place
        return False


def _is_grown(container: Any, copy: Any) -> bool:
    if isinstance(copy, dict):
        return all(
            key not in container or container[key] is old or _is_nothing(old) for key, old in copy.items()
        )
    if isinstance(copy, set):
        return bool(copy <= container)
    return not copy or _is_same(container, len(copy), copy)


def _is_nothing(value: Any) -> bool:
    return value is None or value is MISSING or (type(value) in (dict, list, set, tuple, str) and not value)


# -- what a closure can change ---------------------------------------------------------------------------------------


def find_places(reached: Sequence[Entity]) -> Iterator[Place]:
    """Yield the places of data that code in a closure refers to or binds."""
    for entity in reached:
        if entity.kind == "constant":
            names, name, _ = entity.thing
            yield Place(names, name)
        elif entity.kind == "class":
            for name, value in list(vars(entity.thing).items()):
                if name[:2] != "__" and not isinstance(
                    value, FunctionType | classmethod | staticmethod | property
                ):
                    yield Place(entity.thing, name)
        elif entity.kind == "helper" and isinstance(entity.thing, FunctionType):
            for name in _globals_bound(entity.thing.__code__):
                yield Place(entity.thing.__globals__, name)


_BINDS = dis.opmap["STORE_GLOBAL"]


def _globals_bound(code: CodeType) -> Collection[str]:
    if _BINDS not in code.co_code[::2]:  # or in a number that stands there: then it is read for nothing
        return ()
    return {step.argval for step in dis.get_instructions(code) if step.opcode == _BINDS}


# -- whom a change concerns ------------------------------------------------------------------------------------------


class Concern:
    """Tells whom changes of data concern; `reached` is what each closure reaches, by its roots."""

    def __init__(self, walk: Walker, reached: Mapping[tuple[Entity, ...], Sequence[Entity]]) -> None:
        self._walk = walk
        self._reached = reached

    def find_reader(self, place: Place, own: Entity, *, filled: bool) -> Entity | None:
        """Return the root of another closure than `own`'s that may see what has changed; `filled` as a memo is."""
        for roots, reached in self._reached.items():
            if not roots or roots[0] is own or roots[0].thing is own.thing or roots[0].kind != "helper":
                continue
            readers = [entity for entity in reached if self._reads(entity, place)]
            if readers and not (filled and all(self._fills(entity, place) for entity in readers)):
                return roots[0]
        return None

    def _reads(self, entity: Entity, place: Place) -> bool:
        if entity.kind != "helper" or not isinstance(entity.thing, FunctionType):
            return False
        if isinstance(place.home, type):
            return place.name in _names_in(entity.thing.__code__)
        return any(_is_of(other, place) for other in entity.neighbours())

    def _fills(self, reader: Entity, place: Place) -> bool:
        """Tell whether a function, or one that it calls, can fill the place by itself."""
        found, todo = {reader}, [reader]
        while todo:
            entity = todo.pop()
            if self._changes(entity, place):
                return True
            for other in entity.neighbours():
                if other not in found and other.kind != "module":  # which holds what anybody calls
                    found.add(other)
                    todo.append(other)
        return False

    def _changes(self, entity: Entity, place: Place) -> bool:
        if entity.kind == "class":  # its methods change what an object of it holds
            return isinstance(place.get(), entity.thing)
        if entity.kind != "helper" or not isinstance(entity.thing, FunctionType):
            return False
        definition = self._walk.definitions.find_function(entity.thing)
        return definition is None or any(_acts_on(node, place.name) for node in ast.walk(definition))


def _is_of(entity: Entity, place: Place) -> bool:
    """Tell whether an entity is the constant at a place, or the whole module that it is in."""
    if entity.kind == "constant":
        return entity.thing[0] is place.home and entity.thing[1] == place.name
    return entity.kind == "module" and entity.thing is place.home


def _acts_on(node: ast.AST, name: str) -> bool:
    """Tell whether a piece of code binds the name, or changes what it holds."""
    match node:
        case ast.Global(names):
            return name in names
        case ast.Attribute(value, attr, ast.Store() | ast.Del()):
            return attr == name or name in root_chain(value)
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
            return name in root_chain(value)
        case ast.Call(func=ast.Attribute(value=value, attr=attr)):
            return attr in _CHANGING and name in root_chain(value)
    return False


def _names_in(code: CodeType) -> set[str]:
    found, todo = set[str](), [code]
    while todo:
        code = todo.pop()
        found.update(code.co_names)
        todo += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return found
