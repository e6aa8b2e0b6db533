"""`dagbuild accept NODE`: the author's word that a change does not alter a value."""

from __future__ import annotations

import click

from dagbuild.cli.session import Session, with_session
from dagbuild.cli.terminal import say
from dagbuild.ground.errors import InputError


@click.command("accept")
@click.argument("node", default="")
@click.option("--because", metavar="TEXT", default="", help="Why; kept, and shown by status and log.")
@click.option(
    "--package", metavar="NAME", default="", help="All nodes of which only this package has changed."
)
@click.option(
    "--helper",
    metavar="NAME",
    default="",
    help="All nodes of which only this helper or constant has changed.",
)
@click.option("--revoke", is_flag=True, help="Take back what was accepted of NODE.")
@with_session
def command(session: Session, *, node: str, because: str, package: str, helper: str, revoke: bool) -> int:
    """Say that what has changed of NODE itself does not alter its value: it stays fresh, and all below it.

    The word holds for this change only, and for everybody who shares the cache.
    """
    if sum(map(bool, (node, package, helper))) != 1 or (revoke and not node):
        raise InputError("name one node, one --package or one --helper", hint="dagbuild accept --help")

    from dagbuild.project import accept as accepting

    session.check_names([node] if node else ())
    if revoke:
        found = [accepting.revoke(session.project, node, because)]
    elif node:
        found = [accepting.accept_node(session.project, node, because)]
    else:
        found = accepting.accept_everywhere(session.project, because, package=package, helper=helper)
    for each in found:
        what = "no longer accepted" if each.revoked else "accepted"
        say(f"{what} `{each.node}`: {'; '.join(each.changes)}")
    for name, reasons in accepting.find_still_stale(session.project, found).items():
        say(f"`{name}` is to be computed all the same: {'; '.join(map(str, reasons))}")
    return 0
