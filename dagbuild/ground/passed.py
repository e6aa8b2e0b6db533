"""How much time has gone by, also while the machine slept or its clock was put right.

One clock stands still while a laptop is closed, the other one is set by people and by the network. Guards: what is told
is never less than what either of them shows.
"""

from __future__ import annotations

import time
from typing import NamedTuple


class Moment(NamedTuple):
    """When something was, by both clocks of this machine."""

    wall: float
    steady: float

    @classmethod
    def now(cls) -> Moment:
        """Return this moment."""
        return cls(time.time(), time.monotonic())

    @property
    def passed(self) -> float:
        """Seconds since then."""
        return max(time.time() - self.wall, time.monotonic() - self.steady)
