"""Choose by config: which variant of a node there is, and decorators that config makes.

Knows nothing of nodes: these decorators act before there are any.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, ClassVar, TypeAlias

from dagbuild.modifiers.base import Modifier, NodeModifier


class ReadConfig(Mapping[str, Any]):
    """The config, noting which keys were asked for; what is missing counts as None."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self.read: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        self.read[key] = self._config.get(key)
        return self._config[key]

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            self.read[key] = self._config.get(key)
        return key in self._config

    def __iter__(self) -> Iterator[str]:
        self.read.update(self._config)
        return iter(self._config)

    def __len__(self) -> int:
        self.read.update(self._config)
        return len(self._config)


class _Optional(Mapping[str, Any]):
    """The config, in which some keys are None where they are missing."""

    def __init__(self, config: Mapping[str, Any], optional: Collection[str]) -> None:
        self._config, self._optional = config, optional

    def __getitem__(self, key: str) -> Any:
        if key in self._optional:
            return self._config.get(key)
        return self._config[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._config)

    def __len__(self) -> int:
        return len(self._config)


Condition: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Tells of a config whether something holds; a key that is missing counts as None."""


def equal(key_values: Mapping[str, Any]) -> Condition:
    """Return the condition that every key has the value given."""
    return lambda given: _all(given.get(key) == value for key, value in key_values.items())


def differ(key_values: Mapping[str, Any]) -> Condition:
    """Return the condition that no key has the value given."""
    return lambda given: _all(given.get(key) != value for key, value in key_values.items())


def among(key_values: Mapping[str, Collection[Any]]) -> Condition:
    """Return the condition that each key's value is one of those given."""
    return lambda given: _all(given.get(key) in values for key, values in key_values.items())


def not_among(key_values: Mapping[str, Collection[Any]]) -> Condition:
    """Return the condition that no key's value is one of those given."""
    return lambda given: _all(given.get(key) not in values for key, values in key_values.items())


class config(Modifier):  # noqa: N801  # decorators are written small
    """Keep the function only when the config says so; `name__variant` then makes the node `name`: what is last goes.

    `resolves` is called with the config and returns whether the function stays. `target_name` names the node.
    `config_used` lists keys that it reads, which are None where they are missing; without it they are found out.
    """

    def __init__(
        self,
        resolves: Condition,
        target_name: str | None = None,
        config_used: Collection[str] | None = None,
    ) -> None:
        self._resolver = resolves
        self._target_name = target_name
        self._config_used = tuple(config_used or ())

    def choose(self, name: str, given: Mapping[str, Any]) -> str | None:
        """Return the name of the node that the function `name` makes, or None when it is left out."""
        for key in self._config_used:
            given.get(key)
        if not self._resolver(_Optional(given, self._config_used) if self._config_used else given):
            return None
        return self.name_node(name)

    def name_node(self, name: str) -> str:
        """Return the name of the node that the function `name` makes where it is kept."""
        return self._target_name or name.rpartition("__")[0] or name

    @staticmethod
    def default(function: Any = None) -> Any:
        """Keep the function when the config keeps no other variant in its module; with or without brackets."""
        return Default() if function is None else Default()(function)

    @staticmethod
    def when(name: str | None = None, **key_values: Any) -> config:
        """Keep the function when every key has the value given; a missing key is None."""
        return config(equal(key_values), name)

    @staticmethod
    def when_not(name: str | None = None, **key_values: Any) -> config:
        """Keep the function when no key has the value given."""
        return config(differ(key_values), name)

    @staticmethod
    def when_in(name: str | None = None, **key_values: Collection[Any]) -> config:
        """Keep the function when each key's value is one of those given."""
        return config(among(key_values), name)

    @staticmethod
    def when_not_in(name: str | None = None, **key_values: Collection[Any]) -> config:
        """Keep the function when no key's value is one of those given."""
        return config(not_among(key_values), name)


class Default(config):
    """Keeps a function where no other function of its module makes its node."""

    def __init__(self) -> None:
        super().__init__(lambda _: True)


class Exclude(Modifier):
    """Leaves a function out of the graph."""

    @property
    def label(self) -> str:
        """The decorator's name as the user writes it."""
        return "hamilton_exclude"


def hamilton_exclude(function: Any = None) -> Any:
    """Leave a public function out of the graph; works with and without brackets."""
    return Exclude() if function is None else Exclude()(function)


class ResolveAt(Enum):
    """When `resolve` may ask for its decorator."""

    CONFIG_AVAILABLE = "config_available"


class resolve(Modifier):  # noqa: N801
    """Make a decorator from config: `decorate_with` is called with the config values its parameters name.

    `@resolve(when=ResolveAt.CONFIG_AVAILABLE, decorate_with=lambda columns: extract_columns(*columns))`
    """

    CONFIG_AVAILABLE: ClassVar[ResolveAt] = ResolveAt.CONFIG_AVAILABLE

    def __init__(self, *, when: ResolveAt, decorate_with: Callable[..., NodeModifier]) -> None:
        if not isinstance(when, ResolveAt):
            raise self.error(f"when is {when!r}", hint="ResolveAt.CONFIG_AVAILABLE")
        self._decorate_with = decorate_with

    def make(self, given: Mapping[str, Any]) -> NodeModifier:
        """Return the decorator for this config; raises GraphError when a value it needs is missing."""
        arguments: dict[str, Any] = {}
        for name, parameter in inspect.signature(self._decorate_with).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise self.error(
                    f"decorate_with takes '*{name}'", hint="name the config values that it reads"
                )
            if name in given:
                arguments[name] = given[name]
            elif parameter.default is parameter.empty:
                raise self.error(
                    f"it reads the config value '{name}', which is not there",
                    hint=f"add '{name}' under [config] in dagbuild.toml",
                )
        made = self._decorate_with(**arguments)
        if not isinstance(made, NodeModifier):
            raise self.error(f"decorate_with returned {made!r}, which is no decorator that config can make")
        return made


class resolve_from_config(resolve):  # noqa: N801
    """`resolve` at the moment when the config is known."""

    def __init__(self, *, decorate_with: Callable[..., NodeModifier]) -> None:
        super().__init__(when=ResolveAt.CONFIG_AVAILABLE, decorate_with=decorate_with)


def _all(conditions: Iterable[bool]) -> bool:
    held = list(conditions)  # no short cut: every key must be seen to be read
    return all(held)
