"""`dagbuild pins`: what stands in whose place, since when and why."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give


@click.command("pins", short_help="List the pins.")
@json_option
@with_session
def command(session: Session, as_json: bool) -> int:
    """List the pins of dagbuild.toml. Imports none of the project's modules."""
    from dagbuild.report.style import columns

    pins = session.settings.pins
    if as_json:
        plain = {
            name: {"digest": pin.digest, "note": pin.note, "author": pin.author, "date": pin.date}
            for name, pin in pins.items()
        }
        give(json.dumps(plain, indent=2))
    elif not pins:
        give("no pins")
    else:
        rows = [(name, pin.digest[:13], pin.date, pin.author, pin.note) for name, pin in pins.items()]
        give("\n".join(columns(rows, session.out, ("node", "value", "date", "author", "note"))))
    return 0
