"""Words for where a value comes from: `source`, `value`, `group`, and in the config of a subdag `configuration`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dagbuild.ground.errors import GraphError
from dagbuild.model.node import Group, Source, Value


def source(dependency_on: str) -> Source:
    """Take the value of the node, input or config value of this name."""
    if not isinstance(dependency_on, str):
        given = repr(dependency_on)
        raise GraphError(f"source({given}): a name is needed", hint=f"value({given}) for the value itself")
    return Source(dependency_on)


def value(literal_value: Any) -> Value:
    """Take this very value."""
    return Value(literal_value)


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


def configuration(dependency_on: str) -> Configuration:
    """Take the config's value of this key: `@subdag(..., config={"region": configuration("country")})`."""
    if not isinstance(dependency_on, str):
        raise GraphError(f"configuration({dependency_on!r}): a key of the config is needed")
    return Configuration(dependency_on)
