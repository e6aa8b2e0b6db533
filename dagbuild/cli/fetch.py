"""`dagbuild fetch`: bring values from the remote into the cache, to work without it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.ground import units

WITHOUT = 1


@click.command("fetch")
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@click.option("--all-upstream", "above", is_flag=True, help="The values of all nodes above the targets, too.")
@json_option
@with_session
def command(session: Session, targets: tuple[str, ...], above: bool, as_json: bool) -> int:
    """Bring the targets' values into this machine's cache, as far as somebody has published them. Runs nothing.

    A build fetches what it needs by itself; this is for the train.

    Exit status: 1 when a value is not there to be had.
    """
    from dagbuild.project.fetching import fetch

    targets = session.choose(targets)
    found = fetch(session.project, targets, above=above)
    if as_json:
        give(json.dumps(asdict(found), indent=2))
    else:
        here = f"; {units.count(len(found.here), 'value')} here already" if found.here else ""
        give(f"fetched {units.count(len(found.fetched), 'value')}, {units.size(found.size)}{here}")
        if found.without:
            shown = ", ".join(f"`{name}`" for name in found.without[:5])
            more = f" and {len(found.without) - 5:,} more" if len(found.without) > 5 else ""
            give(f"not published: {shown}{more}; `dagbuild status` says why")
    return WITHOUT if found.without else 0
