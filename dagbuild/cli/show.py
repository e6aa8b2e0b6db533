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
@click.option(
    "-c", "--column", "columns", metavar="NAME", multiple=True, help="This column of a table; reads no other."
)
@json_option
@with_session
def command(session: Session, node: str, rows: int, columns: tuple[str, ...], as_json: bool) -> int:
    """Show what NODE is: its type and size, columns and statistics, and its first rows."""
    from dagbuild.report.show import tell_value

    if columns and as_json:
        raise click.UsageError("--json tells of all columns, and reads none: leave --column out")
    session.check_names([node])
    project = session.project
    artifact = project.artifact(node)
    if as_json:
        described = project.artifacts.describe(artifact)
        give(json.dumps({"node": node, "digest": artifact.digest, **described}, indent=2, default=str))
    else:
        with any_length():  # in the cells of a table; a number by itself is told by its length
            stored = 0 if columns else artifact.size
            lines = tell_value(node, project.value(node, columns), rows, stored, session.out)
        give("\n".join(lines))
    return 0
