"""Where each step of a build stands: what is wanted, what is at hand, what is ready because of it.

The targets are wanted; a node that is wanted and has no usable record wants its upstreams first. Knows no executor, no
event and no store. Guards: every move is one that `states` allows; one digest per node per run.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from dagbuild.build.states import AT_HAND, MOVES, OPEN, State
from dagbuild.model.record import Artifact, Record
from dagbuild.plan.plan import Decision, Plan
from dagbuild.plan.request import Request


@dataclass(slots=True)
class Progress:
    """One step: its state and what goes with it.

    `missing` are the upstreams that a WAITING step lacks; a value AT_HAND is named by `record`, or is `value` itself
    where `held`. `kept` is False of a value whose record nobody will find: it was not made of what its key says.
    `since` is when it came to its state, counted in moves.

    What is remembered of states that it has left: `untrusted`, the record that the plan chose does not count any more;
    `unreadable`, no stored value of it counts, for there is one that only seems to be readable; `losses`, how often its
    value was lost; `renewed`, its new record is to win over the older ones.
    """

    state: State = State.UNWANTED
    since: int = 0
    missing: set[str] = field(default_factory=set)
    record: Record | None = None
    held: bool = False
    kept: bool = True
    value: Any = None
    untrusted: bool = False
    unreadable: bool = False
    losses: int = 0
    renewed: bool = False


class Steps:
    """The steps of one build. `on_reuse` is told of each record that answers for a node."""

    def __init__(self, request: Request, plan: Plan, on_reuse: Callable[[str, Record], None]) -> None:
        self.request = request
        self.plan = plan
        self._on_reuse = on_reuse
        self._steps = {name: Progress() for name in request.order}
        self._weights = _weigh(request, plan)
        self._ready: list[tuple[float, int, str]] = []
        self._moves = 0
        self.running = 0

    def __getitem__(self, name: str) -> Progress:
        return self._steps[name]

    # -- questions -----------------------------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Tell whether the value of a node or input is at hand: given, stored, or held in memory."""
        return name in self.request.givens or self._steps[name].state in AT_HAND

    def artifact(self, name: str) -> Artifact | None:
        """Return the artifact of a value that is at hand; None where there is none, or it is not stored."""
        if name in self.request.givens:
            return self.request.givens[name].artifact
        record = self._steps[name].record
        return record.artifact if record else None

    def find_outdated(self, name: str, record: Record) -> str | None:
        """Return an upstream whose value in this build is another than the record was made from; None for none."""
        values, _ = self.request.needs(name)
        for up in values:
            artifact = None if up in self.request.givens else self.artifact(up)
            if artifact and self.request.has_changed(name, up, record, artifact):
                return up
        return None

    def find_peak(self, name: str) -> int:
        """Return by how many bytes a process has grown when it made the node last, as far as that is known."""
        step = self.plan.steps.get(name)
        return step.record.memory if step and step.record else 0

    # -- moves ---------------------------------------------------------------------------------------------------

    def want(self, name: str) -> None:
        """Make sure that the node's value will be at hand, or that its step becomes ready."""
        todo = [name]
        while todo:
            each = todo.pop()
            if each in self.request.givens or self._steps[each].state not in OPEN:
                continue
            planned = self.plan.steps.get(each)
            if (
                planned
                and planned.decision is not Decision.RUN
                and planned.record
                and not self._steps[each].untrusted
            ):
                self.reuse(each, planned.record)
                continue
            values, _ = self.request.needs(each)
            missing = {up for up in values if not self.has(up)}
            todo += missing
            self._wait(each, missing)

    def find_ready(self) -> str | None:
        """Return the step that waits for nothing but room and has the longest way to a target, or None."""
        while self._ready and self._steps[self._ready[0][-1]].state is not State.READY:
            heapq.heappop(self._ready)  # it was handed out, or went back to waiting
        return self._ready[0][-1] if self._ready else None

    def pop(self) -> str | None:
        """Return what `find_ready` does, and leave it out from now on: it is to be started or reused then."""
        return heapq.heappop(self._ready)[-1] if self.find_ready() else None

    def start(self, name: str) -> None:
        """Note that the step was handed to the executor."""
        self._move(name, State.RUNNING)

    def reuse(self, name: str, record: Record) -> None:
        """Take the node's value from a record."""
        self._steps[name].kept = True
        self._settle(name, State.REUSED, record)
        self._on_reuse(name, record)

    def made(
        self, name: str, record: Record | None, *, held: bool = False, kept: bool = True, value: Any = None
    ) -> None:
        """Take the node's value from its call: from the new record, or as it is in memory."""
        step = self._steps[name]
        step.held, step.kept, step.value = held, kept, value
        self._settle(name, State.MADE, record)

    def fail(self, name: str) -> None:
        """Note that there will be no value."""
        self._move(name, State.FAILED)

    def wait_again(self, name: str) -> None:
        """Let a step that was handed out wait for those of its upstreams that are not at hand any more."""
        values, _ = self.request.needs(name)
        self._wait(name, {up for up in values if not self.has(up)})

    def lose(self, name: str, *, unreadable: bool) -> None:
        """Make the node's value again: it cannot be read back. `unreadable` where its record would be found again."""
        self.distrust(name, unreadable=unreadable)
        self._forget(name, State.LOST)

    def distrust(self, name: str, *, unreadable: bool) -> None:
        """Let no stored value answer for a node that has none yet, as in `lose`."""
        step = self._steps[name]
        step.losses += 1
        step.untrusted = True
        step.unreadable = step.unreadable or unreadable
        step.renewed = step.renewed or unreadable

    def revoke(self, name: str) -> None:
        """Make the node's value again: it came of another upstream value than this build has."""
        if self._steps[name].state is State.RUNNING:  # its record has been put
            self._steps[name].renewed = True
        self._forget(name, State.REVOKED)

    def end(self, name: str, state: State) -> None:
        """Note what a step without a value is when the build is over: blocked or skipped."""
        self._move(name, state)

    # -- how it hangs together -----------------------------------------------------------------------------------

    def _move(self, name: str, state: State) -> None:
        step = self._steps[name]
        assert state in MOVES[step.state], f"'{name}' cannot become {state.value}: it is {step.state.value}"
        self.running += (state is State.RUNNING) - (step.state is State.RUNNING)
        self._moves += 1
        step.state, step.since = state, self._moves

    def _wait(self, name: str, missing: Iterable[str]) -> None:
        step = self._steps[name]
        step.missing = set(missing)
        self._move(name, State.WAITING if step.missing else State.READY)
        if not step.missing:
            heapq.heappush(self._ready, (-self._weights.get(name, 0.0), self._moves, name))

    def _settle(self, name: str, state: State, record: Record | None) -> None:
        self._move(name, state)
        self._steps[name].record = record
        for consumer in self._consumers(name):
            step = self._steps[consumer]
            if step.state is State.WAITING and name in step.missing:
                step.missing.discard(name)
                if not step.missing:
                    self._wait(consumer, ())
            elif (
                record
                and step.state in AT_HAND
                and step.record
                and self.request.has_changed(consumer, name, step.record, record.artifact)
            ):
                # Its record was made from another value than this run has chosen: the content key decides.
                self.revoke(consumer)
                self.want(consumer)

    def _forget(self, name: str, state: State) -> None:
        self._move(name, state)
        step = self._steps[name]
        step.untrusted = True
        step.record, step.held, step.value = None, False, None
        for consumer in self._consumers(name):
            other = self._steps[consumer]
            if other.state is State.READY:
                self._wait(consumer, {name})
            elif other.state is State.WAITING:
                other.missing.add(name)

    def _consumers(self, name: str) -> list[str]:
        """Return the nodes whose steps load this value, directly or through views."""
        found: dict[str, None] = {}
        todo = [name]
        while todo:
            for consumer in self.request.graph.downstream(todo.pop()):
                if self.request.is_view(consumer):
                    todo.append(consumer)
                if consumer in self._steps:
                    found[consumer] = None
        return list(found)


def _weigh(request: Request, plan: Plan) -> dict[str, float]:
    """Return the seconds of the longest way from each node down to a target, by recorded durations."""
    weights: dict[str, float] = {}
    for name in reversed(request.order):
        step = plan.steps.get(name)
        seconds = step.seconds if step and step.seconds is not None else 1.0
        below = max((weights.get(consumer, 0.0) for consumer in request.graph.downstream(name)), default=0.0)
        weights[name] = seconds + below
    return weights
