"""Which calls fit beside those that run: by cores, and by memory."""

from __future__ import annotations

import dataclasses

import pytest

from dagbuild.build.handing import Handing
from dagbuild.build.tries import Tries
from dagbuild.executors.base import Work
from dagbuild.model.graph import Graph
from dagbuild.model.node import Resources
from dagbuild.testing import steps
from dagbuild.testing.works import keep, limit
from tests.unit.build.test_steps import Hands, begin_build
from tests.unit.build.test_tries import done
from tests.unit.test_graph import make_graph

GIB = 1 << 30


def take(function: str, **takes: float | int) -> Work:
    resources = Resources(**takes)  # type: ignore[arg-type]
    return limit(keep(getattr(steps, function)), resources=resources)


def open_handing(jobs: int, memory: int | None = None, **peaks: int) -> Handing:
    hands = Hands(jobs)
    hands.memory = memory
    return Handing(hands, Tries(lambda _text, _node: None), lambda name: peaks.get(name, 0))


@pytest.mark.parametrize(
    ("jobs", "running", "wanted", "fits"),
    [(3, 1, 2, True), (3, 2, 2, False), (2, 1, 8, False), (1, 0.5, 0.5, True), (1, 0.5, 1, False)],
)
def test_a_call_takes_so_many_cores(jobs: int, running: float, wanted: float, fits: bool) -> None:
    """One that takes more than there are waits until it is alone."""
    handing = open_handing(jobs)
    handing.submit(take("one", cpus=running))

    assert handing.has_room(take("chatty", cpus=wanted).node) is fits


@pytest.mark.parametrize(
    ("peaks", "said", "fits"),
    [
        ({"one": 6 * GIB, "chatty": 2 * GIB}, None, True),
        ({"one": 6 * GIB, "chatty": 3 * GIB}, None, False),
        ({"one": 6 * GIB, "chatty": 3 * GIB}, 2 * GIB, True),
        ({"one": 6 * GIB}, 3 * GIB, False),
        ({}, None, True),
    ],
    ids=["fits", "too large", "said smaller", "said larger", "unknown"],
)
def test_a_call_takes_the_memory_that_it_took_last(
    peaks: dict[str, int], said: int | None, fits: bool
) -> None:
    """Or that it says; what is not known is taken to be small."""
    handing = open_handing(4, 8 * GIB, **peaks)
    handing.submit(keep(steps.one))

    work = keep(steps.chatty) if said is None else take("chatty", memory=said)
    assert handing.has_room(work.node) is fits


def test_a_call_that_fits_nowhere_runs_alone() -> None:
    """It is for the machine to say that it is too large."""
    handing = open_handing(1, GIB, one=5 * GIB)
    large = take("one", cpus=9)

    assert handing.has_room(large.node)
    handing.submit(large)

    assert not handing.has_room(keep(steps.chatty).node)


def test_an_executor_that_sees_to_memory_itself_is_handed_what_it_has_cores_for() -> None:
    """Whatever calls took the last time."""
    handing = open_handing(2, None, one=5 * GIB, chatty=5 * GIB)
    handing.submit(keep(steps.one))

    assert handing.has_room(keep(steps.chatty).node)


def test_a_large_step_has_its_turn() -> None:
    """What is behind it waits: small ones would fill up the place that it needs, again and again."""
    made = make_graph(a="x", b="x", c="x", d="a", e="b d", f="c e")
    large = dataclasses.replace(made.nodes["b"], resources=Resources(cpus=2))
    hands = Hands(2)
    build = begin_build(hands, Graph({**made.nodes, "b": large}, made.inputs), "f")
    order = []
    while hands.works:
        order.append(sorted(hands.works))
        name = order[-1][0]
        build.take(name, done(hands.works.pop(name)))
        build.hand_out()

    assert order[:3] == [["a"], ["b"], ["c", "d"]]
