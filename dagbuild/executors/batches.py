"""How many steps are worth handing over at once, by how long those before took.

Knows numbers, no steps. A step that takes long is handed over by itself, since what is behind it would wait.
"""

from __future__ import annotations

_AIM = 0.2
"""Seconds that a batch is meant to take: many times what its way there and back costs."""

_MOST = 200


class Pace:
    """The size of the next batch: one at first, twice as many each time while they turn out to be short."""

    def __init__(self) -> None:
        self.size = 1
        self._mean: float | None = None

    @property
    def ahead(self) -> int:
        """How many batches to hand over at a time: of short steps the next one waits where they run."""
        return 2 if self.size > 1 else 1

    def share(self, waiting: int, among: int) -> int:
        """Return how many of the steps that wait are a batch, so that each of those who run them gets some."""
        return min(self.size, -(-waiting // max(1, among)))

    def note(self, count: int, seconds: float) -> None:
        """Take in that so many steps took so long, one after the other."""
        if not count:
            return
        mean = seconds / count
        self._mean = mean if self._mean is None else (self._mean + mean) / 2
        self.size = max(1, min(2 * self.size, int(_AIM / max(self._mean, 1e-6)), _MOST))
