"""`dagbuild lineage NODE`: what a value was made from, as its records tell it."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give


@click.command("lineage")
@click.argument("node")
@json_option
@with_session
def command(session: Session, node: str, as_json: bool) -> int:
    """Follow NODE's present value up: the values, files, config and packages that it was made from."""
    from dagbuild.report.lineage import find_lineage, tell_lineage
    from dagbuild.store.makers import Makers

    session.check_names([node])
    project = session.project
    present = project.find_present(node)
    makers = Makers(project.store, present)
    lines = find_lineage(node, present, makers.find, project.graph.inputs)
    if as_json:
        give(
            json.dumps([{"node": name, "record": r.to_json() if r else None} for name, r in lines], indent=2)
        )
    else:
        give("\n".join(tell_lineage(lines, session.out, project.name_signer)))
    return 0
