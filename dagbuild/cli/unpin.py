"""`dagbuild unpin NODE`: let the node be computed again."""

from __future__ import annotations

import click

from dagbuild.cli.session import Session, with_session
from dagbuild.cli.terminal import say
from dagbuild.errors import InputError, did_you_mean


@click.command("unpin", short_help="Let go of a pin.")
@click.argument("node")
@with_session
def command(session: Session, node: str) -> int:
    """Take NODE's pin out of dagbuild.toml."""
    from dagbuild.settings import remove_pin

    settings = session.settings
    if not remove_pin(settings.file or settings.root, node):
        raise InputError(f"'{node}' is not pinned", hint=did_you_mean(node, settings.pins) or "dagbuild pins")
    say(f"unpinned `{node}`")
    return 0
