"""Look for a history of edits that breaks a promise: the same ones each time, unless more are asked for.

`pytest tests/property --histories 5000 --seed 7` plays more of them, and others. What is found is made small and told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyFailure

from tests.property.edits import EDITS, Edit
from tests.property.history import Bench, check_history
from tests.property.sketch import Sketch
from tests.property.strategies import TOGETHER, edits, sketches


@dataclass(frozen=True)
class Search:
    """How many histories are played, from which seed, and whether the first one found is told as it is."""

    examples: int = 300
    start: int = 0
    shrink: bool = False

    def run(
        self,
        bench: Bench,
        ways: Sequence[str] = TOGETHER,
        most: int = 8,
        kinds: Collection[str] = EDITS,
    ) -> None:
        """Play histories of at most so many edits of these kinds, whose helpers are written in these ways."""

        @seed(self.start)
        @settings(
            max_examples=self.examples,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if self.shrink else [Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(sketches(ways), edits(most, kinds))
        def run(first: Sketch, changes: list[Edit]) -> None:
            check_history(first, changes, bench)

        try:
            run()
        except FlakyFailure as found:  # which steps share a process is a matter of time: what was seen counts
            raise found.exceptions[0] from None
