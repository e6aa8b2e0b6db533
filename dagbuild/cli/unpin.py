"""`dagbuild unpin NODE`: let the node be computed again."""

from __future__ import annotations

import click

from dagbuild.cli.session import Session, with_session
from dagbuild.cli.terminal import say


@click.command("unpin")
@click.argument("node")
@with_session
def command(session: Session, node: str) -> int:
    """Take NODE's pin out of dagbuild.toml."""
    from dagbuild.project.pins import unpin

    unpin(session.settings, node)
    say(f"unpinned `{node}`")
    return 0
