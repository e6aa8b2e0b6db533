"""What takes the space of a local store, node by node, and what it would cost to make again.

Knows records and the sizes of files; reads no blob. A blob that several values are made of is counted once for each
node, and once in the total. Records come one at a time: of each value there stays in memory what is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dagbuild.ground import gc_pause
from dagbuild.ground.digest import Digest
from dagbuild.model.record import ACCEPTED, Artifact
from dagbuild.store.local import LocalStore
from dagbuild.store.verify import iter_blobs


@dataclass(frozen=True)
class NodeUsage:
    """The values of one node that are kept.

    `shared` are those of its `size` bytes that other values are made of too, its own earlier ones or those of other
    nodes; `seconds` is what it took to make all versions.
    """

    node: str
    versions: int
    size: int
    shared: int
    seconds: float


@dataclass(frozen=True)
class Usage:
    """The nodes, the largest first, and the whole: `size` of all blobs, `unnamed` bytes that no value is made of.

    `copied` are the bytes of copies of files and folders, which are there besides the blobs.
    """

    nodes: tuple[NodeUsage, ...]
    records: int
    versions: int
    blobs: int
    size: int
    unnamed: int
    copied: int
    seconds: float


@gc_pause.paused()
def measure(store: LocalStore, pins: Mapping[str, Artifact] | None = None) -> Usage:
    """Return what takes the space of a local store; `pins` are values by node that no record may name."""
    sizes = {ref.digest: ref.size for _, ref in iter_blobs(store)}
    owned: dict[str, dict[Digest, float]] = {}  # of each node: its values, and what they took
    blobs: dict[Digest, frozenset[Digest]] = {}  # of each value that has any here

    def add(node: str, artifact: Artifact, seconds: float) -> None:
        own = owned.setdefault(node, {})
        digest = artifact.digest
        own[digest] = max(seconds, own.get(digest, 0.0))
        if artifact.all_blobs and digest not in blobs:
            blobs[digest] = frozenset(
                name for ref in artifact.all_blobs for name in ref.names if name in sizes
            )

    for node, artifact in (pins or {}).items():
        add(node, artifact, 0.0)
    records = 0
    for record in store.scan_records():
        records += 1
        if record.artifact.codec != ACCEPTED:  # an author's word is no value
            add(record.node, record.artifact, record.duration)
    # A value that two nodes gave is shared too.
    uses = Counter(blob for own in owned.values() for digest in own for blob in blobs.get(digest, ()))
    nodes = [_measure_node(node, own, blobs, sizes, uses) for node, own in owned.items()]
    return Usage(
        nodes=tuple(sorted(nodes, key=lambda usage: (-usage.size, -usage.seconds, usage.node))),
        records=records,
        versions=len(set().union(*owned.values())),
        blobs=len(sizes),
        size=sum(sizes.values()),
        unnamed=sum(size for digest, size in sizes.items() if digest not in uses),
        copied=sum(copy.size for copy in store.copies.iter_copies()),
        seconds=sum(usage.seconds for usage in nodes),
    )


def _measure_node(
    node: str,
    values: Mapping[Digest, float],
    blobs_of: Mapping[Digest, frozenset[Digest]],
    sizes: Mapping[Digest, int],
    uses: Mapping[Digest, int],
) -> NodeUsage:
    blobs = frozenset[Digest]().union(*(blobs_of.get(digest, ()) for digest in values))
    return NodeUsage(
        node=node,
        versions=len(values),
        size=sum(sizes[digest] for digest in blobs),
        shared=sum(sizes[digest] for digest in blobs if uses[digest] > 1),
        seconds=sum(values.values()),
    )
