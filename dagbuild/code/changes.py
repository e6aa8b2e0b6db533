"""Find what a call can change of what modules and classes hold, and whom a change of it concerns.

What a library's modules hold can be put back. Data of the project's own is not: a memo is legal, and is what makes the
next node quick. A change of it concerns another node where that one's closure reaches the data and is not able to fill
it in itself, or where it was changed otherwise than a memo is: what was there is another thing now. Reads code; looks
into no value.
"""

from __future__ import annotations

import ast
import collections
import dis
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from dagbuild.code.entities import Entity
from dagbuild.code.places import Default, Place, Variable, places_in
from dagbuild.code.protocols import Walker
from dagbuild.code.references import find_object
from dagbuild.code.statements import chain_of, root_chain
from dagbuild.ground.bytecode import iter_codes

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
class Places:
    """Where code can change what modules and classes hold: of the `project`, and of `others`."""

    project: tuple[Place, ...] = ()
    others: tuple[Place, ...] = ()

    @staticmethod
    def join(several: Sequence[Places]) -> Places:
        """Return all of several, each once."""
        return Places(
            tuple(dict.fromkeys(place for each in several for place in each.project)),
            tuple(dict.fromkeys(place for each in several for place in each.others)),
        )


def find_places(walk: Walker, entity: Entity) -> Places:
    """Return the places that are what an entity stands for, or that a function binds."""
    if entity.kind == "constant":
        names, name, _ = entity.thing
        return Places((Place(names, name),))
    if entity.kind == "class":
        held = [name for name, value in vars(entity.thing).items() if name[:2] != "__" and _is_data(value)]
        return Places(tuple(Place(entity.thing, name) for name in held))
    if entity.kind == "helper" and isinstance(entity.thing, FunctionType):
        own = tuple(places_in(entity.thing))
        bound = _places_bound(walk, entity.thing)
        return Places.join([bound, Places(own)]) if own else bound
    return NOWHERE


NOWHERE = Places()
_STORES = {
    dis.opmap["STORE_GLOBAL"],
    dis.opmap["DELETE_GLOBAL"],
    dis.opmap["STORE_ATTR"],
    dis.opmap["DELETE_ATTR"],
}


def _is_data(value: Any) -> bool:
    return not isinstance(value, FunctionType | classmethod | staticmethod | property)


def _places_bound(walk: Walker, function: FunctionType) -> Places:
    """Return the names of modules that a function binds, and the attributes of others' modules and classes."""
    if not any(_STORES.intersection(code.co_code[::2]) for code in iter_codes(function.__code__)):
        return NOWHERE  # a number that looks like one of them costs a reading for nothing
    definition = walk.definitions.find_function(function)
    if definition is None:
        return NOWHERE
    names = function.__globals__
    known = {**names, **_imported_in(definition)}
    own: list[Place] = []
    others: list[Place] = []
    for node in ast.walk(definition):
        if isinstance(node, ast.Global):
            own += [Place(names, name) for name in node.names]
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            owner = find_object(known, chain_of(node.value))
            kind, home = _find_home(walk, owner)
            if home is not None:
                (own if kind == "project" else others).append(Place(home, node.attr))
    return Places(tuple(own), tuple(others))


def _find_home(walk: Walker, owner: Any) -> tuple[str, Any]:
    """Return whose a module, class or function is, and what holds its attributes; None for all else, and for ours."""
    if isinstance(owner, ModuleType):
        kind: str = walk.origins.of_name(owner.__name__).kind
    elif isinstance(owner, type):
        kind = walk.origin_of_type(owner).kind
    elif isinstance(owner, FunctionType):
        kind = walk.origins.of_name(owner.__module__).kind
    else:
        return "", None
    return kind, None if kind == "dagbuild" else vars(owner) if isinstance(owner, ModuleType) else owner


def _imported_in(definition: ast.AST) -> dict[str, ModuleType]:
    """Return the modules that imports inside a function give names to, as far as they are imported by now."""
    found: dict[str, ModuleType] = {}
    for node in ast.walk(definition):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                if (module := sys.modules.get(name)) is not None:
                    found[alias.asname or name] = module
    return found


# -- whom a change concerns ------------------------------------------------------------------------------------------


class Concern:
    """Tells whom changes of data concern; `closures` are what each of them reaches, its root first."""

    def __init__(self, walk: Walker, closures: Sequence[Sequence[Entity]]) -> None:
        self._walk = walk
        self._closures = closures

    def find_reader(self, place: Place, owners: Sequence[Any], *, filled: bool) -> Entity | None:
        """Return the root of a closure, of none of the owners, that may see what has changed; `filled` as a memo is."""
        for reached in self._closures:
            if not reached or reached[0].kind != "helper" or any(reached[0].thing is each for each in owners):
                continue
            readers = [entity for entity in reached if self._reads(entity, place)]
            if readers and not (filled and all(self._fills(entity, place) for entity in readers)):
                return reached[0]
        return None

    def _reads(self, entity: Entity, place: Place) -> bool:
        if entity.kind != "helper" or not isinstance(entity.thing, FunctionType):
            return False
        if isinstance(place, Default):
            return entity.thing is place.home
        if isinstance(place, Variable):
            shared = place.name in entity.thing.__code__.co_freevars
            return shared and Variable(entity.thing, place.name).cell is place.cell
        if isinstance(place.home, type | FunctionType):
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
    return {name for each in iter_codes(code) for name in each.co_names}
