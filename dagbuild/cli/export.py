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
    """Write NODE's value to FILE in the form that the suffix names.

    Tables: csv, parquet, json, xlsx, html, md. Figures: png, svg, pdf. Arrays: npy, csv. Text and bytes: any suffix.
    Everything: pickle, txt. A file or folder that NODE made is copied as it is.
    """
    session.check_names([node])
    session.project.export(node, file)
    say(f"wrote {file}")
    return 0
