"""How functions are put together to a graph: what whoever asks for one may say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Assembly:
    """How functions are put together to a graph.

    With `allow_overrides` a node of a later module takes the place of one of the same name. When `lenient`, as Hamilton
    is, a config value takes the place of a node of its name, whatever its type, no name is held to be misspelt, and the
    nodes of a module are in the order of their functions' names. `fits` tells of a type that is made and one that is
    taken whether they fit, where our rules say that they do not. `views` are nodes whose values are not to be stored,
    besides those that say so. With `awaits`, functions may be `async def`. `materializers` add nodes that load and
    save.
    """

    allow_overrides: bool = False
    lenient: bool = False
    fits: Callable[[Any, Any], bool] = lambda _made, _taken: False
    views: frozenset[str] = frozenset()
    awaits: bool = False
    materializers: tuple[Any, ...] = ()


STRICT = Assembly()
"""A node has one maker, and whatever looks like a mistake is one."""
