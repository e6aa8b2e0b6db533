"""Decide what each node needs: run, reuse, fetch or skip.

Pure: takes fingerprints and a way to ask for records, and returns a Plan. Unaware of files, networks, executors and
the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Protocol

from dagbuild.digest import Digest
from dagbuild.graph import Graph
from dagbuild.node import Group, Node, Source
from dagbuild.reasons import NEVER_BUILT, Reason, find_changes, with_parts
from dagbuild.record import Artifact, Key, Manifest, Part, Record, is_settled


class Decision(Enum):
    """What a build will do about a node."""

    RUN = "run"
    REUSE = "reuse"
    FETCH = "fetch"
    SKIP = "skip"


class Status(Enum):
    """What `status` says of a node."""

    FRESH = "fresh"
    STALE = "stale"
    AFFECTED = "affected"
    PINNED = "pinned"
    MISSING = "missing"


class Place(Enum):
    """Where all blobs of an artifact are."""

    LOCAL = "local"
    REMOTE = "remote"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Given:
    """A value that no function makes: an input, a config value, an override or a pin.

    `digest` is what it counts as, in deep and content keys alike; for a `File` the digest of the content, while
    `artifact` is the path that the function receives. `text` shows it to people.
    """

    name: str
    kind: str
    digest: Digest
    artifact: Artifact
    text: str = ""

    @property
    def part(self) -> Part:
        """The line that explains it in the manifests of the nodes that take it."""
        return Part(
            self.kind, self.text if self.kind == "file" else self.name, self.digest, self.text, counts=False
        )


@dataclass(frozen=True)
class Request:
    """What is asked for: targets of a graph, with what is given and the manifest of each node."""

    graph: Graph
    targets: tuple[str, ...]
    givens: Mapping[str, Given]
    manifests: Mapping[str, Manifest]
    forced: frozenset[str] = frozenset()

    @cached_property
    def order(self) -> list[str]:
        """Names of the nodes to look at, each after what it needs; what is given hides what is above it."""
        names = self.graph.order(self.targets, stop=self.givens.__contains__)
        return [name for name in names if name in self.graph.nodes and name not in self.givens]

    def is_view(self, name: str) -> bool:
        """Whether the node is never cached: it runs inside the steps that need it."""
        node = self.graph.nodes.get(name)
        return node is not None and node.cache.never and name not in self.givens

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

    def key(self, name: str, id_of: Callable[[str], str | None]) -> Key | None:
        """Return the node's key over the ids of its upstreams, or None when one of them is not known."""
        parts = list(_upstream_parts(self.graph.nodes[name], self.upstream(name), id_of))
        return None if None in parts else self.manifests[name].key(part for part in parts if part)

    @cached_property
    def deep(self) -> Mapping[str, Key]:
        """The deep key of each node in `order`."""
        keys: dict[str, Key] = {}
        for name in self.order:
            key = self.key(name, lambda up: self.givens[up].digest if up in self.givens else keys.get(up))
            assert key is not None  # the order puts upstreams first
            keys[name] = key
        return keys

    def content(self, name: str, digest_of: Callable[[str], Digest | None]) -> Key | None:
        """Return the node's content key over known digests; a view counts as its own content key."""
        ids: dict[str, str | None] = {}
        _, views = self.needs(name)
        for each in (*views, name):
            for up in self.upstream(each):
                if up in self.givens:
                    ids[up] = self.givens[up].digest
                elif up not in ids:
                    ids[up] = digest_of(up)
            ids[each] = self.key(each, ids.get)
        found = ids[name]
        return Key(found) if found is not None else None


def _upstream_parts(
    node: Node, present: Collection[str], id_of: Callable[[str], str | None]
) -> Iterator[Part | None]:
    for parameter in node.parameters:
        if not all(name in present for name in parameter.upstream):
            yield Part("upstream", parameter.name, "default")
            continue
        match parameter.binding:
            case Source(name):
                items, labels = [name], [""]
            case Group(bindings, keys):
                pairs = zip(keys or [""] * len(bindings), bindings, strict=True)
                chosen = [(key, item.name) for key, item in pairs if isinstance(item, Source)]
                items, labels = [name for _, name in chosen], [key for key, _ in chosen]
            case _:
                continue  # a literal is part of the manifest
        for name, label in zip(items, labels, strict=True):
            digest = id_of(name)
            part_name = f"{parameter.name}[{label}]" if label else parameter.name
            yield None if digest is None else Part("upstream", part_name, digest, name)


@dataclass(frozen=True, slots=True)
class Step:
    """One node in a plan. `digest` is that of its value, where it is known without running.

    `record` is the one that answers for the node, or the newest one when it must run; `content` is its content key
    where that is known, `seconds` how long it took when it last ran.
    """

    node: str
    decision: Decision
    status: Status
    deep: Key
    reasons: tuple[Reason, ...] = ()
    record: Record | None = None
    digest: Digest | None = None
    seconds: float | None = None
    content: Key | None = None


@dataclass(frozen=True)
class Plan:
    """All steps that were looked at, each after what it needs, by node name."""

    targets: tuple[str, ...]
    steps: Mapping[str, Step] = field(default_factory=dict)

    def names(self, decision: Decision) -> list[str]:
        """Return the nodes with this decision, in order."""
        return [name for name, step in self.steps.items() if step.decision is decision]

    def with_status(self, status: Status) -> list[str]:
        """Return the nodes with this status, in order."""
        return [name for name, step in self.steps.items() if step.status is status]

    @property
    def clean(self) -> bool:
        """Whether a build would compute nothing."""
        return all(step.decision is not Decision.RUN for step in self.steps.values())


class Lookup(Protocol):
    """What the planner may ask; answered from stores."""

    def find(self, keys: Collection[Key]) -> Mapping[Key, Record]:
        """Return the record to use for each key that has one."""

    def find_latest(self, nodes: Collection[str]) -> Mapping[str, Record]:
        """Return the newest record of each node."""

    def find_changed(self, record: Record) -> tuple[Reason, ...]:
        """Say what the record's run was seen to read and is no longer so."""

    def place(self, artifact: Artifact) -> Place:
        """Say where the artifact's blobs are."""


def make_plan(request: Request, lookup: Lookup, *, everything: bool = False) -> Plan:
    """Return what a build of the request would do.

    With `everything`, every node above the targets is looked up, as `status` shows it; otherwise looking stops at
    nodes that are fresh.
    """
    found = dict(lookup.find(list(request.deep.values()))) if everything else _search(request, lookup)
    steps = _decide(request, lookup, found, everything)
    needed = _find_needed(request, lookup, steps)
    if needed is None:  # a value is missing below a fresh node: what is above it was not looked at yet
        return make_plan(request, lookup, everything=True)
    return Plan(request.targets, {**_given_steps(request), **needed})


def _search(request: Request, lookup: Lookup) -> dict[Key, Record]:
    """Ask for deep keys from the targets up, a whole frontier at once, and stop at hits."""
    found: dict[Key, Record] = {}
    seen: set[str] = set()
    frontier = [name for name in request.targets if name in request.deep]
    depth = 1
    while frontier:
        # Each miss doubles how far up the next question reaches, so a long chain of misses takes few questions.
        batch = _levels(request, frontier, depth, seen)
        found.update(lookup.find([request.deep[name] for name in batch]))
        missed = [name for name in batch if not is_settled(found.get(request.deep[name]))]
        frontier = _above(request, missed, seen)
        depth *= 2
    return found


def _levels(request: Request, level: list[str], depth: int, seen: set[str]) -> list[str]:
    batch: list[str] = []
    while level and depth:
        seen.update(level)
        batch += level
        level = _above(request, level, seen)
        depth -= 1
    return batch


def _above(request: Request, names: list[str], seen: set[str]) -> list[str]:
    above = dict.fromkeys(up for name in names for up in request.upstream(name))
    return [up for up in above if up in request.deep and up not in seen]


def _decide(
    request: Request, lookup: Lookup, found: Mapping[Key, Record], everything: bool
) -> dict[str, Step]:
    unsure = request.graph.reach_down(request.forced) if request.forced else set()
    asked = None if everything else _asked(request, found)
    digests: dict[str, Digest | None] = {name: given.digest for name, given in request.givens.items()}
    steps: dict[str, Step] = {}
    misses: list[str] = []
    for name in request.order:
        if asked is not None and name not in asked:
            continue
        deep = request.deep[name]
        record = None if name in unsure else found.get(deep)
        if request.is_view(name):
            steps[name] = _view_step(request, name, digests, steps)
            continue
        if record is not None and not record.agrees(digests):
            record = None
        content = None
        if record is None and name not in request.forced:
            content = request.content(name, digests.get)
            record = lookup.find([content]).get(content) if content else None
        if record is not None:
            digests[name] = record.artifact.digest
            steps[name] = Step(name, Decision.SKIP, Status.FRESH, deep, (), record, record.artifact.digest,
                               record.duration, content)  # fmt: skip
        else:
            digests[name] = None
            steps[name] = Step(name, Decision.RUN, Status.STALE, deep, content=content)
            misses.append(name)
    latest = lookup.find_latest(misses)
    for name in misses:
        steps[name] = _explain(request, lookup, steps, name, latest.get(name))
    return steps


def _asked(request: Request, found: Mapping[Key, Record]) -> set[str]:
    """Return the nodes to decide about: the targets, and what is above those without a record."""

    def stop(name: str) -> bool:
        return name in request.givens or (name in request.deep and is_settled(found.get(request.deep[name])))

    return request.graph.reach_up(request.targets, stop)


def _view_step(
    request: Request, name: str, digests: Mapping[str, Digest | None], steps: Mapping[str, Step]
) -> Step:
    values, _ = request.needs(name)
    stale = [up for up in values if up in steps and digests.get(up) is None]
    decision = Decision.RUN if name in request.targets else Decision.SKIP
    if not stale:
        return Step(name, decision, Status.FRESH, request.deep[name], (Reason("never cached", "view"),))
    return Step(name, decision, Status.AFFECTED, request.deep[name], (_stale_upstream(stale[0]),))


def _stale_upstream(name: str) -> Reason:
    return Reason(f"upstream `{name}` is stale", "upstream")


def _explain(
    request: Request, lookup: Lookup, steps: Mapping[str, Step], name: str, last: Record | None
) -> Step:
    step = steps[name]
    values, _ = request.needs(name)
    stale = [up for up in values if up in steps and steps[up].digest is None]
    seconds = last.duration if last else None
    if name in request.forced:
        return replace(step, reasons=(Reason("forced", "forced"),), record=last, seconds=seconds)
    if last is None:
        return replace(step, reasons=(NEVER_BUILT,), status=Status.MISSING)
    reasons = (*find_changes(last.manifest, request.manifest(name)), *lookup.find_changed(last))
    if stale:
        status = Status.STALE if any(reason.kind != "upstream" for reason in reasons) else Status.AFFECTED
        reasons = (*reasons, *(_stale_upstream(up) for up in stale))
    else:
        status = Status.STALE
        changed = [
            Reason(f"upstream `{up}` changed", "upstream")
            for up in values
            if up in steps and up in last.upstream and last.upstream[up] != steps[up].digest
        ]
        reasons = (*reasons, *changed) or (Reason("its record is gone", "missing"),)
    return replace(step, reasons=reasons, status=status, record=last, seconds=seconds)


def _find_needed(request: Request, lookup: Lookup, steps: dict[str, Step]) -> dict[str, Step] | None:
    """Mark what must be at hand; a needed value that is nowhere must run. None when unknown nodes are needed."""
    needed = set(request.targets)
    for name in reversed(list(steps)):
        step = steps[name]
        if step.decision is not Decision.RUN:
            if name not in needed or step.record is None or request.is_view(name):
                continue
            place = lookup.place(step.record.artifact)
            if place is not Place.NOWHERE:
                decision = Decision.REUSE if place is Place.LOCAL else Decision.FETCH
                steps[name] = replace(step, decision=decision)
                continue
            reason = Reason("its value is no longer in the cache", "missing")
            steps[name] = replace(step, decision=Decision.RUN, status=Status.MISSING, reasons=(reason,))
        values, _ = request.needs(name)
        needed.update(values)
        if any(up not in steps and up not in request.givens for up in values):
            return None
    return steps


def _given_steps(request: Request) -> dict[str, Step]:
    """Return a step for each node whose place a given value takes."""
    steps: dict[str, Step] = {}
    reached = request.graph.reach_up(request.targets, stop=request.givens.__contains__)
    for name, given in request.givens.items():
        if name in request.graph.nodes and name in reached:
            reason = Reason(f"{given.kind}: {given.text}" if given.text else given.kind, given.kind)
            steps[name] = Step(
                name, Decision.SKIP, Status.PINNED, Key(given.digest), (reason,), None, given.digest
            )
    return steps
