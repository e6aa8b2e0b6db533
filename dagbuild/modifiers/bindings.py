"""Words for where a parameter's value comes from: `source`, `value`, `group`."""

from __future__ import annotations

from typing import Any

from dagbuild.ground.errors import GraphError
from dagbuild.model.node import Group, Source, Value


def source(name: str) -> Source:
    """Take the value of the node, input or config value of this name."""
    if not isinstance(name, str):
        raise GraphError(f"source({name!r}): a name is needed", hint=f"value({name!r}) for the value itself")
    return Source(name)


def value(literal: Any) -> Value:
    """Take this very value."""
    return Value(literal)


def group(*dependencies: Source | Value, **named: Source | Value) -> Group:
    """Take a list of these, or a dict of them when they are named."""
    if dependencies and named:
        raise GraphError("group: give either a list or names, not both")
    items = (*dependencies, *named.values())
    for item in items:
        if not isinstance(item, (Source, Value)):
            raise GraphError(f"group: {item!r} is neither source(...) nor value(...)")
    return Group(items, tuple(named) if named else None)
