"""What a build has handed to its executor, and when there is something to hand out or to take in.

Knows no graph and no values: calls go out, outcomes come in. Guards: nothing is polled; who waits for the next try of a
call holds up no other.
"""

from __future__ import annotations

import time
from dataclasses import replace

from dagbuild.build.tries import Tries
from dagbuild.executors.base import LONGEST_WAIT, Executor, Work
from dagbuild.model.outcome import Outcome


class Handing:
    """The calls that the executor has, and those that wait for another try.

    Without `limits`, no call is made again and none is ended for its time.
    """

    def __init__(self, executor: Executor, tries: Tries, *, limits: bool) -> None:
        self._executor = executor
        self._tries = tries
        self._limits = limits
        self._handed = 0

    @property
    def has_room(self) -> bool:
        """Whether the executor is worth handing another call."""
        # How much room there is may be for a cluster to say, which nobody asks for nothing.
        return self._handed < self._executor.slots

    @property
    def is_over(self) -> bool:
        """Whether nothing is to come."""
        return not self._handed and self._tries.patience is None

    def submit(self, work: Work) -> None:
        """Hand a call to the executor."""
        if not self._limits:
            work = replace(work, node=replace(work.node, retry=None, timeout=None))
        self._tries.begin(work)
        self._handed += 1
        self._executor.submit(work)

    def wait(self) -> list[tuple[str, Outcome]]:
        """Return how calls have ended, when one has; nothing where another try is due before."""
        patience = self._tries.patience
        if self._tries.has_due:
            if self.has_room:
                return []
            patience = None  # there is room when a call has ended
        most = None if patience is None else min(patience, LONGEST_WAIT)
        if self._handed:
            return self._executor.wait(most)
        time.sleep(most or 0.0)
        return []

    def end(self, name: str, outcome: Outcome, *, last: bool) -> bool:
        """Take in how a call ended; tell whether it is made again, which it is not where that try was the `last`."""
        self._handed -= 1
        return self._tries.end(name, outcome, last=last)
