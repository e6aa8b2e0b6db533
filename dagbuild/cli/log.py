"""`dagbuild log [NODE]`: what was computed when, by whom, and how long it took."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give


@click.command("log")
@click.argument("node", required=False)
@click.option(
    "-n", "--number", type=click.IntRange(min=1), default=20, show_default=True, help="Lines to show."
)
@click.option("--logs", is_flag=True, help="Show what the nodes printed each time, too.")
@json_option
@with_session
def command(session: Session, node: str | None, number: int, logs: bool, as_json: bool) -> int:
    """List records, newest first: of all nodes, or of NODE, whose earlier values `pin` can bring back.

    Of NODE, what it printed when it ran last is shown as well.
    """
    from dagbuild.plan.acceptance import Acceptance
    from dagbuild.report import units
    from dagbuild.report.makers import name_maker
    from dagbuild.report.plan_text import quote_log
    from dagbuild.report.style import columns

    # A node that is gone still has its history, so names are not checked against today's graph.
    records = session.project.log(node, number)
    if as_json:
        give(json.dumps([record.to_json() for record in records], indent=2))
    elif not records:
        give("nothing was built yet" if node is None else f"there is no record of '{node}'")
    else:
        rows = [
            (
                units.moment(record.started),
                record.node,
                "same value" if record.alias else units.seconds(record.duration),
                units.size(record.artifact.size),
                record.artifact.digest[:13],
                name_maker(record, session.project.name_signer),
                record.run,
            )
            if (said := Acceptance.from_record(record)) is None
            else (
                units.moment(said.moment),
                said.node,
                "revoked" if said.revoked else "accepted",
                "",
                "",
                said.author,
                said.because,
            )
            for record in records
        ]
        heads = ("when", "node", "took", "size", "value", "who", "run")
        lines = columns(rows, session.out, heads)
        # Who names a node wants to see what its newest run printed; what was accepted or found was no run.
        runs = (r for r in records if not r.alias and Acceptance.from_record(r) is None)
        newest = next(runs, None) if node is not None else None
        give(lines[0])
        for record, line in zip(records, lines[1:], strict=True):
            give(line)
            if record.log and (logs or record is newest):
                give("\n".join(quote_log(record.log)))
    return 0
