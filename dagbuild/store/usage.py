"""What takes the space of a local store, node by node, and what it would cost to make again.

Knows records and the sizes of files; reads no blob. A blob that several values are made of is counted once for each
node, and once in the total. Records come one at a time: of each value there stays in memory what is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dagbuild.ground import gc_pause
from dagbuild.ground.digest import Digest
from dagbuild.model.record import ACCEPTED, Artifact, Key
from dagbuild.store.local import LocalStore
from dagbuild.store.verify import iter_blobs


@dataclass(frozen=True)
class NodeUsage:
    """The values of one node that are kept, with those of its `calls` where it is called for elements.

    `shared` are those of its `size` bytes that other values are made of too, its own earlier ones or those of other
    nodes; `seconds` is what it took to make all versions.
    """

    node: str
    versions: int
    size: int
    shared: int
    seconds: float
    calls: int = 0


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
    calls: int = 0


@gc_pause.paused()
def measure(store: LocalStore, pins: Mapping[str, Artifact] | None = None) -> Usage:
    """Return what takes the space of a local store; `pins` are values by node that no record may name."""
    sizes = {ref.digest: ref.size for _, ref in iter_blobs(store)}
    owned: dict[str, dict[Digest, float]] = {}  # of each node: its values, and what they took
    blobs: dict[Digest, frozenset[Digest]] = {}  # of each value that has any here

    called: dict[str, _Calls] = {}

    def add(node: str, artifact: Artifact, seconds: float, call: Key | None = None) -> None:
        own, digest = owned.setdefault(node, {}), artifact.digest
        if call is None:
            own[digest] = max(seconds, own.get(digest, 0.0))
        else:
            called.setdefault(node, _Calls()).add(call, digest, seconds)
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
            call = record.content if record.caller else None
            add(record.caller or record.node, record.artifact, record.duration, call)
    # A value that two nodes gave is shared too.
    uses = Counter(blob for own in owned.values() for digest in own for blob in blobs.get(digest, ()))
    for node, calls in called.items():  # the list of them shares nothing that is theirs
        uses.update(_find_blobs(calls.values, blobs) - _find_blobs(owned[node], blobs))
    nodes = [
        _measure_node(node, own, called.get(node, _Calls()), _Blobs(blobs, sizes, uses))
        for node, own in owned.items()
    ]
    return Usage(
        nodes=tuple(sorted(nodes, key=lambda usage: (-usage.size, -usage.seconds, usage.node))),
        records=records,
        versions=len(set().union(*owned.values())),
        blobs=len(sizes),
        size=sum(sizes.values()),
        unnamed=sum(size for digest, size in sizes.items() if digest not in uses),
        copied=sum(copy.size for copy in store.copies.iter_copies()),
        seconds=sum(usage.seconds for usage in nodes),
        calls=sum(usage.calls for usage in nodes),
    )


@dataclass
class _Calls:
    """The calls of a node that is called for elements: what each took, and what values they gave."""

    seconds: dict[Key, float] = field(default_factory=dict)
    values: set[Digest] = field(default_factory=set)

    def add(self, call: Key, value: Digest, seconds: float) -> None:
        self.values.add(value)
        self.seconds[call] = max(seconds, self.seconds.get(call, 0.0))


class _Blobs(NamedTuple):
    """The blobs of each value, their sizes, and in how many values each is."""

    of: Mapping[Digest, frozenset[Digest]]
    sizes: Mapping[Digest, int]
    uses: Mapping[Digest, int]


def _measure_node(node: str, values: Mapping[Digest, float], calls: _Calls, blobs: _Blobs) -> NodeUsage:
    own = _find_blobs((*values, *calls.values), blobs.of)
    return NodeUsage(
        node=node,
        versions=len(values),
        size=sum(blobs.sizes[digest] for digest in own),
        shared=sum(blobs.sizes[digest] for digest in own if blobs.uses[digest] > 1),
        # What its lists took is what their calls did.
        seconds=sum((calls.seconds or values).values()),
        calls=len(calls.seconds),
    )


def _find_blobs(values: Iterable[Digest], blobs_of: Mapping[Digest, frozenset[Digest]]) -> frozenset[Digest]:
    return frozenset[Digest]().union(*(blobs_of.get(digest, ()) for digest in values))
