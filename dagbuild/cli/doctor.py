"""`dagbuild doctor`: look whether settings, cache, key and remote are there and work."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give

BAD = 1

_INKS = {"good": "fresh", "note": "hint", "bad": "failed"}


@click.command("doctor")
@json_option
@with_session
def command(session: Session, as_json: bool) -> int:
    """Look at versions, settings, cache folder, key and remote, and say what is not right and what to do.

    Writes one small object to the remote and removes it again. Imports none of the project's modules.

    Exit status: 0 when nothing is wrong, 1 when something is.
    """
    from dagbuild.project.doctor import examine

    found = []
    for each in examine(lambda: session.settings):
        found.append(each)
        if not as_json:
            give(f"{session.out.paint(f'{each.state:4}', _INKS[each.state])}  {each.subject}: {each.text}")
            if each.remedy:
                give(f"      {session.out.paint(each.remedy, 'hint')}")
    if as_json:
        give(json.dumps([each.to_json() for each in found], indent=2))
    return BAD if any(each.state == "bad" for each in found) else 0
