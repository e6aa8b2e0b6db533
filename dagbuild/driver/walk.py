"""Call the functions of a graph one after the other, in this process, and keep nothing: what Hamilton does unasked.

Values are handed on as they are, as one function hands them to another. Knows no store, no codec and no fingerprint.
Guards: each node is called once, each element of a block once, and a value is let go of when nobody needs it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from dagbuild.codecs.selecting import select_columns
from dagbuild.executors.arguments import fill
from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED, Node, Parameter


class Call(Protocol):
    """Calls a node's function with what it takes; `task` tells apart the calls for elements."""

    def __call__(self, node: Node, kwargs: dict[str, Any], task: str | None, /) -> Any:
        """Return what the function gives."""


Spread: TypeAlias = Callable[[list[Callable[[], Any]]], list[Any]]
"""Makes calls, and returns what came of them in order."""


def walk(
    graph: Graph,
    names: Iterable[str],
    given: Mapping[str, Any],
    call: Call,
    spread: Spread,
) -> dict[str, Any]:
    """Return the values of the names, in which what is `given` takes the place of what makes it.

    `spread` makes the calls for the elements of a block, and returns what came of them in order. Raises what a function
    raises.
    """
    names = dict.fromkeys(names)
    values: dict[str, Any] = {}
    order = find_order(graph, names, given)
    needed = Counter(up for name in order if name not in given for up in graph.upstream(name))
    for name in order:
        if name in given:
            values[name] = given[name]
        elif name in graph.nodes:
            node = graph.nodes[name]
            values[name] = run_node(graph, node, values, call, spread)
            for up in node.upstream:
                needed[up] -= 1
                if not needed[up] and up not in names:
                    values.pop(up, None)
    return {name: values[name] for name in names if name in values}


def find_order(graph: Graph, names: Iterable[str], given: Collection[str]) -> list[str]:
    """Return the names and all that they need, in the order in which Hamilton calls: a target, and before it its
    parameters in their order, each with what it needs before it.
    """
    done: dict[str, None] = {}
    for name in names:
        todo = [(name, iter(() if name in given else graph.upstream(name)))]
        while todo:
            node, rest = todo[-1]
            up = next((each for each in rest if each not in done), None)
            if up is None:
                done[node] = None
                todo.pop()
            else:
                todo.append((up, iter(() if up in given else graph.upstream(up))))
    return list(done)


def run_node(graph: Graph, node: Node, values: Mapping[str, Any], call: Call, spread: Spread) -> Any:
    """Return the value of a node whose upstream values are there, by a call for each element where it is in a block."""
    return _Block(graph, node, values, call, spread).run()


class _Block:
    """The calls of one node: one, or one for each element of the nodes that it is in the blocks of.

    The value of such a node is a list, with one in it for each element of an inner block.
    """

    def __init__(
        self,
        graph: Graph,
        node: Node,
        values: Mapping[str, Any],
        call: Call,
        spread: Spread,
    ) -> None:
        self._node, self._call, self._spread = node, call, spread
        self._values = {name: values[name] for name in node.upstream if name in values}
        self._axes = {name: graph.nodes[name].axes if name in graph.nodes else () for name in self._values}

    def run(self) -> Any:
        return self._descend(self._values, 0, "")

    def _descend(self, values: Mapping[str, Any], depth: int, task: str) -> Any:
        if depth == len(self._node.block):
            return self._run(values, task)
        axis = self._node.block[depth]
        inside = [name for name in values if self._axes[name][depth : depth + 1] == (axis,)]
        count = len(values[inside[0]])

        def go_on(number: int) -> Callable[[], Any]:
            chosen = {name: value[number] if name in inside else value for name, value in values.items()}
            return lambda: self._descend(chosen, depth + 1, f"{task}{axis}.{number}.")

        calls = [go_on(number) for number in range(count)]
        return self._spread(calls) if depth == 0 else [each() for each in calls]

    def _run(self, values: Mapping[str, Any], task: str) -> Any:
        def get(name: str, parameter: Parameter) -> Any:
            value = values[name]
            return select_columns(value, parameter.columns.names) if parameter.columns else value

        kwargs = fill(self._node, values.keys(), get, share=True)
        made = self._call(self._node, kwargs, task.removesuffix(".") or None)
        return list(made) if self._node.expands else made


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
