"""`dagbuild stats`: which nodes take the cache's space, and what it would cost to make their values again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from dagbuild.cli.session import Session, all_option, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.ground import units
from dagbuild.report.style import Style, columns

if TYPE_CHECKING:
    from dagbuild.store.usage import Usage

MANY = 20


@click.command("stats")
@all_option
@json_option
@with_session
def command(session: Session, everything: bool, as_json: bool) -> int:
    """List the nodes by the disk space that their values take in this machine's cache, the largest first.

    Shared bytes stand in other values too, a node's own earlier ones or those of other nodes, and are stored once.
    """
    usage = session.maintenance.measure()
    if as_json:
        give(json.dumps(asdict(usage), indent=2))
    else:
        give("\n".join(_tell(usage, session.out, everything=everything)))
    return 0


def _tell(usage: Usage, style: Style, *, everything: bool) -> Iterator[str]:
    if not usage.nodes and not usage.blobs and not usage.copied:
        yield "the cache is empty"
        return
    shown = usage.nodes if everything else usage.nodes[:MANY]
    heads = ["node", "versions", "size", "shared", "took"]
    rows = [
        [n.node, f"{n.versions:,}", units.size(n.size), units.size(n.shared), units.seconds(n.seconds)]
        for n in shown
    ]
    if usage.calls:
        heads.insert(2, "calls")
        for row, n in zip(rows, shown, strict=True):
            row.insert(2, f"{n.calls:,}" if n.calls else "")
    yield from columns(rows, style, heads)
    if len(shown) < len(usage.nodes):
        yield f"and {len(usage.nodes) - len(shown):,} more: --all shows them"
    yield ""
    values = f"{units.count(usage.versions, 'value')} of {units.count(len(usage.nodes), 'node')}"
    if usage.calls:
        values += f", {units.count(usage.calls, 'call')} for elements"
    yield f"{units.size(usage.size)} in all: {values}, {units.seconds(usage.seconds)} of work"
    if usage.copied:
        yield f"{units.size(usage.copied)} more in copies of files that nodes made: `dagbuild gc` removes unused ones"
    if usage.unnamed:
        yield f"{units.size(usage.unnamed)} belong to no value: `dagbuild gc` removes them after a day"
