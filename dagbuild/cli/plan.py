"""`dagbuild plan`: what a build would do. Runs and fetches nothing."""

from __future__ import annotations

import json

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


@click.command("plan")
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@click.option("--force", metavar="NODE", multiple=True, help="As if this node were to be computed anyway.")
@no_fetch_option
@override_option
@all_option
@json_option
@with_session
def command(
    session: Session,
    *,
    targets: tuple[str, ...],
    force: tuple[str, ...],
    overrides: tuple[str, ...],
    everything: bool,
    as_json: bool,
) -> int:
    """Say what a build of the targets would run, take from the cache, fetch and leave alone."""
    from dagbuild.cli.given import read_overrides
    from dagbuild.report.plan_text import plan_to_json, tell_plan

    gc_pause.leave_to_system()
    targets, force = session.choose(targets), session.choose(force)
    plan = session.project.plan(
        targets, overrides=read_overrides(overrides, session.project.graph.nodes), force=force
    )
    if as_json:
        give(json.dumps(plan_to_json(plan), indent=2))
    else:
        give("\n".join(tell_plan(plan, session.out, everything=everything)))
    return 0
