"""`dagbuild explain NODE`: why a node is fresh or stale, part by part."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, override_option, with_session
from dagbuild.cli.terminal import give


@click.command("explain")
@click.argument("node")
@override_option
@json_option
@with_session
def command(session: Session, node: str, overrides: tuple[str, ...], as_json: bool) -> int:
    """Show the parts that decide NODE's value beside those of its last record, and what changed.

    Of one call of a node that is called for elements, "page[17]": whether it would be reused, and why not.
    """
    from dagbuild.cli.given import read_overrides
    from dagbuild.project.calls import split_name
    from dagbuild.report.explain import explanation_to_json, tell_explanation

    session.check_names([split_name(node)[0]])
    found = session.project.explain(node, overrides=read_overrides(overrides, session.project.graph.nodes))
    if as_json:
        give(json.dumps(explanation_to_json(found), indent=2))
    else:
        give("\n".join(tell_explanation(found, session.out, session.project.name_signer)))
    return 0
