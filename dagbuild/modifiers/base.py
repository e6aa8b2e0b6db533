"""What a modifier is: a decorator that leaves the function as it is and notes what it wants.

Knows nothing of single decorators. Most are node modifiers: they map a list of nodes to a list of nodes at their
stage. The nodes that one function makes pass the stages in order, and within a stage the modifiers nearest to the
function first.
"""

from __future__ import annotations

import abc
import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import EllipsisType, FunctionType, ModuleType
from typing import Any, ClassVar, TypeAlias, TypeVar

from dagbuild.ground.errors import GraphError, did_you_mean
from dagbuild.model.node import Node, Where

Function = TypeVar("Function", bound=Callable[..., Any])

Target: TypeAlias = "EllipsisType | str | Collection[str] | None"
"""Which of a function's nodes: None is the last ones, `...` all, else the ones named."""

NOTES = "__dagbuild__"
"""The attribute of a function that holds its modifiers, nearest first."""


class Stage(IntEnum):
    """When a node modifier acts."""

    CREATE = 0
    EXPAND = 1
    INJECT = 2
    TRANSFORM = 3
    DECORATE = 4


@dataclass(frozen=True, slots=True)
class Context:
    """What a node modifier may know besides the nodes: the user's function, where it stands, and the config.

    `name` is what the function's node is called before any modifier acts.
    `behind` are the steps that `mutate` puts behind functions' outputs, by the functions' ids.
    `within` are the functions whose decorators led here, the outermost first, this one last, and `namespace` is what
    will stand in front of its nodes' names. What a modifier adds to
    `beside` are nodes of the graph that no other modifier of the function sees, what it adds to `read` config values
    that it has asked for by itself.
    """

    function: Callable[..., Any]
    name: str
    where: Where
    config: Mapping[str, Any]
    behind: Mapping[int, Any] = field(default_factory=dict)
    within: tuple[Callable[..., Any], ...] = ()
    namespace: str = ""
    beside: list[Node] = field(default_factory=list)
    read: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PassOn:
    """Gives what it is given: what a node runs that stands for another one."""

    def __call__(self, value: Any) -> Any:
        """Return the value."""
        return value


class Modifier:
    """A decorator that notes itself on the function; `load_from` are modules that it makes nodes of besides."""

    load_from: tuple[ModuleType, ...] = ()

    def __call__(self, function: Function) -> Function:
        """Note this modifier on the function and return the very function."""
        noted = find_remembered(function)
        if noted is None:
            raise GraphError(f"@{self.label} stands on {function!r}, which is no function")
        # A new tuple each time: functools.wraps shares the attribute between wrapper and wrapped.
        setattr(noted, NOTES, (*modifiers_of(noted), self))
        return function

    @property
    def label(self) -> str:
        """The decorator's name as the user writes it."""
        return type(self).__name__

    @property
    def functions(self) -> tuple[FunctionType, ...]:
        """Functions besides the one that it stands on whose signatures nodes are made of."""
        return ()

    def error(self, message: str, *, hint: str | None = None) -> GraphError:
        """Return an error of this decorator; the place is filled in by whoever knows it."""
        return GraphError(f"@{self.label}: {message}", hint=hint)


class NodeModifier(Modifier, abc.ABC):
    """A decorator that changes the nodes of its function; a subclass says at which stage and how.

    `target` says for which of the nodes it is, where that can be said.
    """

    stage: ClassVar[Stage]
    target: Target = None

    @abc.abstractmethod
    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Return the nodes that take the place of `nodes`; raises GraphError."""


def find_remembered(value: Any) -> FunctionType | None:
    """Return the function that a value is, or that it remembers values for (`functools.lru_cache`), or None."""
    while isinstance(value, functools._lru_cache_wrapper):
        value = value.__wrapped__
    return value if inspect.isfunction(value) else None


def modifiers_of(function: Callable[..., Any]) -> tuple[Modifier, ...]:
    """Return what the function's decorators noted on it, nearest first."""
    notes: tuple[Modifier, ...] = getattr(function, NOTES, ())
    return notes


def find_last(nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes that no other of them needs."""
    needed = {name for node in nodes for name in node.upstream}
    return [node for node in nodes if node.name not in needed]


SAVES = "save_to/1"
"""How the operation begins of a node that saves what another one of its function gives."""


def find_values(nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes but for those that save others: a decorator above a saver means the value."""
    return [node for node in nodes if not node.operation.startswith(SAVES)]


def derive(node: Node, **changes: Any) -> Node:
    """Return a node that is made of another one's value: what that one reads and leaves is none of its own."""
    return replace(node, **{"reads": (), "writes": (), "saves": "", "at_home": False, **changes})


def find_first(nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes that need no other of them."""
    names = {node.name for node in nodes}
    return [node for node in nodes if not names.intersection(node.upstream)]


def runs(node: Node, function: Callable[..., Any]) -> bool:
    """Tell whether a node runs the user's function."""
    return node.function is function or any(thing is function for thing in node.sources)


def find_makers(nodes: Sequence[Node], function: Callable[..., Any]) -> list[Node]:
    """Return the nodes that run the user's function, or what stands in for it."""
    named = [node for node in nodes if node.function_name == function.__name__]
    return [node for node in nodes if runs(node, function)] or find_first(named or nodes)


def select_nodes(nodes: Sequence[Node], target: Target, modifier: Modifier) -> list[Node]:
    """Return the nodes that `target` means; raises GraphError when it names one that is not there."""
    if target is None:
        return find_last(nodes)
    if isinstance(target, EllipsisType):
        return list(nodes)
    wanted = [target] if isinstance(target, str) else list(target)
    names = {node.name: node for node in nodes}
    for name in wanted:
        if name not in names:
            raise modifier.error(
                f"target '{name}' is none of the function's nodes: {', '.join(names)}",
                hint=did_you_mean(name, names),
            )
    return [names[name] for name in wanted]


def single_last(nodes: Sequence[Node], modifier: Modifier) -> Node:
    """Return the one node that no other needs; raises GraphError when there are several."""
    last = find_last(find_values(nodes))
    if len(last) != 1:
        raise modifier.error(
            f"it needs one node, but the decorators below it make {len(last)}: "
            + list_names([node.name for node in last])
        )
    return last[0]


def list_names(names: Sequence[Any], most: int = 20) -> str:
    """Return the names with quotes and commas, not more than `most` of them."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"


def single_node(nodes: Sequence[Node], modifier: Modifier) -> Node:
    """Return the only node; raises GraphError when a decorator below has made several."""
    if len(nodes) != 1:
        raise modifier.error(
            f"it needs one node, but the decorators below it make {len(nodes)}: "
            + list_names([node.name for node in nodes])
        )
    return nodes[0]
