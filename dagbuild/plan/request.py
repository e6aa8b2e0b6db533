"""What is asked for: targets of a graph with what is given, and the keys that this makes for every node.

Pure: knows manifests and ids, no stores and no records. Guards: a key says everything that decides a value, and where
two nodes of today could be confused, their names too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from dagbuild.ground.digest import Digest, digest_json
from dagbuild.model.graph import Graph
from dagbuild.model.node import Columns, Group, Node, Source
from dagbuild.model.record import Artifact, Excerpt, Key, Manifest, Part, Record, make_key
from dagbuild.plan.acceptance import Acceptance, partly_accepted
from dagbuild.plan.reasons import Reason, with_parts

ArtifactOf: TypeAlias = Callable[[str], Artifact | None]
"""Tells what the value of a node is, where that is known."""

_NO_ELEMENTS: Mapping[str, Artifact] = {}

IdOf: TypeAlias = Callable[[str, Columns | None], str | None]
"""Gives the id of a value, or of what these columns of it are."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value that no function makes: an input, a config value, an override or a pin.

    `digest` is what it counts as, in deep and content keys alike; for a `File` the digest of the content, while
    `artifact` is the path that the function receives. `text` shows it to people, `listing` is the
    outline of what several files are.
    """

    name: str
    kind: str
    digest: Digest
    artifact: Artifact
    text: str = ""
    listing: str = ""

    @property
    def part(self) -> Part:
        """The line that explains it in the manifests of the nodes that take it."""
        name = self.text if self.kind == "file" else self.name
        return Part(self.kind, name, self.digest, self.listing or self.text, counts=False)


@dataclass(frozen=True)
class Request:
    """What is asked for: targets of a graph, with what is given and the manifest of each node.

    `forced`: nodes that run whatever is known of them, and why. `lacking`: nodes that are left out, and why: nobody
    gives what they need, and nobody has named them.
    `accepted`: changes of nodes that are said not to alter their values, the newest first. `excerpt` tells what some
    columns of a value are. `files`: the local files that it was made of; None where that is more than single files.
    """

    graph: Graph
    targets: tuple[str, ...]
    givens: Mapping[str, Given]
    manifests: Mapping[str, Manifest]
    forced: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, Sequence[Acceptance]] = field(default_factory=dict)
    excerpt: Callable[[Artifact, Columns], Excerpt] = lambda artifact, _: Excerpt.whole(artifact)
    files: tuple[str, ...] | None = None
    lacking: Mapping[str, Reason] = field(default_factory=dict)

    @cached_property
    def order(self) -> list[str]:
        """Names of the nodes to look at, each after what it needs; what is given hides what is above it."""
        names = self.graph.order(self.targets, stop=self.givens.__contains__)
        return [name for name in names if name in self.graph.nodes and name not in self.givens]

    def is_view(self, name: str) -> bool:
        """Whether the node is never cached: it runs inside the steps that need it."""
        node = self.graph.nodes.get(name)
        return node is not None and node.cache.never and name not in self.givens

    def has_outputs(self, name: str, artifact: Artifact) -> bool:
        """Tell whether an artifact of the node has all outputs that the node declares."""
        writes = self.graph.nodes[name].writes
        return not writes or {output.path for output in artifact.outputs}.issuperset(writes)

    @cached_property
    def writers(self) -> Mapping[str, str]:
        """The node that each declared output is of; without those of nodes in whose places is a value that has none."""
        return {
            path: node.name
            for node in self.graph.nodes.values()
            for path in node.writes
            if node.name not in self.givens or self.givens[node.name].artifact.outputs
        }

    def foreign(self, name: str) -> dict[str, str]:
        """Return the outputs that a step of the node must not read: those of nodes that it does not come after."""
        known = {name, *self.needs(name)[0]}
        return {path: writer for path, writer in self.writers.items() if writer not in known}

    def upstream(self, name: str) -> list[str]:
        """Return what the node takes directly and has a value: given or made by a node."""
        return [up for up in self.graph.upstream(name) if up in self.givens or up in self.graph.nodes]

    def needs(self, name: str) -> tuple[list[str], list[str]]:
        """Return the values a step of the node loads, and the views that it runs first, each after what it needs."""
        if name not in self._needs:
            self._needs[name] = self._find_needs(name)
        return self._needs[name]

    @cached_property
    def _needs(self) -> dict[str, tuple[list[str], list[str]]]:
        return {}

    def _find_needs(self, name: str) -> tuple[list[str], list[str]]:
        values: dict[str, None] = {}
        views: dict[str, None] = {}
        stack = [iter(self.upstream(name))]
        opened: list[str] = []
        while stack:
            up = next(stack[-1], None)
            if up is None:
                stack.pop()
                if opened:
                    views[opened.pop()] = None
            elif not self.is_view(up):
                values[up] = None
            elif up not in views:
                opened.append(up)
                stack.append(iter(self.upstream(up)))
        return list(values), list(views)

    def manifest(self, name: str) -> Manifest:
        """Return the node's manifest with a line for each given value that it takes."""
        lines = [self.givens[up].part for up in self.graph.upstream(name) if up in self.givens]
        return with_parts(self.manifests[name], lines)

    def excerpted(self, name: str) -> Mapping[str, tuple[Columns, ...]]:
        """Return those upstream values of which a step of the node takes some columns only, with these columns."""
        if name not in self._excerpted:
            found: dict[str, dict[Columns | None, None]] = {}
            for taker in (name, *self.needs(name)[1]):
                for parameter in self.graph.nodes[taker].parameters:
                    for up in parameter.upstream:
                        found.setdefault(up, {})[parameter.columns] = None
                for up in self.graph.nodes[taker].follows:
                    found.setdefault(up, {})[None] = None
            stored = {up: found[up] for up in self.needs(name)[0] if up in found and None not in found[up]}
            self._excerpted[name] = {up: tuple(filter(None, taken)) for up, taken in stored.items()}
        return self._excerpted[name]

    @cached_property
    def _excerpted(self) -> dict[str, Mapping[str, tuple[Columns, ...]]]:
        return {}

    def excerpts(self, name: str, artifact_of: ArtifactOf) -> dict[str, Digest]:
        """Return what a step of the node takes of each upstream value of which it takes some columns only."""
        return {
            up: digest_json([self.excerpt(artifact, each).digest for each in columns])
            for up, columns in self.excerpted(name).items()
            if (artifact := artifact_of(up))
        }

    def has_changed(self, name: str, up: str, record: Record, artifact: Artifact) -> bool:
        """Tell whether a record of the node was made from another value of an upstream, as far as it is taken."""
        if record.upstream.get(up, artifact.digest) == artifact.digest:
            return False
        mine = self.excerpts(name, {up: artifact}.get).get(up)
        return mine is None or record.excerpts.get(up) != mine

    def key(self, name: str, id_of: IdOf, fingerprint: Digest | None = None) -> Key | None:
        """Return the node's key over the ids of its upstreams, or None when one of them is not known.

        `fingerprint` stands in for that of its manifest.
        """
        ids: list[tuple[str, str]] = []
        for place, up, columns in self._takes(name):
            found = "default" if up is None else id_of(up, columns)
            if found is None:
                return None
            ids.append((place, found))
        return make_key(fingerprint or self.manifests[name].fingerprint, ids)

    def _takes(self, name: str) -> tuple[tuple[str, str | None, Columns | None], ...]:
        """Return what the node takes: at which place, which upstream (None for a default), which columns."""
        if name not in self._taken:
            self._taken[name] = tuple(_find_takes(self.graph.nodes[name], self.upstream(name)))
        return self._taken[name]

    @cached_property
    def _taken(self) -> dict[str, tuple[tuple[str, str | None, Columns | None], ...]]:
        return {}

    @cached_property
    def deep(self) -> Mapping[str, Key]:
        """The deep key of each node in `order`."""
        keys: dict[str, Key] = {}
        for name in self.order:
            key = self.key(
                name,
                lambda up, columns: (
                    self._given_id(self.givens[up], columns) if up in self.givens else keys.get(up)
                ),
            )
            assert key is not None  # the order puts upstreams first
            keys[name] = key
        return keys

    def content(
        self,
        name: str,
        artifact_of: ArtifactOf,
        fingerprint: Digest | None = None,
        elements: Mapping[str, Artifact] = _NO_ELEMENTS,
    ) -> Key | None:
        """Return the node's content key over known values; a view counts as its own content key and its place.

        `fingerprint` stands in for that of the node's manifest, `elements` for the values that they are of.
        """
        ids: dict[str, str | None] = {}

        def id_of(up: str, columns: Columns | None) -> str | None:
            if up in ids:
                return ids[up]
            if up in elements:
                return self._digest(elements[up], columns)
            if up in self.givens:
                return self._given_id(self.givens[up], columns)
            artifact = artifact_of(up)
            return self._digest(artifact, columns) if artifact else None

        for place, view in enumerate(self.needs(name)[1]):
            key = self.key(view, id_of, self.manifests[view].unnamed)
            ids[view] = f"{place} {key}" if key else None  # two views of one body are two values
        return self.key(name, id_of, fingerprint)

    def unnamed(self, name: str, artifact_of: ArtifactOf) -> Key | None:
        """Return the node's content key but for its name."""
        return self.content(name, artifact_of, self.manifests[name].unnamed)

    def accepted_keys(self, name: str, artifact_of: ArtifactOf) -> Iterator[Key]:
        """Yield the content keys of values that the node's is accepted to be, the newest first."""
        chain = self.accepted.get(name, ())
        fingerprints = [acceptance.known for acceptance in chain]
        if chain and self.graph.nodes[name].block:
            fingerprints.append(partly_accepted(self.manifests[name].fingerprint, chain))
        for fingerprint in fingerprints:
            if (key := self.content(name, artifact_of, fingerprint)) is not None:
                yield key

    def _given_id(self, given: Given, columns: Columns | None) -> Digest:
        return given.digest if given.kind == "file" or not columns else self._digest(given.artifact, columns)

    def _digest(self, artifact: Artifact, columns: Columns | None) -> Digest:
        return self.excerpt(artifact, columns).digest if columns else artifact.digest

    @cached_property
    def unsettled(self) -> frozenset[str]:
        """Nodes whose values are not said by their deep keys, since what is accepted can be taken back."""
        return frozenset(self.graph.reach_down(self.accepted) if self.accepted else ())

    def alike(self, name: str) -> frozenset[str]:
        """Return the nodes of today's graph that may be as this one but for their names, and what is given.

        A record of another name may be this node's before it was renamed, or before that name became another's.
        """
        return self._alike[self.manifests[name].unnamed] | self._unread

    @cached_property
    def _alike(self) -> Mapping[Digest, frozenset[str]]:
        found: dict[Digest, set[str]] = {}
        for name, manifest in self.manifests.items():
            found.setdefault(manifest.unnamed, set()).add(name)
        return {unnamed: frozenset(names) for unnamed, names in found.items()}

    @cached_property
    def _unread(self) -> frozenset[str]:
        """Names of today's graph of which nothing more is known here: nobody asks for them, or they are given."""
        return frozenset((*(self.graph.nodes.keys() - self.manifests.keys()), *self.givens))


def _find_takes(node: Node, present: Collection[str]) -> Iterator[tuple[str, str | None, Columns | None]]:
    # By position: where the parameters' names matter, they are in the manifest.
    for position, parameter in enumerate(node.parameters):
        match parameter.binding:
            case _ if not all(name in present for name in parameter.upstream):
                yield str(position), None, None
            case Source(name):
                yield str(position), name, parameter.columns
            case Group(items, keys):
                for item, label in zip(items, keys or [""] * len(items), strict=True):
                    if isinstance(item, Source):
                        yield f"{position}[{label}]" if label else str(position), item.name, parameter.columns
            case _:
                pass  # a literal is part of the manifest
    for number, name in enumerate(node.follows):
        yield f"output {number}", name, None
