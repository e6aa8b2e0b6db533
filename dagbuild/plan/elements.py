"""The calls of a node in a block: one for each element, with what it takes, and its key.

Pure: knows artifacts and no stores. Guards: a call's key says everything that decides its value and nothing of where
among the others it stands, so that equal elements are one call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from dagbuild.ground.digest import Digest, digest_json
from dagbuild.ground.errors import UserError
from dagbuild.model.record import Artifact, Key, Manifest, Part
from dagbuild.plan.request import ArtifactOf, Request

ELEMENT = "element/1"
"""Of the keys of calls; a change of what they say needs another."""

Split: TypeAlias = Callable[[str, Artifact], Sequence[Artifact]]
"""Returns the elements of a node's stored value, or of a part of it."""

Tree: TypeAlias = "int | list[Tree]"
"""Calls by their number, as their elements lie in each other."""


class UnevenError(UserError):
    """Values that are taken element by element have not the same number of elements."""


class Call(NamedTuple):
    """One call: its name ("page[17]"), the elements that it takes by upstream, and its key, where that is known."""

    name: str
    elements: Mapping[str, Artifact]
    key: Key | None


@dataclass(frozen=True)
class Calls:
    """The calls of a node, each once, and which of them belongs to which element."""

    calls: Sequence[Call]
    tree: Tree

    def join(self, values: Sequence[Artifact], join: Callable[[list[Artifact]], Artifact]) -> Artifact:
        """Return the value of the node, of the values of its calls."""

        def of(tree: Tree) -> Artifact:
            return values[tree] if isinstance(tree, int) else join([of(branch) for branch in tree])

        return of(self.tree)


@dataclass(frozen=True)
class Block:
    """A node of a request that is called for elements."""

    request: Request
    name: str

    @cached_property
    def depths(self) -> Mapping[str, int]:
        """For each upstream value how deep in its elements a call finds what it takes; 0 is the whole."""
        nodes, depths = self.request.graph.nodes, dict.fromkeys(self.request.needs(self.name)[0], 0)
        for parameter in nodes[self.name].parameters:
            for up in parameter.upstream:
                if up in depths and up in nodes:
                    depths[up] = len(nodes[up].axes) - parameter.collects
        return depths

    @property
    def outer(self) -> Sequence[str]:
        """The nodes that give elements, but for the innermost: for each of those, a value is a list of lists."""
        return self.request.graph.nodes[self.name].block[:-1]

    def find_calls(self, artifact_of: ArtifactOf, split: Split) -> Calls | None:
        """Return the calls over known upstream values; None where one that has elements is not known.

        Raises UnevenError, and what `split` raises.
        """
        whole = {up: artifact for up, depth in self.depths.items() if depth and (artifact := artifact_of(up))}
        if len(whole) < sum(map(bool, self.depths.values())):
            return None
        calls: list[Call] = []
        known: dict[Key, int] = {}
        depth = len(self.request.graph.nodes[self.name].block)

        def grow(taken: Mapping[str, Artifact], place: str, level: int) -> Any:
            if level == depth:
                key = self.key(artifact_of, taken)
                if key is None or key not in known:
                    calls.append(Call(f"{self.name}{place}", taken, key))
                    if key is None:
                        return len(calls) - 1
                    known[key] = len(calls) - 1
                return known[key]
            rows = list(self._descend(taken, level, split))
            return [grow(row, f"{place}[{number}]", level + 1) for number, row in enumerate(rows)]

        return Calls(calls, grow(whole, "", 0))

    def _descend(
        self, taken: Mapping[str, Artifact], level: int, split: Split
    ) -> Iterator[dict[str, Artifact]]:
        """Yield what is taken for each element of the next level."""
        deeper = {up: split(up, taken[up]) for up in taken if self.depths[up] > level}
        lengths = {up: len(elements) for up, elements in deeper.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{length:,} of '{up}'" for up, length in lengths.items())
            raise UnevenError(f"it takes elements that belong together, and there are {told}")
        for row in zip(*deeper.values(), strict=True):
            yield {**taken, **dict(zip(deeper, row, strict=True))}

    def key(
        self, artifact_of: ArtifactOf, elements: Mapping[str, Artifact], fingerprint: Digest | None = None
    ) -> Key | None:
        """Return the key of a call; `fingerprint` stands in for that of the node's manifest."""
        return self.request.content(self.name, artifact_of, self._called(fingerprint), elements)

    def unnamed(self, artifact_of: ArtifactOf, elements: Mapping[str, Artifact]) -> Key | None:
        """Return the key of a call but for the node's name."""
        return self.key(artifact_of, elements, self.request.manifests[self.name].unnamed)

    def _called(self, fingerprint: Digest | None) -> Digest:
        return digest_json([ELEMENT, fingerprint or self.request.manifests[self.name].fingerprint])

    @cached_property
    def manifest(self) -> Manifest:
        """What the record of a call says of how it was made: as the node's own record does, which has it in full."""
        return Manifest((Part("element", self.name, self.request.manifests[self.name].fingerprint),))
