"""Where steps stand: which moves there are, and what a build does with whatever may happen to them."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dagbuild.artifacts import Artifacts
from dagbuild.build.loop import Build
from dagbuild.build.states import AT_HAND, MOVES, OPEN, State
from dagbuild.build.steps import Steps
from dagbuild.executors.base import Executor, Work
from dagbuild.ground.digest import Digest
from dagbuild.model.graph import Graph
from dagbuild.model.outcome import Done, Failure, Found, Lost, Outcome
from dagbuild.model.record import Artifact, Key, Manifest, Record
from dagbuild.plan.events import How, Listener
from dagbuild.plan.plan import make_plan
from dagbuild.store.declared import DeclaredFiles
from dagbuild.testing.memory import MemoryStore
from tests.unit.test_graph import make_graph
from tests.unit.test_plan import FakeLookup, make_request


def plain(value: str) -> Artifact:
    """Return the artifact that a text is: targets are looked at."""
    return Artifact("plain/1", {"form": value, "buffers": [2]})


def record_of(name: str, value: str) -> Record:
    key = Key(f"key of {name}")
    return Record(name, key, key, Manifest(()), plain(value))


def test_every_state_is_drawn() -> None:
    """Where a step can go from it, and that it can be reached."""
    reached = {state for after in MOVES.values() for state in after}

    assert set(MOVES) == set(State)
    assert reached == set(State) - {State.UNWANTED}


def test_a_move_that_is_not_drawn_is_a_mistake_of_ours() -> None:
    """It is not made."""
    request = make_request(make_graph(a="x"), "a", {})
    steps = Steps(request, make_plan(request, FakeLookup()), lambda _name, _record: None)

    with pytest.raises(AssertionError, match="'a' cannot become made: it is unwanted"):
        steps.made("a", record_of("a", "1"))


def test_a_step_that_was_ready_waits_for_a_value_that_was_taken_back() -> None:
    """It would be run without the value otherwise."""
    request = make_request(make_graph(a="x", b="a", c="a", d="b c"), "d", {})
    steps = Steps(request, make_plan(request, FakeLookup()), lambda _name, _record: None)

    def state(name: str) -> State:
        return steps[name].state

    def run(name: str, value: str) -> None:
        steps.start(name)
        steps.made(name, record_of(name, value))

    steps.want("d")
    assert steps.pop() == "a"
    run("a", "1")
    assert {steps.pop(), steps.pop()} == {"b", "c"}
    run("b", "1")
    run("c", "1")
    assert state("d") is State.READY

    steps.lose("b", unreadable=False)
    steps.want("b")

    assert state("d") is State.WAITING
    assert [steps.pop(), steps.pop()] == ["b", None]
    run("b", "2")
    assert [steps.pop(), steps.pop()] == ["d", None]


def test_a_value_in_memory_goes_when_it_is_taken_back() -> None:
    """Else the step would count as at hand, with the old value."""
    request = make_request(make_graph(a="x", b="a"), "b", {})
    steps = Steps(request, make_plan(request, FakeLookup()), lambda _name, _record: None)
    steps.want("b")
    steps.start("a")
    steps.made("a", record_of("a", "1"), held=True, value=1)

    steps.lose("a", unreadable=False)

    assert not steps.has("a")
    assert (steps["a"].held, steps["a"].value) == (False, None)


# -- whatever may happen ---------------------------------------------------------------------------------------------


class Hands(Executor):
    """Takes any number of steps, and never says how they end: the test does."""

    name = "hands"

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.works: dict[str, Work] = {}

    def submit(self, work: Work) -> None:
        assert work.node.name not in self.works
        self.works[work.node.name] = work

    def wait(self, most: float | None = None) -> list[tuple[str, Outcome]]:
        raise KeyboardInterrupt

    def close(self) -> None:
        pass


class Nothing:
    """Nothing is seen of what steps read."""

    warns = False

    def find_declared(self, node: str) -> tuple[tuple[DeclaredFiles, Digest], ...]:
        return ()


GRAPHS = (
    {"a": "x", "b": "a", "c": "a", "d": "b c", "e": "d"},
    {"a": "x", "b": "x", "c": "a b", "d": "a b", "e": "c d", "f": "e a"},
    {"a": "", "b": "a", "c": "b", "d": "c a"},
    {"a": "x", "b": "a", "c": "a", "d": "a", "e": "b c d"},
    {"a": "x", "b": "a", "c": "a", "d": "a b", "e": "a c", "f": "d e"},
)


def begin(hands: Hands, **graph: str) -> Build:
    """Begin a build of the last node, with nothing known before."""
    return begin_build(hands, make_graph(**graph), [*graph][-1])


def begin_build(
    hands: Hands, graph: Graph, target: str, listener: Listener = lambda _: None, *, keep_going: bool = False
) -> Build:
    """Begin a build of a target, with nothing known before."""
    request = make_request(graph, target, {})
    lookup = FakeLookup()
    build = Build(
        request,
        make_plan(request, lookup),
        run="run",
        artifacts=Artifacts(MemoryStore()),
        lookup=lookup,
        watched=Nothing(),
        executor=hands,
        listener=listener,
        keep_going=keep_going,
    )
    build.steps.want(target)
    build.hand_out()
    return build


def end(build: Build, hands: Hands, name: str, outcome: Outcome | str) -> None:
    """Let a step end; a text is the value that it gives."""
    work = hands.works.pop(name)
    assert work.draft is not None
    if isinstance(outcome, str):
        outcome = Done(work.draft.complete(plain(outcome)))
    build.take(name, outcome)
    build.hand_out()


def test_what_two_steps_have_lost_is_made_again_once() -> None:
    """The second was given the value of before: it runs again, and is no failure."""
    hands = Hands(4)
    build = begin(hands, a="x", b="a", c="a", d="b c")
    end(build, hands, "a", "1")
    assert set(hands.works) == {"b", "c"}

    end(build, hands, "b", Lost({"a": "it is gone"}))
    end(build, hands, "a", "1")
    end(build, hands, "c", Lost({"a": "it is gone"}))

    assert set(hands.works) == {"b", "c"}
    assert build.steps["a"].losses == 1


def test_what_another_build_made_of_a_value_that_came_out_different_is_not_taken() -> None:
    """One value of a node in one build."""
    hands = Hands(4)
    build = begin(hands, a="x", b="a", c="a", d="b c")
    end(build, hands, "a", "1")
    draft = hands.works["c"].draft
    assert draft is not None
    end(build, hands, "b", Lost({"a": "it is gone"}))
    end(build, hands, "a", "2")

    end(build, hands, "c", Found(draft.complete(plain("of 1"))))

    assert build.steps["c"].state is State.RUNNING
    assert hands.works["c"].values["a"].meta["form"] == "2"


class AnyBuild(RuleBasedStateMachine):
    """One build, in which every step may end in every way, at any time, values get lost, and somebody interrupts."""

    @initialize(
        graph=st.sampled_from(GRAPHS),
        slots=st.integers(1, 4).map(lambda n: n if n < 3 else 4),
        keep_going=st.booleans(),
        forced=st.booleans(),
        known=st.sets(st.sampled_from("abcdef")),
    )
    def begin(
        self, graph: dict[str, str], slots: int, keep_going: bool, forced: bool, known: Collection[str]
    ) -> None:
        """Plan with records of some nodes already there."""
        lookup = FakeLookup()
        target = [*graph][-1]
        before = make_request(make_graph(**graph), target, {})
        for name in before.order:
            if name in known:
                key = before.deep[name]
                lookup.records.append(Record(name, key, key, before.manifest(name), plain("old")))
        request = make_request(make_graph(**graph), target, {}, forced=next(iter(graph)) if forced else "")
        self.hands = Hands(slots)
        self.ends: dict[str, int] = {}
        self.values = 0
        self.build = Build(
            request,
            make_plan(request, lookup),
            run="run",
            artifacts=Artifacts(MemoryStore()),
            lookup=lookup,
            watched=Nothing(),
            executor=self.hands,
            listener=lambda _: None,
            keep_going=keep_going,
        )
        for name in request.targets:
            self.build.steps.want(name)
        self.build.hand_out()

    def end(self, name: str, outcome: Outcome) -> None:
        work = self.hands.works.pop(name)
        assert work.node.name == name
        self.ends[name] = self.ends.get(name, 0) + 1
        self.build.take(name, outcome)
        self.build.hand_out()

    def record(self, name: str, value: str) -> Record:
        draft = self.hands.works[name].draft
        assert draft is not None
        return draft.complete(plain(value))

    def running(self, choose: int) -> str:
        names = sorted(self.hands.works)
        return names[choose % len(names)]

    @precondition(lambda self: self.hands.works)
    @rule(choose=st.integers(0, 5), same=st.booleans(), held=st.booleans())
    def done(self, choose: int, same: bool, held: bool) -> None:
        """The value comes out as before, or different; perhaps it cannot be stored."""
        name = self.running(choose)
        self.values += not same
        record = self.record(name, "same" if same else str(self.values))
        self.end(name, Done(record, held=held, value=record.artifact.meta if held else None))

    @precondition(lambda self: self.hands.works)
    @rule(choose=st.integers(0, 5))
    def found(self, choose: int) -> None:
        """Another build was quicker."""
        name = self.running(choose)
        self.end(name, Found(self.record(name, "theirs")))

    @precondition(lambda self: self.hands.works)
    @rule(choose=st.integers(0, 5), which=st.integers(0, 5))
    def lost(self, choose: int, which: int) -> None:
        """An upstream value cannot be read back."""
        name = self.running(choose)
        values = [up for up in self.hands.works[name].values if up not in self.build.request.givens]
        if not values:
            return
        steps, up = self.build.steps, values[which % len(values)]
        given = (
            steps.has(up) and steps[up].since < steps[name].since
        )  # the value that it was given is today's
        again = steps[up].losses > 0
        self.end(name, Lost({up: "it is gone"}))
        assert (steps[name].state is State.FAILED) == (given and again)

    @precondition(lambda self: self.hands.works)
    @rule(choose=st.integers(0, 5))
    def failed(self, choose: int) -> None:
        """The node raises."""
        name = self.running(choose)
        self.end(name, Failure("ValueError", "it is broken", ""))

    @precondition(lambda self: not self.hands.works)
    @rule()
    def loaded(self) -> None:
        """Nothing runs any more: the target's value is loaded, and cannot be read back the first time."""
        steps, target = self.build.steps, self.build.request.targets[0]
        if steps.has(target) and not steps[target].losses:
            self.build.lose(target, "it is gone")
            steps.want(target)
            self.build.hand_out()

    @invariant()
    def what_runs_was_given_all_that_it_takes(self) -> None:
        for name, work in self.hands.works.items():
            values, _ = self.build.request.needs(name)
            assert set(values) == {*work.values, *work.held}
            assert self.build.steps[name].state is State.RUNNING

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """What is wanted waits for something that is on its way, or for a failed one."""
        steps, request = self.build.steps, self.build.request
        assert steps.running == len(self.hands.works)
        for name in request.order:
            step = steps[name]
            if step.state is State.WAITING:
                values, _ = request.needs(name)
                assert step.missing == {up for up in values if not steps.has(up)} != set()
                assert all(steps[up].state not in OPEN for up in step.missing)
            elif step.state is State.READY:
                assert self.build.stopping or steps.running >= self.hands.slots
            else:
                assert step.state not in (State.LOST, State.REVOKED)
            assert step.losses <= 1

    @invariant()
    def one_value_of_a_node_in_one_build(self) -> None:
        """What is at hand was made of the values that are at hand."""
        steps, request = self.build.steps, self.build.request
        for name in request.order:
            record = steps[name].record
            if record is not None and steps[name].state in AT_HAND:
                assert steps.find_outdated(name, record) is None

    def teardown(self) -> None:
        """Interrupted here, or driven to its end, the build tells a true story."""
        if not hasattr(self, "build"):
            return
        turns = 0
        while self.hands.works and turns < 200:
            self.done(0, True, False)
            turns += 1
        assert not self.hands.works
        result = self.build.run()
        assert not result.interrupted
        target = self.build.request.targets[0]
        assert set(result.steps) <= set(self.build.request.order)
        how = result.steps[target].how if target in result.steps else None
        if not result.failed:
            assert how in (How.COMPUTED, How.REUSED)
        elif self.build.keep_going:
            assert how in (How.COMPUTED, How.REUSED, How.FAILED, How.BLOCKED)
        for name, end in result.steps.items():
            if end.how in (How.COMPUTED, How.REUSED) and name != target:
                assert self.build.steps[name].state in AT_HAND


AnyBuild.TestCase.settings = settings(
    max_examples=400,
    phases=[Phase.generate],
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAnyBuild = AnyBuild.TestCase
