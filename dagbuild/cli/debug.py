"""`dagbuild debug NODE`: run a node in this process and stop in the debugger where it fails."""

from __future__ import annotations

import click

from dagbuild.cli.session import Session, no_fetch_option, override_option, with_session
from dagbuild.cli.terminal import give, say

FAILED = 1


@click.command("debug")
@click.argument("node")
@click.option("--ipython", is_flag=True, help="Use IPython's debugger.")
@no_fetch_option
@override_option
@with_session
def command(session: Session, *, node: str, ipython: bool, overrides: tuple[str, ...]) -> int:
    """Run NODE in this process with its inputs from the cache, wherever it failed, and stop where it fails.

    What is above it must be there: nothing else is computed. If it does not fail, its value is kept, as by --force.
    """
    from dagbuild.cli.given import read_overrides
    from dagbuild.ground.errors import InputError
    from dagbuild.ground.texts import get_noted
    from dagbuild.plan.events import Notice
    from dagbuild.project.debugging import choose_debugger, find_missing, stop_in
    from dagbuild.report.console import PlainReport
    from dagbuild.report.failures import say_failure

    session.check_names([node])
    project = session.project
    project.check_node(node)
    debugger = choose_debugger(ipython=ipython)
    values = read_overrides(overrides, project.graph.nodes)
    if missing := find_missing(project, node, values):
        names = " and ".join(f"'{name}'" for name in missing)
        raise InputError(
            f"'{node}' cannot be run: there is no value of {names}",
            hint=session.command("build", *(w for text in overrides for w in ("--override", text)), *missing),
        )
    report = PlainReport(say, session.err)
    result = project.build(
        [node],
        overrides=values,
        force=[node],
        executor="inline",
        limits=False,
        on_event=lambda event: report(event) if isinstance(event, Notice) else None,
    )
    if result.interrupted:
        raise KeyboardInterrupt
    ended = result.steps.get(node)
    failure = ended.failure if ended else None
    if failure is None:
        give(f"'{node}' did not fail: its value is in the cache")
        return 0
    say(f"{session.err.paint('failed', 'failed')} {session.err.paint(node, 'bold')}: {say_failure(failure)}")
    trace = get_noted(failure.error, "__traceback__") if failure.error is not None else None
    if trace is not None:
        stop_in(debugger, trace)
    return FAILED
