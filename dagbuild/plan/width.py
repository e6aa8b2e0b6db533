"""How many calls a node in a block has, and how many of them are still to be made: as far as that is known.

Pure: asks for elements and records, and runs nothing. Whoever is not told exactly is told by history.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from dagbuild.codecs.elements import count_elements
from dagbuild.model.record import Artifact, Key, Record
from dagbuild.plan.elements import Block, UnevenError
from dagbuild.plan.request import ArtifactOf, Request


class Width(NamedTuple):
    """`calls` of a node, `todo` those to be made, None where that is not known; `known` is False of the last time's."""

    calls: int
    todo: int | None = None
    known: bool = True

    def __str__(self) -> str:
        calls = f"{self.calls:,} {'element' if self.calls == 1 else 'elements'}"
        if not self.known:
            return f"{calls} the last time"
        return f"at most {calls}" if self.todo is None else f"{self.todo:,} of {calls}"


class ElementLookup(Protocol):
    """What may be asked about elements; answered from stores."""

    def find(self, keys: Collection[Key], *, carried: str = "") -> Mapping[Key, Record]:
        """Return the record to use for each key that has one; what its value refers to may mean what is `carried`."""

    def find_elements(self, artifact: Artifact) -> Sequence[Artifact] | None:
        """Return the elements of a stored value, as far as they are known near."""


def find_widths(
    request: Request,
    lookup: ElementLookup,
    known: Mapping[str, Artifact],
    runs: Mapping[str, Record | None],
) -> dict[str, Width]:
    """Return the width of each node that must run, where something is known of it.

    `known` are the values of other nodes, `runs` the last records of these.
    """

    def artifact_of(up: str) -> Artifact | None:
        return request.givens[up].artifact if up in request.givens else known.get(up)

    found: dict[str, Width] = {}
    for name, last in runs.items():
        if request.graph.nodes[name].block:
            block = Block(request, name)
            width = _find_width(block, lookup, artifact_of) or _find_last(block, lookup, last)
            if width is not None:
                found[name] = width
    return found


def _find_width(block: Block, lookup: ElementLookup, artifact_of: ArtifactOf) -> Width | None:
    def split(_: str, artifact: Artifact) -> Sequence[Artifact]:
        elements = lookup.find_elements(artifact)
        if elements is None:
            raise _UnknownError
        return elements

    request, name = block.request, block.name
    try:
        if (calls := block.find_calls(artifact_of, split)) is not None:
            keys = [call.key for call in calls.calls if call.key is not None]
            if len(keys) < len(calls.calls):
                return Width(len(calls.calls))
            done = 0 if name in request.forced else len(lookup.find(keys))
            return Width(len(keys), len(keys) - done)
    except (_UnknownError, UnevenError):
        return None
    outer, *inner = request.graph.nodes[name].block
    source = None if inner else artifact_of(outer)
    count = count_elements(source) if source else None
    return None if count is None else Width(count)


def _find_last(block: Block, lookup: ElementLookup, last: Record | None) -> Width | None:
    """Return how many calls the node's last value is of; in a block in a block, each list in it is looked at."""
    lists = [last.artifact] if last else []
    for _ in block.outer:
        found = [lookup.find_elements(each) for each in lists]
        lists = [element for elements in found if elements is not None for element in elements]
        if any(elements is None for elements in found):
            return None
    counts = [count for each in lists if (count := count_elements(each)) is not None]
    return Width(sum(counts), known=False) if lists and len(counts) == len(lists) else None


class _UnknownError(Exception):
    """The elements of a value are not known here."""
