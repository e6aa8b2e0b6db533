"""How far a build is, in words: counted from events, guessed from history. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from dagbuild.ground import units
from dagbuild.plan.events import BuildStarted, Event, How, Importing, StepFinished, StepStarted
from dagbuild.plan.plan import Decision

_FROM_CACHE = (How.REUSED, How.FETCHED, How.RESTORED)


class Progress:
    """Counts what is to run, and what did not have to; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.total = 0
        self.done = 0
        self.failed = 0
        self.cached = 0
        self.executor = ""
        self.importing: float | None = None
        """Since when the project's modules are being imported, while they are."""
        self.running: dict[str, float] = {}
        self._left: dict[str, float | None] = {}
        self._widest = 1

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Importing(done):
                self.importing = None if done else self._clock()
            case BuildStarted(plan=plan, executor=executor):
                self.executor = executor
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
                self.cached += how in _FROM_CACHE

    @property
    def importing_for(self) -> float:
        """Seconds since the import of the project began, 0 when there is none."""
        since = self.importing
        return 0.0 if since is None else self._clock() - since

    def tell(self) -> list[str]:
        """Return how far it is, in a few words each."""
        words = [f"{self.done}/{self.total}"]
        if self.cached:
            words.append(f"{self.cached:,} from cache")
        if self.failed:
            words.append(f"{self.failed:,} failed")
        if (eta := self.eta) is not None:
            words.append(f"about {units.seconds(eta)} left" if eta >= 1 else "nearly done")
        return words

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
