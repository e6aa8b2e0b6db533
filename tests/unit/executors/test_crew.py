"""Who runs which step, and who makes room for whom."""

from __future__ import annotations

import dataclasses

from dagbuild.executors.agent_kinds import PLAIN, Kind
from dagbuild.executors.crew import TRIES, Crew, Member, Step
from dagbuild.model.node import Resources
from dagbuild.testing.works import keep

LARGE = Resources(cpus=2)


class Stage:
    """A crew, and what it has had done."""

    def __init__(self, cores: int = 2) -> None:
        self.crew = Crew(self.start, self.give, self.dismissed)
        self.crew.machines = [{"CPU": float(cores)}]
        self.dismissals: list[Kind] = []
        self.running: dict[str, Member] = {}

    def start(self, kind: Kind) -> Member:
        """Start one; it takes what it can get."""
        return Member(object(), kind, calls=1)

    def dismissed(self, member: Member) -> None:
        """Note that it is gone."""
        self.dismissals.append(member.kind)

    def give(self, member: Member, steps: list[Step]) -> None:
        """Let the steps run."""
        member.calls += 1
        for step in steps:
            self.running[step.work.name] = member

    def submit(self, *names: str, takes: Resources | None = None) -> None:
        """Have steps wait."""
        for name in names:
            work = dataclasses.replace(keep(one), call=name)
            if takes is not None:
                node = dataclasses.replace(work.node, name=name, resources=takes)
                work = dataclasses.replace(work, node=node)
            self.crew.submit(work, b"parcel")

    def go_on(self) -> None:
        """Let agents be there that the cluster has room for, and hand out."""
        self.crew.hand_out()
        free = self.crew.machines[0]["CPU"] - sum(each.kind.cpus for each in self.crew.members if each.ready)
        for member in self.crew.members:
            if not member.ready and member.kind.cpus <= free:
                free -= member.kind.cpus
                member.calls = 0
                self.crew.welcome(member)
        self.crew.hand_out()

    def end(self, name: str) -> None:
        """Let a step end."""
        member = self.running.pop(name)
        member.calls -= 1
        del member.steps[name]


def one() -> int:
    return 1


def kinds(stage: Stage) -> list[Kind]:
    """Return the kinds of the agents that are there."""
    return [member.kind for member in stage.crew.members]


def test_an_agent_for_each_core_and_no_more_than_there_are_steps() -> None:
    """One of two cores is left alone when there is one step."""
    few, many = Stage(), Stage()
    few.submit("a")
    many.submit("a", "b", "c")

    few.go_on()
    many.go_on()

    assert (kinds(few), kinds(many)) == ([PLAIN], [PLAIN, PLAIN])
    assert set(many.running) == {"a", "b"}


def test_agents_with_nothing_to_do_make_room_for_a_step_that_takes_more() -> None:
    """One that is at work does so once it is done; then the others get their cores back in the same way."""
    stage = Stage()
    stage.submit("a", "b")
    stage.go_on()
    stage.end("a")
    stage.submit("large", takes=LARGE)
    stage.go_on()
    waiting = (list(stage.running), list(stage.dismissals))
    stage.end("b")
    stage.go_on()
    large = list(stage.running)
    stage.submit("c")
    stage.go_on()
    stage.end("large")
    stage.go_on()

    assert waiting == (["b"], [PLAIN])
    assert large == ["large"]
    assert list(stage.running) == ["c"]
    assert stage.dismissals == [PLAIN, PLAIN, Kind.of(LARGE)]


def test_only_as_many_agents_make_room_as_are_in_the_way() -> None:
    """Steps of several kinds run side by side; those with resources of their own get an agent each."""
    stage = Stage(cores=4)
    stage.submit("a", "b")
    stage.go_on()
    stage.end("a")
    stage.end("b")
    stage.submit("large", takes=LARGE)
    stage.go_on()
    before = list(stage.dismissals)
    stage.submit("gentle", takes=Resources(cpus=0.5))
    stage.go_on()

    assert before == []
    assert stage.dismissals == [PLAIN]
    assert set(stage.running) == {"large", "gentle"}


def test_a_step_that_no_machine_can_take_holds_up_no_other() -> None:
    """It is said, and its agent waits; nobody makes room for it, or counts what it would take."""
    stage = Stage()
    stage.submit("impossible", takes=Resources(cpus=3))
    stage.submit("a", "b")
    stage.go_on()
    stage.end("a")
    stage.go_on()

    assert stage.crew.find_missing() == {"impossible": "CPU 3 of 2"}
    assert list(stage.running) == ["b"]
    assert stage.dismissals == []


def test_agents_make_room_where_the_cluster_does_not_say_why_nothing_starts() -> None:
    """Cores on several machines are not one's, and others take some: that is seen by how long it takes."""
    stage = Stage()
    stage.crew.machines = [{"CPU": 2.0}, {"CPU": 2.0}]
    stage.submit("a", "b")
    stage.go_on()
    stage.end("a")
    stage.end("b")
    stage.submit("large", takes=LARGE)
    stage.crew.hand_out()
    before = list(stage.dismissals)
    stage.crew.has_waited = True
    stage.crew.hand_out()

    assert before == []
    assert stage.dismissals == [PLAIN, PLAIN]


def test_a_step_of_a_lost_agent_gets_one_for_itself_until_it_was_lost_too_often() -> None:
    """Those that no agent can be started for are given up."""
    stage = Stage(cores=1)
    stage.submit("a")
    lost: list[Step] = []
    for _ in range(TRIES):
        stage.go_on()
        lost = stage.crew.lose(stage.running.pop("a"))
    assert [step.work.name for step in lost] == ["a"]

    stage.submit("b")
    for _ in range(TRIES):
        stage.crew.hand_out()
        assert stage.crew.give_up() == []
        stage.crew.lose(stage.crew.members[0])
    stage.crew.hand_out()

    assert [step.work.name for step in stage.crew.give_up()] == ["b"]


def test_agents_that_are_lost_together_are_one_loss() -> None:
    """A machine of many cores dies while they start: others are started for the steps."""
    stage = Stage(cores=8)
    stage.submit(*"abcdefgh")
    stage.crew.hand_out()
    for member in list(stage.crew.members):
        stage.crew.lose(member)

    stage.go_on()

    assert stage.crew.give_up() == []
    assert set(stage.running) == set("abcdefgh")


def test_agents_are_started_for_as_long_as_some_are_there_at_last() -> None:
    """What could not be started long ago is forgotten once another could."""
    stage = Stage(cores=1)
    for _ in range(TRIES):
        stage.submit("a")
        stage.crew.hand_out()
        stage.crew.lose(stage.crew.members[0])
        stage.go_on()
        assert stage.crew.give_up() == []
        stage.crew.lose(stage.running.pop("a"))
        stage.go_on()
        stage.end("a")
        stage.crew.lose(stage.crew.members[0])


def test_a_step_is_told_once_no_machine_can_take_it_any_more() -> None:
    """The machine that could is gone while they wait."""
    stage = Stage()
    stage.crew.machines = [{"CPU": 2.0}, {"CPU": 2.0, "seat": 1.0}]
    stage.submit("a", "b", takes=Resources(custom={"seat": 1}))
    stage.crew.hand_out()
    missing = [stage.crew.find_missing()]
    stage.crew.machines = [{"CPU": 2.0}]
    missing.append(stage.crew.find_missing())

    assert missing == [{}, {"a": "seat 1 of 0", "b": "seat 1 of 0"}]
