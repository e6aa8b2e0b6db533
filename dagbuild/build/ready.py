"""Which values a build wants, which it has, and which steps are ready because of it.

The targets are wanted; a node that is wanted and has no usable record wants its upstreams first. Knows no executor,
no event and no store. Guards: one digest per node per run.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from dagbuild.model.record import Artifact, Key, Record
from dagbuild.plan.plan import Decision, Plan
from dagbuild.plan.request import Request


@dataclass
class Demand:
    """The state of one build's wishes. `on_reuse` is told of each record that answers one."""

    request: Request
    plan: Plan
    on_reuse: Callable[[str, Record], None]
    have: dict[str, Artifact] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    _keys: dict[str, tuple[Key | None, Key | None]] = field(default_factory=dict)
    _hits: dict[str, Record] = field(default_factory=dict)
    _waiting: dict[str, set[str]] = field(default_factory=dict)
    _ready: list[tuple[float, int, str]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self.have.update({name: given.artifact for name, given in self.request.givens.items()})
        self._weights = _weigh(self.request, self.plan)

    def has(self, name: str) -> bool:
        """Tell whether the node's value is at hand: stored, or held in memory."""
        return name in self.have or name in self.held

    def want(self, name: str) -> None:
        """Make sure that the node's value will be at hand, or that its step becomes ready."""
        todo = [name]
        while todo:
            each = todo.pop()
            if each in self.wanted or self.has(each):
                continue
            self.wanted.add(each)
            step = self.plan.steps.get(each)
            if step and step.decision is not Decision.RUN and step.record and each not in self.revoked:
                self.reuse(each, step.record)
                continue
            values, _ = self.request.needs(each)
            missing = {up for up in values if not self.has(up)}
            todo += missing
            self._wait(each, missing)

    def _wait(self, name: str, missing: set[str]) -> None:
        self._waiting[name] = missing
        if not missing:
            self._count += 1
            heapq.heappush(self._ready, (-self._weights.get(name, 0.0), self._count, name))

    def reuse(self, name: str, record: Record) -> None:
        """Take the node's value from a record."""
        self._hits[name] = record
        self.choose(name, record.artifact)
        self.on_reuse(name, record)

    def settle(self, name: str, record: Record) -> None:
        """Take the node's value from its new record."""
        self._hits[name] = record
        self.choose(name, record.artifact)

    def find_outdated(self, name: str, record: Record) -> str | None:
        """Return an upstream that was made again while the node ran, and came out different; None for none."""
        values, _ = self.request.needs(name)
        for up in values:
            chosen = self.have.get(up)
            if (
                chosen
                and up not in self.request.givens
                and self.request.has_changed(name, up, record, chosen)
            ):
                return up
        return None

    def choose(self, name: str, artifact: Artifact) -> None:
        """Settle which value the node has in this run."""
        self.have[name] = artifact
        for consumer in self._consumers(name):
            missing = self._waiting.get(consumer)
            if missing and name in missing:
                self._wait(consumer, missing - {name})
            record = self._hits.get(consumer)
            if record and self.request.has_changed(consumer, name, record, artifact):
                # Its record was made from another value than this run has chosen: the content key decides.
                self.revoke(consumer)
                self.want(consumer)

    def _consumers(self, name: str) -> list[str]:
        """Return the nodes whose steps load this value, directly or through views."""
        found: dict[str, None] = {}
        todo = [name]
        while todo:
            for consumer in self.request.graph.downstream(todo.pop()):
                if self.request.is_view(consumer):
                    todo.append(consumer)
                found[consumer] = None
        return list(found)

    def revoke(self, name: str) -> None:
        """Forget the node's value: its record does not count in this build."""
        self.revoked.add(name)
        for known in (self._hits, self.have, self._waiting):
            known.pop(name, None)
        self.wanted.discard(name)
        for consumer in self._consumers(name):
            if consumer in self._waiting:  # perhaps it was ready
                self._waiting[consumer] = self._waiting[consumer] | {name}

    def wait_for(self, name: str, missing: Iterable[str]) -> None:
        """Let a step that was ready wait for these upstreams once more."""
        self._wait(name, set(missing))

    def pop(self) -> str | None:
        """Return the ready step with the longest way to a target, or None; each is returned once."""
        while self._ready:
            _, _, name = heapq.heappop(self._ready)
            if self._waiting.get(name) == set():  # else it went back to waiting after it was ready
                del self._waiting[name]
                self._keys.pop(name, None)
                return name
        return None

    def content(self, name: str) -> Key | None:
        """Return the content key over the values that a step of the node is given, as they are when it is popped."""
        return self._find_keys(name)[0]

    def unnamed(self, name: str) -> Key | None:
        """Return the same key but for the node's name."""
        return self._find_keys(name)[1]

    def _find_keys(self, name: str) -> tuple[Key | None, Key | None]:
        if name not in self._keys:
            have = self.have.get
            self._keys[name] = self.request.content(name, have), self.request.unnamed(name, have)
        return self._keys[name]


def _weigh(request: Request, plan: Plan) -> dict[str, float]:
    """Return the seconds of the longest way from each node down to a target, by recorded durations."""
    weights: dict[str, float] = {}
    for name in reversed(request.order):
        step = plan.steps.get(name)
        seconds = step.seconds if step and step.seconds is not None else 1.0
        below = max((weights.get(consumer, 0.0) for consumer in request.graph.downstream(name)), default=0.0)
        weights[name] = seconds + below
    return weights
