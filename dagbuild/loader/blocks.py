"""Which nodes are called once for each element of a `Parallelizable` node.

Who takes an element, or what was made of one, is in that node's block; `Collect` leads out of the innermost one.
Guards: all elements that one call takes belong together, and whatever an element cannot be given is told at load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dagbuild.ground.errors import Problem
from dagbuild.model.graph import Graph
from dagbuild.model.node import PASS_ON, READ_ONCE, CachePolicy, Group, Node


def find_blocks(graph: Graph) -> tuple[Graph, list[Problem]]:
    """Return the graph with the blocks that nodes are in, and what is wrong with these; nodes of cycles as they are."""
    if not any(node.deals_in_elements for node in graph.nodes.values()):
        return graph, []
    found = dict(graph.nodes)
    problems: list[Problem] = []
    for name in graph.order(graph.nodes):
        if name in found:
            found[name], wrong = _place(found[name], found)
            problems += wrong
    return Graph(found, graph.inputs), problems


def _place(node: Node, found: Mapping[str, Node]) -> tuple[Node, list[Problem]]:
    takes = list(_takes(node, found))
    block = max((axes for _, axes, _ in takes), key=len, default=())
    node = replace(node, block=block)
    if node.axes and node.operation == PASS_ON:  # where there are elements, each of them is stored
        node = replace(node, cache=CachePolicy())
    wrong = [*_check_node(node), *_check_collects(node, found)]
    ways: dict[str, bool] = {}
    for up, axes, collects in takes:
        if axes != block[: len(axes)]:
            message = f"'{node.name}' takes elements of '{block[-1]}' and of '{axes[-1]}', which do not belong together"
            wrong.append(_problem(node, message, f"take one of them as a list: {up}: Collect[...]"))
        if ways.setdefault(up, collects) is not collects:
            message = f"'{node.name}' takes '{up}' element by element and as a list, too"
            wrong.append(_problem(node, message, "make one of the two in a node of its own"))
    return node, wrong


def _takes(node: Node, found: Mapping[str, Node]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Yield what the node takes of other nodes, in which blocks each call finds that, and whether it is collected."""
    for parameter in node.parameters:
        for up in parameter.upstream:
            if up in found:
                axes = found[up].axes
                yield up, axes[:-1] if parameter.collects else axes, parameter.collects


def _check_collects(node: Node, found: Mapping[str, Node]) -> Iterator[Problem]:
    for parameter in node.parameters:
        if not parameter.collects:
            continue
        if isinstance(parameter.binding, Group):
            yield _problem(
                node, f"'{node.name}' cannot collect a group", "take each of them as a Collect of its own"
            )
        for up in parameter.upstream:
            if up not in found or not found[up].axes:
                what = f"'{up}', which is no element of anything" if up in found else f"the input '{up}'"
                yield _problem(
                    node,
                    f"'{node.name}' collects {what}",
                    "Collect takes what is made of the elements of a node that gives Parallelizable[...]",
                )


def _check_node(node: Node) -> Iterator[Problem]:
    """Yield what a node cannot have that is called for elements, gives them or collects them."""
    if node.cache.never and node.deals_in_elements:
        because = node.cache.because or "says so"
        remedy = "return a list" if because == READ_ONCE else "load, or return, what is computed"
        yield _problem(
            node,
            f"'{node.name}' is never cached, for it {because}; what deals in elements is",
            remedy if node.cache.because else 'leave @cache("never") away',
        )
    if node.writes and node.axes:
        yield _problem(
            node,
            f"'{node.name}' writes '{node.writes[0]}', and deals in elements, which have no files of their own",
            "write it in a node that collects",
        )


def _problem(node: Node, message: str, hint: str) -> Problem:
    return Problem(message, str(node.where), hint)
