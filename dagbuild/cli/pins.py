"""`dagbuild pins`: what stands in whose place, since when and why, and what it stands in front of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.report.style import Style, columns

if TYPE_CHECKING:
    from dagbuild.project.shadows import Shadow


@click.command("pins")
@json_option
@with_session
def command(session: Session, as_json: bool) -> int:
    """List the pins of dagbuild.toml: the nodes that are not needed because of each, and whether it differs from what
    the node would give. Runs nothing.
    """
    if not session.settings.pins:
        give("{}" if as_json else "no pins")
        return 0
    from dagbuild.project.shadows import find_shadows

    shadows = find_shadows(session.project)
    if as_json:
        give(json.dumps({shadow.node: _to_json(shadow) for shadow in shadows}, indent=2))
    else:
        give("\n".join(_tell(shadows, session.out)))
    return 0


def _tell(shadows: list[Shadow], style: Style) -> Iterator[str]:
    from dagbuild.report.plan_text import join

    rows = [(s.node, s.pin.digest[:13], s.pin.date, s.pin.author, _compare(s), s.pin.note) for s in shadows]
    yield from columns(rows, style, ("node", "value", "date", "author", "computed", "note"))
    for shadow in shadows:
        if shadow.hidden:
            yield f"because of `{shadow.node}`, not needed: {join(shadow.hidden)}"


def _compare(shadow: Shadow) -> str:
    match shadow.differs:
        case None:
            return "not known: not built"
        case True:
            return "differs"
        case False:
            return "equal"


def _to_json(shadow: Shadow) -> dict[str, object]:
    pin = shadow.pin
    return {
        "digest": pin.digest,
        "note": pin.note,
        "author": pin.author,
        "date": pin.date,
        "hides": list(shadow.hidden),
        "computed": shadow.digest,
        "differs": shadow.differs,
    }
