"""Which record of another name answers for a node: that of the node before it was renamed.

Pure. Guards: two nodes with one body stay two values, since what a node of today has made is never another's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dagbuild.model.record import Record


def find_under_old_names(records: Iterable[Record], name: str, present: Collection[str]) -> list[Record]:
    """Return those of the records under a node's unnamed key that are the node's under an earlier name.

    `present` are the nodes of today's graph that may have made them. The value of a record that one of them has too is
    that one's.
    """
    named = [(record, find_node(record.node)) for record in records]
    others = {r.artifact.digest for r, node in named if node in present and node != name}
    return [
        record
        for record, node in named
        if (node == name or node not in present) and record.artifact.digest not in others
    ]


def find_node(name: str) -> str:
    """Return the node that a record is of: that of one call, "page[17]", names the call."""
    return name.partition("[")[0]
