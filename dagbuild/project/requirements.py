"""Which inputs the wanted nodes cannot do without, and which nodes are left out for want of one.

Knows parameters and their defaults, nothing of values. Guards: what only unwanted nodes need is asked of nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED, File, Files, Node
from dagbuild.plan.reasons import Reason


def find_takers(graph: Graph, name: str, reached: Collection[str]) -> list[Node]:
    """Return those of the reached nodes that take the input and have no default for it."""
    users = (graph.nodes[user] for user in graph.inputs[name].used_by if user in reached)
    return [node for node in users if _requires(node, name)]


def _requires(node: Node, name: str) -> bool:
    return any(each.default is REQUIRED for each in node.parameters if name in each.upstream)


def find_lacking(graph: Graph, has: Callable[[str], bool]) -> dict[str, Reason]:
    """Return by name the nodes that cannot be made, and for want of which input. `has` tells what is given."""
    found: dict[str, Reason] = {}
    for name in graph.order(graph.nodes, stop=has):
        node = graph.nodes.get(name)
        if node is None or has(name):
            continue
        for up in node.upstream:
            if up in found:
                found[name] = Reason(f"upstream `{up}` is left out", "upstream")
            elif up in graph.inputs and not has(up) and _requires(node, up):
                found[name] = Reason(_tell_lack(graph, node, up), "input", str(node.where))
            else:
                continue
            break
    return found


def find_ends(graph: Graph, lacking: Collection[str]) -> tuple[str, ...]:
    """Return the nodes that can be made and that no node takes that can be made; inner ones are nobody's end."""
    return tuple(
        name
        for name, node in graph.nodes.items()
        if not node.is_inner
        and name not in lacking
        and all(each in lacking for each in graph.downstream(name))
    )


def _tell_lack(graph: Graph, node: Node, name: str) -> str:
    table = "[inputs]" if graph.inputs[name].type in (File, Files) else "[config]"
    said = f"needs '{name}': give it under {table}"
    return f"{said}, or name it `_{node.name}`" if _may_be_helper(graph, node) else said


def _may_be_helper(graph: Graph, node: Node) -> bool:
    return not graph.downstream(node.name) and node.function_name in ("", node.name)


def tell_remedy(graph: Graph, node: Node, name: str) -> str:
    """Return what to do about an input that a node needs and nobody gives."""
    if graph.inputs[name].type in (File, Files):
        said = f'give it: {name} = "path" under [inputs] in dagbuild.toml, or inputs='
    else:
        said = f"give it: {name} under [config] in dagbuild.toml, --set {name}=..., or inputs="
    return f"{said}; or name it `_{node.name}` if it is a helper" if _may_be_helper(graph, node) else said
