"""`dagbuild status`: what is fresh, what is stale and why. Runs and fetches nothing."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from dagbuild.cli.session import (
    Session,
    all_option,
    json_option,
    no_fetch_option,
    override_option,
    with_session,
)
from dagbuild.cli.terminal import give
from dagbuild.ground import gc_pause

STALE = 1


@click.command("status")
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@no_fetch_option
@override_option
@all_option
@click.option(
    "--remote",
    is_flag=True,
    help="Say what lies in the remote only: bytes to fetch, time to make it.",
)
@json_option
@with_session
def command(
    session: Session,
    *,
    targets: tuple[str, ...],
    overrides: tuple[str, ...],
    everything: bool,
    remote: bool,
    as_json: bool,
) -> int:
    """Say of each node above the targets whether it is fresh, and if not, why.

    Exit status: 0 when everything is fresh, 1 when something is to compute, 2 for a mistake.
    """
    from dagbuild.cli.given import read_overrides
    from dagbuild.report.plan_text import plan_to_json, tell_far, tell_status

    gc_pause.leave_to_system()
    targets = session.choose(targets)
    session.project.tell_ended(session.listen)
    plan = session.project.status(targets, overrides=read_overrides(overrides, session.project.graph.nodes))
    failed = session.project.find_failed(plan)
    far = None
    if remote:
        from dagbuild.project.fetching import measure_far

        far = measure_far(session.project, plan)
    if as_json:
        told = plan_to_json(plan, failed)
        lines = [json.dumps({**told, "remote": asdict(far)} if far else told, indent=2)]
    else:
        lines = tell_status(plan, session.out, everything=everything, failed=failed)
        lines += tell_far(far) if far else []
    give("\n".join(lines))
    if not plan.clean:
        return STALE
    if not (overrides or remote):
        session.remember(lines, 0, plan, plan.steps.values())
    return 0
