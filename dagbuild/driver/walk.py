"""Call the functions of a graph one after the other, in this process, and keep nothing: what Hamilton does unasked.

Values are handed on as they are, as one function hands them to another. Knows no store, no codec and no fingerprint.
Guards: each node is called once, each element of a block once, and a value is let go of when nobody needs it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from graphlib import CycleError
from typing import Any, Protocol, TypeAlias, TypeVar

from dagbuild.codecs.selecting import select_columns
from dagbuild.executors.arguments import fill
from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED, Node, Parameter

Axes: TypeAlias = Mapping[str, tuple[str, ...]]
"""What each node's value has elements of, from the outside in."""


class Call(Protocol):
    """Calls a node's function with what it takes; `task` tells apart the calls for elements."""

    def __call__(self, node: Node, kwargs: dict[str, Any], task: str | None, /) -> Any:
        """Return what the function gives: a list, where that are elements."""


def walk(
    graph: Graph,
    names: Iterable[str],
    given: Mapping[str, Any],
    call: Call,
) -> dict[str, Any]:
    """Return the values of the names, in which what is `given` takes the place of what makes it.

    Raises what a function raises.
    """
    names = dict.fromkeys(names)
    values: dict[str, Any] = {}
    order, axes = find_order(graph, names, given), find_axes(graph)
    needed = Counter(up for name in order if name not in given for up in graph.upstream(name))
    for name in order:
        if name in given:
            values[name] = given[name]
        elif name in graph.nodes:
            node = graph.nodes[name]
            values[name] = run_node(axes, node, values, call)
            for up in graph.upstream(name):
                needed[up] -= 1
                if not needed[up] and up not in names:
                    values.pop(up, None)
    return {name: values[name] for name in names if name in values}


def find_order(graph: Graph, names: Iterable[str], given: Collection[str]) -> list[str]:
    """Return the names and all that they need, in the order in which Hamilton calls: a target, and before it its
    parameters in their order, each with what it needs before it.
    """
    return go_depth_first(names, lambda name: () if name in given else graph.upstream(name))


Key = TypeVar("Key", bound=Hashable)


def go_depth_first(keys: Iterable[Key], find_needed: Callable[[Key], Iterable[Key]]) -> list[Key]:
    """Return the keys and all that they need, each after what it needs; raises CycleError."""
    done: dict[Key, None] = {}
    for key in keys:
        todo = {key: iter(find_needed(key))}
        while todo:
            last, rest = next(reversed(todo.items()))
            up = next((each for each in rest if each not in done), None)
            if up is None:
                done[last] = None
                todo.pop(last)
            elif up in todo:
                raise CycleError(f"{last!r} needs itself")
            else:
                todo[up] = iter(find_needed(up))
    return list(done)


def find_axes(graph: Graph) -> Axes:
    """Return what the value of each node has elements of, where it has any."""
    return {name: node.axes for name, node in graph.nodes.items() if node.axes}


def run_node(
    axes: Axes,
    node: Node,
    values: Mapping[str, Any],
    call: Call,
    *,
    task: str = "",
    depth: int = 0,
) -> Any:
    """Return the value of a node whose upstream values are there, by a call for each element where it is in a block.

    `task` is where its calls belong, `depth` the number of its blocks that the values are of one element of.
    """
    if len(node.block) > depth:  # of others nobody looks at what the node does not take
        values = {name: values[name] for name in node.upstream if name in values}
    return _Block(axes, node, call).run(values, depth, f"{task}." if task else "")


class _Block:
    """The calls of one node: one, or one for each element of the nodes that it is in the blocks of.

    The value of such a node is a list, with one in it for each element of an inner block.
    """

    def __init__(self, axes: Axes, node: Node, call: Call) -> None:
        self._axes, self._node, self._call = axes, node, call

    def run(self, values: Mapping[str, Any], depth: int, task: str) -> Any:
        if depth == len(self._node.block):
            return self._run(values, task)
        axis = self._node.block[depth]
        count, choose = find_elements(self._axes, axis, values, depth)

        return [self.run(choose(number), depth + 1, f"{task}{axis}.{number}.") for number in range(count)]

    def _run(self, values: Mapping[str, Any], task: str) -> Any:
        def get(name: str, parameter: Parameter) -> Any:
            value = values[name]
            return select_columns(value, parameter.columns.names) if parameter.columns else value

        kwargs = fill(self._node, values.keys(), get, share=True)
        return self._call(self._node, kwargs, task.removesuffix(".") or None)


def find_elements(
    axes: Axes, axis: str, values: Mapping[str, Any], depth: int = 0
) -> tuple[int, Callable[[int], dict[str, Any]]]:
    """Return how many elements there are, and what gives the values for one of them."""
    inside = {name for name in values if axes.get(name, ())[depth : depth + 1] == (axis,)}

    def choose(number: int) -> dict[str, Any]:
        return {name: value[number] if name in inside else value for name, value in values.items()}

    return len(values[next(iter(inside))]), choose


def find_missing(graph: Graph, names: Iterable[str], given: Collection[str]) -> dict[str, list[str]]:
    """Return the inputs that the names need and nobody has given, with the nodes that need each of them."""
    missing: dict[str, list[str]] = {}
    for name in graph.order(names, stop=given.__contains__):
        if name in given or name not in graph.nodes:
            continue
        for parameter in graph.nodes[name].parameters:
            for up in parameter.upstream:
                if up not in graph.nodes and up not in given and parameter.default is REQUIRED:
                    missing.setdefault(up, []).append(name)
    return missing
