"""Calls that fail and are made again: when, how often, and what the build does meanwhile."""

from __future__ import annotations

import dataclasses

import pytest

from dagbuild.build.handing import Handing
from dagbuild.build.loop import Build
from dagbuild.build.states import State
from dagbuild.build.tries import Tries
from dagbuild.executors.base import Work
from dagbuild.model.graph import Graph
from dagbuild.model.node import Retry
from dagbuild.model.outcome import Done, Failure, Outcome
from dagbuild.plan.events import Event, How, Notice, StepFinished, StepStarted
from dagbuild.testing import steps
from dagbuild.testing.works import keep, limit
from tests.unit.build.test_steps import Hands, begin_build, plain
from tests.unit.test_graph import make_graph

AGAIN = Failure("OSError", "reset\nby peer", "", passing=True)


class Ending(Hands):
    """Says how steps end that the test has named, and for how long the build would have waited."""

    def __init__(self, slots: int) -> None:
        super().__init__(slots)
        self.ends: list[tuple[str, Outcome]] = []
        self.waited: list[float | None] = []

    def wait(self, most: float | None = None) -> list[tuple[str, Outcome]]:
        self.waited.append(most)
        ends, self.ends = self.ends, []
        for name, _ in ends:
            self.works.pop(name)
        if not ends:
            raise KeyboardInterrupt
        return ends


def begin(
    hands: Ending, retry: Retry, heard: list[Event], *, keep_going: bool = False, **graph: str
) -> Build:
    """Begin a build of the last node, of which `a` may be tried again."""
    made = make_graph(**graph)
    tried = dataclasses.replace(made.nodes["a"], retry=retry)
    whole = Graph({**made.nodes, "a": tried}, made.inputs)
    return begin_build(hands, whole, [*graph][-1], heard.append, keep_going=keep_going)


def done(work: Work) -> Done:
    assert work.draft is not None
    return Done(work.draft.complete(plain("1")))


def end(build: Build, hands: Hands, name: str, outcome: Outcome) -> None:
    hands.works.pop(name)
    build.take(name, outcome)
    build.hand_out()


def finished(heard: list[Event]) -> dict[str, How]:
    return {event.node: event.how for event in heard if isinstance(event, StepFinished)}


def test_a_call_is_made_again_until_there_are_no_more_tries() -> None:
    """Each is handed out by its number; only the last failure is the node's."""
    heard: list[Event] = []
    hands = Ending(4)
    build = begin(hands, Retry(3), heard, a="x")
    attempts = []
    for _ in range(3):
        attempts.append(hands.works["a"].attempt)
        assert finished(heard) == {}
        end(build, hands, "a", AGAIN)

    assert attempts == [1, 2, 3]
    assert hands.works == {}
    assert finished(heard) == {"a": How.FAILED}
    assert [event.text for event in heard if isinstance(event, Notice)] == [
        f"'a' failed (OSError: reset ...); try {attempt} of 3 follows" for attempt in (2, 3)
    ]
    assert heard.count(StepStarted("a")) == 3


def test_a_try_that_succeeds_is_the_last() -> None:
    """Its record is the node's."""
    heard: list[Event] = []
    hands = Ending(4)
    build = begin(hands, Retry(3), heard, a="x")
    end(build, hands, "a", AGAIN)

    end(build, hands, "a", done(hands.works["a"]))

    assert build.steps["a"].state is State.MADE
    assert finished(heard) == {"a": How.COMPUTED}


def test_a_failure_that_the_retry_is_not_for_is_the_last() -> None:
    """However many tries would be left."""
    heard: list[Event] = []
    hands = Ending(4)
    build = begin(hands, Retry(3), heard, a="x")

    end(build, hands, "a", Failure("KeyError", "price", ""))

    assert finished(heard) == {"a": How.FAILED}


def test_what_waits_for_its_next_try_holds_up_nothing() -> None:
    """Others are handed out and taken in; the executor is asked for no longer than until the try is due."""
    heard: list[Event] = []
    hands = Ending(1)
    build = begin(hands, Retry(2, (), 500.0), heard, a="x", b="x", c="b", d="a c")
    while "a" not in hands.works:
        (name,) = hands.works
        end(build, hands, name, done(hands.works[name]))
    hands.ends = [("a", AGAIN)]
    with pytest.raises(KeyboardInterrupt):
        build._loop()

    assert set(hands.works) <= {"b", "c"}
    assert build.steps["a"].state is State.RUNNING
    assert any(
        event.text.endswith("try 2 of 2 in 8 min 20 s") for event in heard if isinstance(event, Notice)
    )
    assert hands.waited[0] is None
    assert hands.waited[1] is not None
    assert 0 < hands.waited[1] <= 500.0


@pytest.mark.parametrize("waiting", [True, False], ids=["waits", "ends later"])
def test_a_build_that_stops_tries_nothing_again(waiting: bool) -> None:
    """The failure that is there is the node's, also of a call that waits for its next try."""
    heard: list[Event] = []
    hands = Ending(4)
    build = begin(hands, Retry(2, (), 500.0), heard, a="x", b="x", c="a b")
    other = ("b", Failure("ValueError", "wrong", ""))
    hands.ends = [("a", AGAIN), other] if waiting else [other, ("a", AGAIN)]

    build._loop()

    assert finished(heard) == {"a": How.FAILED, "b": How.FAILED}


def test_a_try_that_has_no_room_waits_for_room() -> None:
    """Though it is due, it is not asked about again and again."""
    hands, tries = Ending(1), Tries(lambda _text, _node: None)
    handing = Handing(hands, tries, limits=True)
    handing.submit(limit(keep(steps.one), retry=Retry(2)))
    assert handing.end("one", AGAIN, last=False)
    handing.submit(keep(steps.chatty))

    with pytest.raises(KeyboardInterrupt):
        handing.wait()

    assert tries.find_due() is not None
    assert hands.waited == [None]
