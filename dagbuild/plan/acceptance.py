"""What an author has said of a change: that it does not alter a node's value. Stored and shared as records are.

Plain data and pure rules. Guards: what is accepted is one step from one fingerprint to another; any other change of the
node is a fingerprint of which nobody has said anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property, partial

from dagbuild.ground.digest import Digest, digest_json
from dagbuild.model.record import ACCEPTED, Artifact, Key, Manifest, Part, Record
from dagbuild.plan.reasons import Reason, find_changed_parts

_OUTSIDE = frozenset({"input", "override", "pin", "file", "config"})
_LEAVES = frozenset({"helper", "class", "constant"})


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A node's value under the fingerprint `fresh` is taken to be the one that it had under `known`.

    `moment` is in seconds since 1970 (UTC); `changes` are in the user's words. `carried` is what the code
    meant that the value refers to, when this was said: of that, too, the author says that it alters nothing. A later
    one that is `revoked` takes it back.
    """

    node: str
    fresh: Digest
    known: Digest
    author: str
    moment: float
    because: str
    changes: tuple[str, ...] = ()
    revoked: bool = False
    carried: str = ""

    @property
    def date(self) -> str:
        """The day, as people write it."""
        return f"{datetime.fromtimestamp(self.moment, UTC):%Y-%m-%d}"

    @property
    def reason(self) -> Reason:
        """What `status` says of it."""
        return Reason(f"accepted by {self.author} on {self.date}: {self.because}", "accepted")

    def to_record(self) -> Record:
        """Return the record that keeps it; the name is none that a node can have."""
        key = acceptance_key(self.fresh)
        artifact = Artifact(ACCEPTED, {**asdict(self), "changes": list(self.changes)})
        return Record(
            f"accept:{self.node}", key, key, Manifest(()), artifact, started=self.moment, user=self.author
        )

    @classmethod
    def from_record(cls, record: Record) -> Acceptance | None:
        """Return what a record keeps, or None when it keeps something else."""
        if record.artifact.codec != ACCEPTED:
            return None
        try:
            meta = record.artifact.meta
            return cls(**{**meta, "changes": tuple(meta["changes"])})
        except (TypeError, KeyError):
            return None


def acceptance_key(fingerprint: Digest) -> Key:
    """Return the key under which acceptances of a fingerprint are found."""
    return Key(digest_json([ACCEPTED, fingerprint]))


def partly_accepted(fingerprint: Digest, chain: Collection[Acceptance]) -> Digest:
    """Return what makes a value of which some elements are accepted: it counts as long as all of that is said."""
    return digest_json([ACCEPTED, fingerprint, [acceptance.known for acceptance in chain]])


def find_acceptances(
    manifests: Mapping[str, Manifest], find: Callable[[Collection[Key]], Mapping[Key, list[Record]]]
) -> dict[str, tuple[Acceptance, ...]]:
    """Return by node how today's fingerprint leads to earlier ones, step by step; nodes without a step are left out."""
    chains: dict[str, tuple[Acceptance, ...]] = {}
    open_ends = {node: manifest.fingerprint for node, manifest in manifests.items()}
    while open_ends:
        keys = {node: acceptance_key(end) for node, end in open_ends.items()}
        found = find(list(keys.values()))
        ends: dict[str, Digest] = {}
        for node, key in keys.items():
            said = [a for r in found.get(key, ()) if (a := Acceptance.from_record(r))]
            last = max((a for a in said if a.node == node), key=lambda a: a.moment, default=None)
            chain = chains.get(node, ())
            if last is None or last.revoked or any(step.fresh == last.known for step in chain):
                continue
            chains[node] = (*chain, last)
            ends[node] = last.known
        open_ends = ends
    return chains


class Acceptances(Mapping[str, tuple[Acceptance, ...]]):
    """What `find_acceptances` returns, looked up when it is first asked for: of nodes that are fresh, nobody asks."""

    def __init__(
        self, manifests: Mapping[str, Manifest], find: Callable[[Collection[Key]], Mapping[Key, list[Record]]]
    ) -> None:
        self._find: Callable[[], dict[str, tuple[Acceptance, ...]]] = partial(
            find_acceptances, manifests, find
        )

    @cached_property
    def _found(self) -> dict[str, tuple[Acceptance, ...]]:
        return self._find()

    def __getitem__(self, node: str) -> tuple[Acceptance, ...]:
        return self._found[node]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def own_parts(manifest: Manifest) -> Manifest:
    """Return the manifest without the lines that explain what a node was given from outside."""
    return Manifest(tuple(p for p in manifest.parts if p.counts or p.kind not in _OUTSIDE))


def is_only(old: Manifest, new: Manifest, *, packages: Collection[str], helper: str) -> bool:
    """Tell whether nothing else differs between two manifests than these packages, or this helper or constant."""
    changed = [now or was for was, now in find_changed_parts(own_parts(old), own_parts(new))]
    parts = [part for part in changed if part is not None and not (helper and part.kind == "source")]
    return bool(parts) and all(_is_it(part, packages, helper) for part in parts)


def _is_it(part: Part, packages: Collection[str], helper: str) -> bool:
    if packages:
        return part.kind == "package" and part.name in packages
    return part.kind in _LEAVES and helper in {part.name, part.name.rpartition(".")[2]}
