"""Which record of another name answers for a node: that of the node before it was renamed.

Pure. Guards: two nodes with one body stay two values, since what a node of today has made is never another's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dagbuild.model.record import Record


def find_under_old_names(records: Iterable[Record], name: str, present: Collection[str]) -> list[Record]:
    """Return those of the records under a node's unnamed key that are the node's under an earlier name.

    `present` are all names of today's graph. The value of a record that one of them has too is that one's.
    """
    records = list(records)
    others = {r.artifact.digest for r in records if r.node in present and r.node != name}
    return [
        record
        for record in records
        if (record.node == name or record.node not in present) and record.artifact.digest not in others
    ]
