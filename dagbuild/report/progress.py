"""How far a build is: counted from events, guessed from history. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from dagbuild.plan.events import BuildStarted, Event, How, StepFinished, StepStarted
from dagbuild.plan.plan import Decision


class Progress:
    """Counts what is to run; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.total = 0
        self.done = 0
        self.failed = 0
        self.running: dict[str, float] = {}
        self._left: dict[str, float | None] = {}
        self._widest = 1

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case BuildStarted(plan=plan):
                self._left = {name: plan.steps[name].seconds for name in plan.names(Decision.RUN)}
                self.total = len(self._left)
            case StepStarted(node):
                self.running[node] = self._clock()
                self._widest = max(self._widest, len(self.running))
                if node not in self._left:  # its value was lost and is made again
                    self._left[node] = None
                    self.total += 1
            case StepFinished(node, how):
                self.running.pop(node, None)
                if node in self._left:
                    del self._left[node]
                    self.done += 1
                self.failed += how is How.FAILED

    def elapsed(self, node: str) -> float:
        """Return for how many seconds the node has been running."""
        return self._clock() - self.running[node]

    @property
    def eta(self) -> float | None:
        """Seconds that are left, as far as earlier runs tell; None when they tell too little."""
        known = {name: seconds for name, seconds in self._left.items() if seconds is not None}
        if len(known) * 2 < len(self._left) or not known:
            return None
        mean = sum(known.values()) / len(known)
        left = sum(known.values()) + mean * (len(self._left) - len(known))
        spent = sum(
            min(self.elapsed(name), self._left[name] or mean) for name in self.running if name in self._left
        )
        return max(0.0, left - spent) / self._widest
