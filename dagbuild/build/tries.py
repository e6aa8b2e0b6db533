"""The calls of a build that may be made again: which try each is at, and which of them wait for the next one.

Waits for nothing itself. Guards: the failure that counts is that of the last try.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

from dagbuild.executors.base import Work
from dagbuild.ground import units
from dagbuild.model.outcome import Failure, Outcome


class Tries:
    """Calls by name, as executors name them; `on_notice` is told of a try that failed, and of the node."""

    def __init__(self, on_notice: Callable[[str, str], None]) -> None:
        self._on_notice = on_notice
        self._under_way: dict[str, Work] = {}
        self._waiting: list[tuple[float, int, Work, Failure]] = []
        self._due: deque[tuple[Work, Failure]] = deque()
        self._count = count()

    def begin(self, work: Work) -> None:
        """Note that a call is handed out."""
        if work.node.retry is not None:
            self._under_way[work.name] = work

    def end(self, name: str, outcome: Outcome, *, last: bool) -> bool:
        """Take in how a call ended; tell whether it is made again, which it is not where that try was the `last`."""
        work = self._under_way.pop(name, None)
        if work is None or work.node.retry is None or not isinstance(outcome, Failure):
            return False
        retry, attempt = work.node.retry, work.attempt + 1
        if last or not outcome.passing or attempt > retry.tries:
            return False
        after = f" in {units.seconds(retry.wait)}" if retry.wait else ""
        said = f"'{name}' failed ({outcome.line}); try {attempt} of {retry.tries}{after or ' follows'}"
        self._on_notice(said, work.node.name)
        again = replace(work, attempt=attempt)
        heapq.heappush(self._waiting, (time.monotonic() + retry.wait, next(self._count), again, outcome))
        return True

    def find_due(self) -> Work | None:
        """Return a call whose next try waits for nothing but room, or None."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            self._due.append(heapq.heappop(self._waiting)[2:])
        return self._due[0][0] if self._due else None

    def pop(self) -> Work | None:
        """Return what `find_due` has found, to be handed out, or None."""
        return self._due.popleft()[0] if self._due else None

    def give_up(self) -> Iterator[tuple[str, Failure]]:
        """Yield how the calls have failed that wait; there is no other try."""
        waiting = [*self._due, *(each[2:] for each in sorted(self._waiting, key=lambda each: each[:2]))]
        self._due.clear()
        self._waiting.clear()
        for work, failure in waiting:
            yield work.name, failure

    @property
    def patience(self) -> float | None:
        """For how many seconds no try is due; None where none waits."""
        if self.find_due():
            return 0.0
        return max(self._waiting[0][0] - time.monotonic(), 0.0) if self._waiting else None
