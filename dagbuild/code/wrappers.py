"""What an object says that stands before a function: the function, and whatever else it was given.

Texts that it would be copied from are left out: libraries keep the function's name, place and source there. The
statement that makes the object says the others. Knows nothing of modules and statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from dagbuild.code.entities import Entity
from dagbuild.code.protocols import Referrer

SAID_BY_STATEMENT = "what wraps a function"
"""Marks an object that says a part of what it is, so that the statement which makes it counts as well."""


def find_wrapped(value: Any) -> Any:
    """Return what an object wraps, or None."""
    found = _attribute(value, "__wrapped__")
    if callable(found) and found is not value:
        return found
    found = _attribute(value, "py_func")
    return found if type(found) is FunctionType else None


def _attribute(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except Exception:  # whatever a stranger's property raises
        return None


def fill_wrapper(walk: Referrer, entity: Entity, value: Any, wrapped: Any) -> None:
    """Fill in an object that wraps a callable: its class, what it wraps and what else it holds."""
    entity.items = ["object", walk.refer(type(value)), "wraps", walk.refer(wrapped)]
    state = _find_state(value)
    held = dict(_places(value) if state is None else _named(state))
    for name, part in sorted(held.items()):
        if part is wrapped:
            continue
        if state is not None and _is_text(part):
            entity.opaque = SAID_BY_STATEMENT
        else:
            entity.items += [name, walk.refer(part)]


def _find_state(value: Any) -> tuple[Any, ...] | None:
    """Return what an object would be copied from, or None where it is not made to be copied."""
    try:
        _, arguments, state, items, pairs = (*value.__reduce_ex__(4), None, None, None, None)[:5]
        states = state if isinstance(state, tuple) else (state,)
        return (
            *states,
            *(arguments or ()),
            list(items or ()),
            [part for pair in pairs or () for part in pair],
        )
    except Exception:  # a stranger's code may raise anything
        return None


def _named(state: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    for number, part in enumerate(state):
        if type(part) is dict and all(isinstance(name, str) for name in part):
            yield from ((name, each) for name, each in part.items() if not name.startswith("__"))
        else:
            yield f"{number}", part


def _places(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what stands in the places that the object's classes have for it, and in its own dictionaries."""
    for cls in type(value).__mro__[:-1]:
        for name, place in vars(cls).items():
            if not isinstance(place, GetSetDescriptorType | MemberDescriptorType):
                continue
            try:
                part = place.__get__(value)
            except Exception:  # an empty slot, or what a stranger's getter raises
                continue
            if type(part) is dict:
                yield from ((f"{name}.{key}", each) for key, each in part.items() if not key.startswith("__"))
            elif not name.startswith("__"):
                yield name, part


def _is_text(part: Any) -> bool:
    if type(part) in (tuple, list):
        return any(_is_text(each) for each in part)
    return isinstance(part, str | bytes)
