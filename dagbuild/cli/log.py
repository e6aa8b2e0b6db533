"""`dagbuild log [NODE]`: what was computed when, by whom, and how long it took; what failed, and how; `--trace`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give, say
from dagbuild.ground.errors import InputError

if TYPE_CHECKING:
    from dagbuild.model.record import Record


@click.command("log")
@click.argument("node", required=False)
@click.option(
    "-n", "--number", type=click.IntRange(min=1), default=20, show_default=True, help="Lines to show."
)
@click.option(
    "--logs", is_flag=True, help="Show what nodes printed each time, and of failed ones the traceback."
)
@click.option(
    "--trace", metavar="FILE", help="Write what ran when in the newest run for Perfetto or chrome://tracing."
)
@click.option("--run", metavar="RUN", help="With --trace: this run, as the last column names it.")
@json_option
@with_session
def command(
    session: Session,
    *,
    node: str | None,
    number: int,
    logs: bool,
    trace: str | None,
    run: str | None,
    as_json: bool,
) -> int:
    """List records and failed runs, newest first: of all nodes, or of NODE, whose earlier values `pin` can bring back.

    Of NODE, what it printed when it ran last is shown as well; "page[17]" is one call of a node that is called for
    elements. Of a node that failed, the last run with the same code
    and inputs is kept on this machine until one succeeds.
    """
    if trace is not None:
        return _write_trace(session, node, trace, run)
    if run is not None:
        raise InputError(
            "--run says of which run to write a trace", hint=f"add --trace FILE, or leave --run {run} out"
        )
    from dagbuild.report.history import is_run, tell_made, tell_printed
    from dagbuild.report.style import columns
    from dagbuild.store.failed_runs import FailedRun

    # A node that is gone still has its history, so names are not checked against today's graph.
    found: list[Record | FailedRun] = [
        *session.project.log(node, number, calls=node is not None),
        *session.project.log_failed(node, number),
    ]
    found = sorted(found, key=lambda each: each.started, reverse=True)[:number]
    if as_json:
        give(json.dumps([each.to_json() for each in found], indent=2))
        return 0
    if not found:
        give("nothing was built yet" if node is None else f"there is no record of '{node}'")
        return 0
    heads = ("when", "node", "took", "size", "value", "who", "run")
    rows = [tell_made(each, session.project.name_signer) for each in found]
    head, *lines = columns(rows, session.out, heads)
    # Who names a node wants to see what its newest run printed.
    newest = next(filter(is_run, found), None) if node is not None else None
    give(head)
    for each, line in zip(found, lines, strict=True):
        give(line)
        if isinstance(each, FailedRun):
            give(f"  {session.out.paint(each.line, 'failed')}")
        if (logs or each is newest) and (printed := tell_printed(each)):
            give("\n".join(printed))
    return 0


def _write_trace(session: Session, node: str | None, file: str, run: str | None) -> int:
    """Write the steps of a run to a file."""
    from dagbuild.project.exchange import write_bytes
    from dagbuild.project.runs import find_run
    from dagbuild.report.trace import tell_trace

    if node is not None:
        raise InputError(f"--trace writes a whole run, not the node '{node}'", hint="leave the node out")
    run, made = find_run(session.project, run)
    write_bytes(tell_trace(run, made).encode(), file)
    say(f"wrote what ran in {run} to {file}: open it at https://ui.perfetto.dev or chrome://tracing")
    return 0
