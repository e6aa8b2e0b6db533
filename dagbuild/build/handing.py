"""What a build has handed to its executor, and when there is something to hand out or to take in.

Knows no graph and no values: calls go out, outcomes come in. Guards: nothing is polled; who waits for the next try of a
call holds up no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from dagbuild.build.tries import Tries
from dagbuild.executors.base import LONGEST_WAIT, Executor, Work
from dagbuild.model.node import Node
from dagbuild.model.outcome import Outcome

_DUST = 1e-6
"""Cores that are nobody's: sums of parts of one are not exact."""


class Handing:
    """The calls that the executor has, and those that wait for another try.

    `find_peak` gives the bytes that a node took when it last ran. Without `limits`, no call is made again and none is
    ended for its time.
    """

    def __init__(
        self,
        executor: Executor,
        tries: Tries,
        find_peak: Callable[[str], int] = lambda _: 0,
        *,
        limits: bool = True,
    ) -> None:
        self.executor = executor
        self._tries = tries
        self._limits = limits
        self._find_peak = find_peak
        self._taken: dict[str, tuple[float, int]] = {}

    def has_room(self, node: Node) -> bool:
        """Tell whether a call of the node fits beside those that the executor has; alone, each does."""
        if not self._taken:
            return True
        cpus, memory = self._find_needs(node)
        # How much room there is may be for a cluster to say, which nobody asks for nothing.
        slots, budget = self.executor.slots, self.executor.memory
        if sum(taken for taken, _ in self._taken.values()) + min(cpus, slots) > slots + _DUST:
            return False
        return budget is None or sum(taken for _, taken in self._taken.values()) + memory <= budget

    def _find_needs(self, node: Node) -> tuple[float, int]:
        takes = node.resources
        return takes.cpus, self._find_peak(node.name) if takes.memory is None else takes.memory

    @property
    def is_over(self) -> bool:
        """Whether nothing is to come."""
        return not self._taken and self._tries.patience is None

    def submit(self, work: Work) -> None:
        """Hand a call to the executor."""
        if not self._limits:
            work = replace(work, node=replace(work.node, retry=None, timeout=None))
        self._tries.begin(work)
        self._taken[work.name] = self._find_needs(work.node)
        self.executor.submit(work)

    def wait(self) -> list[tuple[str, Outcome]]:
        """Return how calls have ended, when one has; nothing where another try is due before."""
        due = self._tries.find_due()
        if due and self.has_room(due.node):
            return []
        patience = (
            None if due else self._tries.patience
        )  # for what is due there is room when a call has ended
        most = None if patience is None else min(patience, LONGEST_WAIT)
        if self._taken:
            return self.executor.wait(most)
        time.sleep(most or 0.0)
        return []

    def end(self, name: str, outcome: Outcome, *, last: bool) -> bool:
        """Take in how a call ended; tell whether it is made again, which it is not where that try was the `last`."""
        self._taken.pop(name, None)
        return self._tries.end(name, outcome, last=last)
