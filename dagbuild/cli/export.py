"""`dagbuild export NODE FILE`: a value from the cache as a file for others."""

from __future__ import annotations

import click

from dagbuild.cli.session import Session, with_session
from dagbuild.cli.terminal import say


@click.command("export")
@click.argument("node")
@click.argument("file")
@with_session
def command(session: Session, node: str, file: str) -> int:
    """Write NODE's value to FILE as csv, parquet, json, pickle, npy or txt, by the suffix.

    A file or folder that NODE made is copied as it is.
    """
    from dagbuild.cli.files import write_value

    session.check_names([node])
    write_value(session.project.value(node), file, node)
    say(f"wrote {file}")
    return 0
