"""`dagbuild show NODE`: a value from the cache, as much of it as fits."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.ground.digits import any_length


@click.command("show")
@click.argument("node")
@click.option(
    "-n", "--rows", type=click.IntRange(min=0), default=8, show_default=True, help="Rows of a table."
)
@json_option
@with_session
def command(session: Session, node: str, rows: int, as_json: bool) -> int:
    """Show what NODE is: its type and size, columns and statistics, and its first rows."""
    from dagbuild.report.show import tell_value

    session.check_names([node])
    project = session.project
    artifact = project.artifact(node)
    described = project.artifacts.describe(artifact)
    if as_json:
        give(json.dumps({"node": node, "digest": artifact.digest, **described}, indent=2, default=str))
    else:
        with any_length():  # in the cells of a table; a number by itself is told by its length
            lines = tell_value(node, project.value(node), rows, artifact.size, session.out)
        give("\n".join(lines))
    return 0
