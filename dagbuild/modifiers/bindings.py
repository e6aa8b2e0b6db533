"""Words for where a value comes from: `source`, `value`, `group`, and in the config of a subdag `configuration`."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Configuration:
    """A value of the config around a subdag."""

    key: str


def configuration(key: str) -> Configuration:
    """Take the config's value of this key: `@subdag(..., config={"region": configuration("country")})`."""
    if not isinstance(key, str):
        raise GraphError(f"configuration({key!r}): a key of the config is needed")
    return Configuration(key)
