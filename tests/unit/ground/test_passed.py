"""How much time has gone by is told by whichever clock shows more."""

import time

import pytest

from dagbuild.ground.passed import Moment


@pytest.mark.parametrize(
    ("wall", "steady"),
    [(3600.0, 0.0), (0.0, 3600.0), (-3600.0, 3600.0), (3600.0, 3600.0)],
    ids=["asleep", "set back meanwhile", "set back", "awake"],
)
def test_the_clock_that_shows_more_counts(wall: float, steady: float) -> None:
    """One stands still while the machine sleeps, the other one can be set back."""
    since = Moment(time.time() - wall, time.monotonic() - steady)

    assert 3600 <= since.passed < 3660
