"""Which step goes to which agent, and how many agents of each kind there are.

Knows steps, what each takes and how long short ones take; no cluster: others start agents and give them what they are
to run. Guards: no step waits for ever because agents with nothing to do hold what it takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from dagbuild.executors.agent import Order
from dagbuild.executors.agent_kinds import PLAIN, Kind, Machine, is_too_much
from dagbuild.executors.base import Work
from dagbuild.executors.batches import Pace

TRIES = 3
"""How often a step is handed out whose machine is lost; how often agents are started in a row of which none comes."""


@dataclass(slots=True)
class Step:
    """A step that is to be handed out; `number` is which one it is, `lost` how often its agent was lost."""

    work: Work
    parcel: bytes
    number: int
    lost: int = 0

    @property
    def kind(self) -> Kind:
        """The kind of agents that it goes to."""
        return Kind.of(self.work.node.resources)

    @property
    def order(self) -> Order:
        """What its agent is told."""
        return Order(self.work.name, self.parcel, self.work.node.timeout)


@dataclass(eq=False, slots=True)
class Member:
    """An agent: which steps it has, and how many of its calls have not been answered.

    `start` is how often in a row agents had not come when it was started; `waits` is the call that waits for the step
    which it runs.
    """

    actor: Any
    kind: Kind
    start: int = 0
    ready: bool = False
    waits: Any = None
    calls: int = 0
    steps: dict[str, Step] = field(default_factory=dict)

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do."""
        return self.ready and not self.calls


class Crew:
    """The agents there are, and the steps that wait for them.

    `start` starts an agent of a kind, `give` gives one steps, `dismiss` lets go of one that has nothing to do.
    """

    def __init__(
        self,
        start: Callable[[Kind], Member],
        give: Callable[[Member, list[Step]], None],
        dismiss: Callable[[Member], None],
    ) -> None:
        self._start = start
        self._give = give
        self._dismiss = dismiss
        self._pace = Pace()
        self._numbers = count()
        self._queues: dict[Kind, deque[Step]] = {PLAIN: deque()}
        self._failed_starts = 0  # in a row; of agents that were started side by side, all are one
        self.members: list[Member] = []
        self.machines: Sequence[Machine] = []
        self.has_waited = False
        """Whether nothing was heard for a while."""

    @property
    def slots(self) -> int:
        """As many steps as keep the machines' cores at work until others can be handed over."""
        cores = max(1, int(sum(machine.get("CPU", 0) for machine in self.machines)))
        return cores * self._pace.size * self._pace.ahead

    def submit(self, work: Work, parcel: bytes) -> None:
        """Take a step."""
        step = Step(work, parcel, next(self._numbers))
        self._queues.setdefault(step.kind, deque()).append(step)

    def take_back(self, member: Member, names: Sequence[str]) -> None:
        """Let steps that an agent has wait again, before others."""
        self._queues[member.kind].extendleft(member.steps.pop(name) for name in reversed(names))

    def note(self, member: Member, ended: int, seconds: float) -> None:
        """Take in how long steps of an agent took, one after the other."""
        if member.kind == PLAIN:
            self._pace.note(ended, seconds)

    def welcome(self, member: Member) -> None:
        """Take in that an agent has answered."""
        if not member.ready:
            member.ready = True
            self._failed_starts = 0

    def find_missing(self) -> dict[str, str]:
        """Return the nodes of steps that wait for what no machine has, with that in words: one that has may come."""
        kinds = [kind for kind, queue in self._queues.items() if queue and kind != PLAIN]
        missing = {kind: words for kind in kinds if (words := kind.tell_missing(self.machines))}
        return {step.work.node.name: missing[kind] for kind in missing for step in self._queues[kind]}

    def lose(self, member: Member) -> list[Step]:
        """Take in that an agent is gone: its steps wait again, each for an agent to itself. Return those that may not.

        Those were lost too often.
        """
        self.members.remove(member)
        if not member.ready:
            self._failed_starts = max(self._failed_starts, member.start + 1)
        again = [replace(step, lost=step.lost + 1) for step in member.steps.values()]
        self._queues[member.kind].extend(step for step in again if step.lost < TRIES)
        return [step for step in again if step.lost >= TRIES]

    def give_up(self) -> list[Step]:
        """Return the steps that nobody is to run any more, since no agent can be started."""
        lost: list[Step] = []
        for kind, queue in self._queues.items():
            if not self._list_members(kind):  # it was to be started when steps were handed out
                lost += queue
                queue.clear()
        return lost

    def clear(self) -> None:
        """Forget what waits."""
        for queue in self._queues.values():
            queue.clear()

    def hand_out(self) -> None:
        """Give the steps that wait to agents that have room, and see that there are as many as there is room for."""
        waiting = [(queue[0].number, kind) for kind, queue in self._queues.items() if queue]
        for _, kind in sorted(waiting):
            queue = self._queues[kind]
            while queue and (agent := self._find_free(kind, queue[0])):
                batch = self._take_batch(kind, queue)
                agent.steps.update({step.work.name: step for step in batch})
                self._give(agent, batch)
            self._start_agents(kind, len(queue))

    def _take_batch(self, kind: Kind, queue: deque[Step]) -> list[Step]:
        ready = sum(agent.ready for agent in self._list_members(kind))
        most = self._pace.share(len(queue), ready) if kind == PLAIN else 1
        batch = [queue.popleft()]
        while len(batch) < most and not batch[0].lost and queue and not queue[0].lost:
            batch.append(queue.popleft())
        return batch

    def _find_free(self, kind: Kind, step: Step) -> Member | None:
        """Return the agent with the least to do, if one has room; a step that was lost gets one for itself."""
        most = self._pace.ahead if kind == PLAIN and not step.lost else 1
        mine = self._list_members(kind)
        free = [agent for agent in mine if agent.ready and agent.waits is None and agent.calls < most]
        return min(free, key=lambda agent: agent.calls, default=None)

    def _start_agents(self, kind: Kind, waiting: int) -> None:
        """Start as many as there are steps waiting and room for; the first one also without, for Ray to wait with."""
        starting = [agent.ready for agent in self._list_members(kind)].count(False)
        has_one = bool(self._list_members(kind))
        while starting < waiting and self._failed_starts < TRIES:
            self._make_room(kind, kind)
            if has_one and self._lacks(kind):
                break
            self.members.append(member := self._start(kind))
            member.start = self._failed_starts
            starting, has_one = starting + 1, True
        if waiting and starting:
            self._make_room(kind)

    def _lacks(self, *more: Kind) -> bool:
        """Tell whether the cluster has not what all agents take, and `more`; what no machine has nobody can hold."""
        kinds = [*(agent.kind for agent in self.members), *more]
        missing = {kind for kind in set(kinds) if kind.tell_missing(self.machines)}
        if missing.intersection(more):
            return True
        return is_too_much((kind for kind in kinds if kind not in missing), self.machines)

    def _make_room(self, kind: Kind, *more: Kind) -> None:
        """Let go of agents of other kinds that have nothing to do, as long as there is too little for this one.

        What lacks on the machine that has the rest, and what others take of the cluster, is seen by how long it takes.
        """
        if kind.tell_missing(self.machines):
            return
        for agent in [each for each in self.members if each.is_idle and each.kind != kind]:
            if not self._queues[agent.kind] and (self.has_waited or self._lacks(*more)):
                self.members.remove(agent)
                self._dismiss(agent)

    def _list_members(self, kind: Kind) -> list[Member]:
        return [member for member in self.members if member.kind == kind]
