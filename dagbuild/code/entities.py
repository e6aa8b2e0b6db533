"""What a closure is made of: entities that say something and refer to others.

An entity's content is a list of items: texts, other entities, and groups whose order says nothing. Plain data;
`components` makes digests of it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from dagbuild.model.record import Note


@dataclass(frozen=True, slots=True)
class Unordered:
    """Items whose order says nothing, such as those of a set."""

    items: tuple[Item, ...]


Item = Union[str, "Entity", Unordered]


@dataclass(frozen=True, slots=True)
class Told:
    """A named value that a function or class holds, such as a default; `group` says what it is there.

    `sources` are what the value is made by in the text, None where that is not known; names in them are `names`.
    """

    group: str
    name: str
    value: Any
    names: Mapping[str, Any]
    sources: tuple[ast.AST | None, ...] | None


@dataclass(slots=True, eq=False)
class Entity:
    """One function, class, constant, statement or value.

    `kind` is empty for values that have no name of their own; they belong to what refers to them. `opaque` names
    the type of a value whose content says nothing. `marks` are the reflective names that the code mentions, or that a
    library does which it hands things to, and `shown` tell what such code would see, by kind. `words` are
    all names and attributes in the code; `readers` tells of those in a closure whether one has docstrings read. `told`
    are values that people are told one by one, and `aside` the spans of the items which say them.
    """

    kind: str = ""
    name: str = ""
    thing: Any = None
    where: str = ""
    items: list[Item] = field(default_factory=list)
    opaque: str = ""
    packages: frozenset[str] = frozenset()
    notes: list[Note] = field(default_factory=list)
    marks: frozenset[str] = frozenset()
    bases: tuple[type, ...] = ()
    words: frozenset[str] = frozenset()
    readers: Callable[[frozenset[str]], bool] | None = None
    shown: list[Callable[[str], str]] = field(default_factory=list)
    strings: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    aside: tuple[tuple[int, int], ...] = ()

    def neighbours(self) -> list[Entity]:
        """Return the entities that this one refers to, in order."""
        found: list[Entity] = []
        for item in self.items:
            if isinstance(item, Entity):
                found.append(item)
            elif isinstance(item, Unordered):
                _collect(item, found)
        return found


def showing(**tellers: Callable[[], str]) -> Callable[[str], str]:
    """Return what tells of these kinds, made when somebody asks, and nothing of others."""
    return lambda kind: tellers[kind]() if kind in tellers else ""


@dataclass(slots=True)
class Effects:
    """What importing one module does: items, distributions, and the globals of modules that it imports.

    `shown` is what it does that only some code can see, as an entity's, and `marks` say that there is such a thing.
    """

    items: list[Item] = field(default_factory=list)
    packages: set[str] = field(default_factory=set)
    imported: list[Mapping[str, Any]] = field(default_factory=list)
    shown: list[Callable[[str], str]] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)


def reach_values(root: Entity) -> list[Entity]:
    """Return the entities that a value is made of, functions and classes not entered."""
    found = {root: None}
    todo = [root]
    while todo:
        here = todo.pop()
        if here.kind:
            continue
        for other in here.neighbours():
            if other not in found:
                found[other] = None
                todo.append(other)
    return list(found)


def _collect(group: Unordered, found: list[Entity]) -> None:
    for item in group.items:
        if isinstance(item, Entity):
            found.append(item)
        elif isinstance(item, Unordered):
            _collect(item, found)
