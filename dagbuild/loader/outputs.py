"""Outputs of nodes: who writes what, and who therefore comes after whom.

Knows declared paths, no disk. Guards: a path has one writer, and whoever reads it follows that node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dagbuild.ground.errors import Problem
from dagbuild.model.node import Node
from dagbuild.model.output_paths import clean_path, find_read, overlap


def link_outputs(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Return the nodes, each of them following those whose outputs it reads.

    A saver that is never cached saves each time that it is asked: what it leaves is nobody's output.
    """
    nodes = {
        name: replace(node, writes=()) if node.at_home and node.cache.never and node.writes else node
        for name, node in nodes.items()
    }
    writers = {path: node.name for node in nodes.values() for path in node.writes}
    if not writers:
        return dict(nodes)
    linked: dict[str, Node] = {}
    for name, node in nodes.items():
        read = [path for pattern in node.reads for path in find_read(pattern, sorted(writers))]
        follows = dict.fromkeys(writers[path] for path in read if path not in node.writes)
        linked[name] = replace(node, follows=tuple(follows)) if follows else node
    return linked


def check_outputs(nodes: Mapping[str, Node]) -> list[Problem]:
    """Refuse a path that two nodes write, that its writer reads, or whose writer is never cached."""
    problems = []
    known: list[tuple[str, Node]] = []
    for node in nodes.values():
        if node.writes and node.cache.never:
            problems.append(
                Problem(
                    f"'{node.name}' writes '{node.writes[0]}' but is never cached, so that nobody could put it back",
                    str(node.where),
                    "take @cache away, and return a list where it gives an iterator",
                )
            )
        for path in node.writes:
            problems += [_clash(node, path, other, taken) for taken, other in known if overlap(path, taken)]
            known.append((path, node))
            if any(_is_same(read, path) for read in node.reads):
                problems.append(
                    Problem(
                        f"'{node.name}' reads '{path}', which it writes itself",
                        str(node.where),
                        "write to another path: the output is not there when the node starts",
                    )
                )
    return problems


def _is_same(read: str, path: str) -> bool:
    try:
        return overlap(clean_path(read), path) and not set(read) & set("*?[")
    except ValueError:
        return False


def _clash(node: Node, path: str, other: Node, taken: str) -> Problem:
    if other is node:
        text = f"'{node.name}' writes '{taken}' and '{path}', and one is in the other"
    elif path == taken:
        text = f"'{node.name}' writes '{path}', and so does '{other.name}' at {other.where}"
    elif path.casefold() == taken.casefold():
        text = f"'{node.name}' writes '{path}' and '{other.name}' '{taken}': one file on many machines"
    else:
        text = f"'{node.name}' writes '{path}' and '{other.name}' '{taken}': one is in the other"
    return Problem(text, str(node.where), "give each output a path of its own")
