"""`dagbuild graph`: the graph as a picture, or as a tree of text in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagbuild.cli.session import Session, with_session
from dagbuild.cli.terminal import give, say
from dagbuild.ground.errors import UserError
from dagbuild.project.exchange import write_bytes

if TYPE_CHECKING:
    from dagbuild.plan.plan import Plan


@click.command("graph")
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@click.option("-o", "--output", metavar="FILE", help="A .svg, .png, .pdf, .dot, .mmd or .json file.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "dot", "own"]),
    default="auto",
    help="What draws: dagbuild itself (own; the default where it can), or Graphviz's dot.",
)
@click.option("--plain", is_flag=True, help="Without status: look nothing up.")
@with_session
def command(session: Session, targets: tuple[str, ...], output: str | None, engine: str, plain: bool) -> int:
    """Draw what the targets need, or the whole graph, coloured by status.

    Without -o: a tree in the terminal.
    """
    from dagbuild.report.drawing import draw_picture, make_picture
    from dagbuild.report.drawing.tree import draw_tree
    from dagbuild.report.plan_text import NO_NODES

    project = session.project
    chosen = project.targets(session.choose(targets))
    picture = make_picture(
        project.graph, None if plain else _find_status(session, chosen), chosen, _title(session, targets)
    )
    if output is None:
        give("\n".join(draw_tree(picture, session.out) or [NO_NODES]))
        return 0
    data, drawn_by = draw_picture(picture, Path(output).suffix[1:], engine)
    write_bytes(data, output)
    say(f"wrote {output}: {drawn_by}")
    return 0


def _find_status(session: Session, targets: tuple[str, ...]) -> Plan | None:
    """Return the plan to colour by; a graph whose inputs are not given yet is drawn without colours."""
    try:
        return session.project.status(targets)
    except UserError as error:
        say(f"{session.err.paint('warning', 'warning')}: drawn without status: {error.problems[0].message}")
        return None


def _title(session: Session, targets: tuple[str, ...]) -> str:
    profile = f" ({session.settings.profile})" if session.settings.profile else ""
    return (
        f"{', '.join(targets[:3]) or session.settings.root.name}{', …' if len(targets) > 3 else ''}{profile}"
    )
