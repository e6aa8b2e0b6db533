"""Which agents steps go to, and what a cluster has of what they take."""

from __future__ import annotations

from dagbuild.executors.agent_kinds import PLAIN, Kind, is_too_much
from dagbuild.model.node import Resources

MACHINES = [{"CPU": 2.0, "memory": 1e9}, {"CPU": 4.0, "GPU": 1.0, "memory": 1e9}]


def test_steps_that_take_the_same_go_to_the_same_agents() -> None:
    """However it was said; one core is what the others take, too."""
    first = Kind.of(Resources(2, custom={"a": 1, "b": 2}))

    assert first == Kind.of(Resources(2.0, custom={"b": 2, "a": 1}))
    assert Kind.of(Resources(cpus=1)) == PLAIN
    assert first != PLAIN


def test_of_more_than_one_only_whole_ones_are_asked_for() -> None:
    """Ray refuses others."""
    assert Kind.of(Resources(1.5, gpus=0.5, memory=7)).wants == {"CPU": 2, "GPU": 0.5, "memory": 7}


def test_what_no_machine_has_is_told() -> None:
    """Also where several have it together, and where each thing is there, on machines apart."""
    takes = [Resources(4, 1), Resources(5), Resources(1, 2), Resources(4, 1, 2_000_000_000)]
    told = [Kind.of(each).tell_missing(MACHINES) for each in takes]
    apart = Kind.of(Resources(4, custom={"tape": 1})).tell_missing([*MACHINES, {"CPU": 1, "tape": 1}])

    assert told == ["", "CPU 5 of 4", "GPU 2 of 1", "memory 2e+09 of 1e+09"]
    assert apart == "CPU 4 and tape 1"


def test_what_is_too_much_together() -> None:
    """Parts add up without dust."""
    tenth = Kind.of(Resources(0.1))

    assert not is_too_much([tenth] * 60, MACHINES)
    assert is_too_much([tenth] * 61, MACHINES)
    assert is_too_much([Kind.of(Resources(1, gpus=1))] * 2, MACHINES)
