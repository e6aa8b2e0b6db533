"""`dagbuild push`: send to the remote what it does not have."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.ground import units

UNSENT = 1


@click.command("push")
@json_option
@with_session
def command(session: Session, as_json: bool) -> int:
    """Publish every result and pin of this machine's cache that the remote does not have, or has lost.

    Builds do so by themselves; this is for what was made without the remote. Exit status: 1 when something could not
    be sent.
    """
    pushed = session.maintenance.push()
    if as_json:
        give(json.dumps(asdict(pushed), indent=2))
    elif pushed.sent or pushed.values:
        blobs = f" and {units.count(pushed.values, 'blob')} that it had not" if pushed.values else ""
        give(f"{pushed.url} ({pushed.mode}): sent {units.count(pushed.sent, 'result')}{blobs}")
    elif not pushed.unsent:
        give(f"{pushed.url} ({pushed.mode}): it has everything that is here")
    return UNSENT if pushed.unsent else 0
