"""`dagbuild pin NODE [VALUE]`: a value in a node's place, for everybody who shares the project."""

from __future__ import annotations

import click

from dagbuild.cli.session import Session, with_session
from dagbuild.cli.terminal import say
from dagbuild.ground.errors import InputError


@click.command("pin")
@click.argument("node")
@click.argument("value", default="@current")
@click.option("-m", "--note", default="", help="Why; kept with the pin.")
@with_session
def command(session: Session, node: str, value: str, note: str) -> int:
    """Put VALUE in NODE's place: a file, a literal, or @ and the start of a run or digest that the log shows.

    Without VALUE: the value that NODE has now. Pins are kept in dagbuild.toml.
    """
    from dagbuild.project.pins import pin_built, pin_value

    session.check_names([node])
    if value.startswith("@"):
        pin = pin_built(session.project, node, value, note)
    else:
        pin = pin_value(session.project, node, _read(session, node, value), note)
    say(f"pinned `{node}` to {pin.digest}")
    return 0


def _read(session: Session, node: str, text: str) -> object:
    """Return the value to pin; raises InputError when the node could not give it."""
    from dagbuild.cli.given import read_given
    from dagbuild.model.conversion import Spelled, Unfit, convert_value
    from dagbuild.model.types import check_value, describe_type
    from dagbuild.project.elements import type_of

    wanted = type_of(session.project.check_node(node))
    value = read_given(text, wanted)
    if isinstance(value, Spelled):
        try:
            return convert_value(value.value, wanted, {(): text})
        except Unfit as unfit:
            said = f": {unfit.reason}" if unfit.reason and not unfit.path else ""
            raise InputError(f"`{node}` gives {describe_type(wanted)}, and '{text}' is none{said}") from None
    if not check_value(value, wanted):
        kind = type(value).__name__
        raise InputError(f"`{node}` gives {describe_type(wanted)}, and '{text}' is of type {kind}")
    return value
