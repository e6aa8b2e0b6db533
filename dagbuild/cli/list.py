"""`dagbuild list`: the nodes, what they give and where they are defined."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.ground.errors import InputError

if TYPE_CHECKING:
    from dagbuild.model.node import Node


@click.command("list")
@click.option("--tag", "tags", metavar="KEY[=VALUE]", multiple=True, help="Only nodes with this tag.")
@json_option
@with_session
def command(session: Session, tags: tuple[str, ...], as_json: bool) -> int:
    """List the nodes of the project, in the order in which they build."""
    from dagbuild.report.drawing.picture import name_value
    from dagbuild.report.plan_text import NO_NODES
    from dagbuild.report.style import columns

    graph = session.project.graph
    wanted = [_read_tag(text) for text in tags]
    nodes = [
        graph.nodes[name]
        for name in graph.order(graph.nodes)
        if name in graph.nodes and all(_has_tag(graph.nodes[name], *tag) for tag in wanted)
    ]
    if as_json:
        plain = [
            {
                "name": node.name,
                "type": name_value(node),
                "where": str(node.where),
                "doc": node.doc,
                "tags": dict(node.tags),
                "upstream": list(node.upstream),
            }
            for node in nodes
        ]
        give(json.dumps(plain, indent=2))
    elif not nodes:
        give("no node has that tag" if tags else NO_NODES)
    else:
        rows = [
            (node.name, name_value(node), node.where.module, node.doc.strip().partition("\n")[0])
            for node in nodes
        ]
        give("\n".join(columns(rows, session.out, ("node", "type", "module", ""))))
    return 0


def _read_tag(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    if not key:
        raise InputError(f"--tag '{text}' names no tag", hint="write --tag team=growth")
    return key, value if equals else None


def _has_tag(node: Node, key: str, value: str | None) -> bool:
    if key not in node.tags:
        return False
    has = node.tags[key]
    return (
        value is None
        or value == (str(has).lower() if isinstance(has, bool) else has)
        or (isinstance(has, list) and value in has)
    )
