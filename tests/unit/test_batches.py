"""How many steps are handed over at once."""

from __future__ import annotations

from dagbuild.executors.batches import Pace


def test_short_steps_are_handed_over_by_twice_as_many_each_time() -> None:
    """Until they are as many as a batch is meant to hold of steps that long."""
    pace = Pace()
    sizes = []
    for _ in range(6):
        sizes.append(pace.size)
        pace.note(pace.size, 0.01 * pace.size)

    assert sizes == [1, 2, 4, 8, 16, 20]
    assert pace.ahead == 2


def test_long_steps_are_handed_over_one_by_one() -> None:
    """Nothing waits behind them, also when those before were short."""
    pace = Pace()
    for _ in range(6):
        pace.note(pace.size, 0.001 * pace.size)

    pace.note(1, 5.0)

    assert pace.size == pace.ahead == 1


def test_what_waits_is_shared() -> None:
    """Nobody idles because another one was given all."""
    pace = Pace()
    for _ in range(6):
        pace.note(pace.size, 0.001 * pace.size)

    assert pace.share(10, among=4) == 3
    assert pace.share(1, among=0) == 1
    assert pace.share(10_000, among=4) == pace.size
