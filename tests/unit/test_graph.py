"""Walks along the graph."""

import itertools
import sys

from dagbuild.model.graph import Graph
from dagbuild.model.node import Input, Node, Parameter, Source, Where


def make_node(name: str, *upstream: str) -> Node:
    """Return a node that takes what it is told to."""
    parameters = tuple(Parameter(up, int, Source(up)) for up in upstream)
    return Node(name, int, lambda **_: 0, parameters, Where("m", "m.py", 1))


def make_graph(**edges: str) -> Graph:
    """Return a graph from `name="upstream upstream"`; names that nothing makes are inputs."""
    nodes = {name: make_node(name, *ups.split()) for name, ups in edges.items()}
    outside = {up for node in nodes.values() for up in node.upstream} - set(nodes)
    inputs = {
        name: Input(name, int, True, tuple(n for n in nodes if name in nodes[n].upstream)) for name in outside
    }
    return Graph(nodes, inputs)


DIAMOND = {"a": "x", "b": "a", "c": "a", "d": "b c", "e": "d", "lonely": ""}


def test_order_puts_each_name_after_what_it_needs() -> None:
    """Inputs come first, a target last, and what it does not need not at all."""
    order = make_graph(**DIAMOND).order(["d"])

    assert order[:2] == ["x", "a"]
    assert set(order) == {"x", "a", "b", "c", "d"}
    assert order[-1] == "d"


def test_order_does_not_follow_what_is_stopped_at() -> None:
    """An overridden node hides what is above it."""
    order = make_graph(**DIAMOND).order(["d"], stop={"b"}.__contains__)

    assert "b" in order
    assert make_graph(**DIAMOND).order(["b"], stop={"b"}.__contains__) == ["b"]


def test_reach_up_and_down() -> None:
    """Both walks include where they start."""
    graph = make_graph(**DIAMOND)

    assert graph.reach_up(["b"]) == {"b", "a", "x"}
    assert graph.reach_down(["b"]) == {"b", "d", "e"}


def test_path_between_includes_both_ends_and_every_way() -> None:
    """Both arms of a diamond are on the path."""
    graph = make_graph(**DIAMOND)

    assert graph.find_path("a", "d") == {"a", "b", "c", "d"}
    assert graph.find_path("d", "a") == set()


def test_what_is_in_no_graph_holds_nothing_up() -> None:
    """A name that neither a node nor an input has is passed over, and makes no cycle."""
    graph = Graph({"a": make_node("a", "gone"), "b": make_node("b", "a")}, {})

    assert graph.order(["b"]) == ["a", "b"]
    assert graph.find_cycle() is None


def test_cycle_is_told_whole_and_in_order() -> None:
    """Each name of the cycle takes the one before it."""
    graph = make_graph(a="c", b="a", c="b", d="c")

    cycle = graph.find_cycle()

    assert cycle is not None
    assert cycle[0] == cycle[-1]
    assert set(cycle) == {"a", "b", "c"}
    assert all(up in graph.upstream(down) for up, down in itertools.pairwise(cycle))
    assert make_graph(**DIAMOND).find_cycle() is None


def test_long_chain_needs_no_recursion() -> None:
    """A chain many times as long as the stack is deep is walked."""
    length = 20 * sys.getrecursionlimit()
    graph = make_graph(n0="", **{f"n{i}": f"n{i - 1}" for i in range(1, length)})

    assert graph.order([f"n{length - 1}"])[-1] == f"n{length - 1}"
    assert len(graph.reach_up([f"n{length - 1}"])) == length
    assert graph.find_cycle() is None
