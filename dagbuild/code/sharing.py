"""What in a value is one object at several places: `[[0] * 2] * 2` is not `[[0] * 2 for _ in range(2)]`.

Walks entities that are filled in. Knows no names. Guards: two values that a change tells apart have two spellings; what
nobody can change, such as a text or a tuple of texts, may be one object or several.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import Any

from dagbuild.code.entities import Entity, Item

_BY_IDENTITY: tuple[Any, ...] = (None, object.__hash__)
"""How types hash whose values can be changed, or are equal to themselves only: which one it is can be seen."""

_CODE = (type, FunctionType, BuiltinFunctionType, property, staticmethod, classmethod, Enum)


def spell_sharing(items: Iterable[Item]) -> str:
    """Return which of the places in some values hold the same object, or nothing where there is no such place."""
    roots = [item for item in items if isinstance(item, Entity) and not item.kind]
    if not roots or not _repeats(roots):
        return ""
    numbers: dict[Entity, int] = {}
    again: list[str] = []
    todo = list(reversed(roots))
    place = 0
    while todo:
        entity = todo.pop()
        place += 1
        if entity not in numbers:
            numbers[entity] = place
            todo += reversed(_parts(entity))
        elif _can_be_seen(entity):
            again.append(f"{place}={numbers[entity]}")
    return f"shared {' '.join(again)}" if again else ""


def _repeats(roots: list[Entity]) -> bool:
    """Tell whether anything is met twice; of most values nothing is."""
    met = set(roots)
    todo = [*met]
    if len(met) < len(roots):
        return True
    while todo:
        for part in _parts(todo.pop()):
            if part in met:
                if part.thing is not None:
                    return True
                continue
            met.add(part)
            todo.append(part)
    return False


def _parts(entity: Entity) -> list[Entity]:
    """Return what a value is made of, in an order that is the same in every process: so not what is in a set."""
    if isinstance(entity.thing, _CODE):
        return []
    return [item for item in entity.items if isinstance(item, Entity) and not item.kind]


def _can_be_seen(entity: Entity) -> bool:
    """Tell whether it makes a difference that this is one object: it can change, or something in it can."""
    todo, met = [entity], {entity}
    while todo:
        here = todo.pop()
        is_value = here.thing is not None and not isinstance(here.thing, _CODE) and not here.opaque
        if is_value and type(here.thing).__hash__ in _BY_IDENTITY:
            return True
        for part in _parts(here):
            if part not in met:
                met.add(part)
                todo.append(part)
    return False
