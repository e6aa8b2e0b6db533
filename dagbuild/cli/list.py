"""`dagbuild list`: the nodes, what they give and where they are defined."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give


@click.command("list")
@click.argument("targets", nargs=-1, metavar="[NODE...]")
@json_option
@with_session
def command(session: Session, targets: tuple[str, ...], as_json: bool) -> int:
    """List the nodes of the project, or some of them, in the order in which they build."""
    from dagbuild.report.drawing.picture import name_value
    from dagbuild.report.plan_text import NO_NODES
    from dagbuild.report.style import columns

    graph = session.project.graph
    chosen = set(session.choose(targets) or graph.nodes)
    nodes = [graph.nodes[name] for name in graph.order(graph.nodes) if name in chosen and name in graph.nodes]
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
        give(NO_NODES)
    else:
        rows = [
            (node.name, name_value(node), node.where.module, node.doc.strip().partition("\n")[0])
            for node in nodes
        ]
        give("\n".join(columns(rows, session.out, ("node", "type", "module", ""))))
    return 0
