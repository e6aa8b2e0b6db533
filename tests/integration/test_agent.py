"""What an agent answers with, whatever its steps do: a real one, with processes, and no cluster."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.executors import import_paths, packing, parcels
from dagbuild.executors.agent import Agent, Order, Report
from dagbuild.executors.deaths import tell_end
from dagbuild.executors.elsewhere import ShippedCode
from dagbuild.executors.given import Given
from dagbuild.executors.state import Chance
from dagbuild.model.outcome import Done, Failure
from dagbuild.store import open_store
from dagbuild.testing.works import find_nodes, keep, limit
from tests.support import forget_modules, write_files

CODE = """
    import os
    import signal
    import threading
    import time

    if os.environ.get("STARTS_THREADS"):
        threading.Thread(target=threading.Event().wait, daemon=True, name="background").start()

    MANY = list(range(2000))

    def filling():
        MANY[0] = 1
        return 3

    class Fussy:
        def __reduce__(self):
            return rebuild, ()

    def rebuild():
        if MANY[0]:
            raise RuntimeError("a step was here")
        return Fussy()

    def reading():
        return len(MANY)

    def taking(fussy):
        return 4

    def quick():
        return 1

    def far():
        import agent_far
        return agent_far.FAR

    def late():
        print("at work", flush=True)
        while True:
            pass

    def waiting(flag):
        while not os.path.exists(flag):
            time.sleep(0.01)
        return 2

    def talking(flag):
        while not os.path.exists(flag):
            print("on and on", flush=True)
            time.sleep(0.001)
        return 2

    def killed():
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()

    def counting():
        return [thread.name for thread in threading.enumerate()].count("background")

"""


class Team:
    """An agent, and what makes parcels for it."""

    def __init__(self, folder: Path) -> None:
        write_files(folder, {"agent_steps.py": CODE})
        sys.path.insert(0, str(folder))
        self.steps: Any = importlib.import_module("agent_steps")
        nodes = find_nodes(self.steps)
        manifests = make_manifests(nodes, SourceReader([self.steps]), packages={})
        code = ShippedCode(folder, [self.steps], nodes, manifests)
        self.pickles = code.make_pickles()
        paths = import_paths.find_import_paths([self.steps])
        setup = parcels.dumps((code.make_setup(paths), functools.partial(open_store, folder / "cache")))
        variables = import_paths.make_environment(paths)
        self._given = Given(setup, parcels.dumps(Chance(())), variables)
        self.artifacts = Artifacts(open_store(folder / "cache"))
        self.start()

    def start(self) -> None:
        """Start an agent."""
        self.agent = Agent()
        self.agent.start(import_paths.describe_platform(), self._given)

    def run(self, *names: str, **held: Any) -> Report:
        """Have the steps run."""
        works = [
            keep(getattr(self.steps, name), held=held if name in {"waiting", "taking", "talking"} else {})
            for name in names
        ]
        works = [limit(work, timeout=0.2) if work.name == "late" else work for work in works]
        return self.agent.run(
            [Order(work.name, self.pickles.dumps(work), work.node.timeout) for work in works]
        )

    def run_all(self, *names: str, **held: Any) -> dict[str, object]:
        """Have the steps run to their ends, and return what each gave."""
        outcomes: dict[str, object] = {}
        while names:
            report = self.run(*names, **held)
            names = tuple(report.left)
            outcomes |= self.read(report)
            while report.running is not None:
                report = self.agent.go_on()
                outcomes |= self.read(report)
        return outcomes

    def read(self, report: Report) -> dict[str, object]:
        """Return what each step that has ended gave."""
        replies: dict[str, object] = {
            name: packing.unpack(reply, self.pickles.loads) for name, reply in report.replies
        }
        return replies | {
            name: tell_end(limit(keep(getattr(self.steps, name)), timeout=0.2), cut)
            for name, cut in report.cuts
        }


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    team = Team(tmp_path)
    yield team
    team.agent.close()
    team.artifacts.store.close()
    forget_modules(tmp_path)


def test_a_step_that_takes_long_holds_up_no_other(team: Team, tmp_path: Path) -> None:
    """What is behind it is given back, then and while it runs; it ends as it would have alone."""
    flag = tmp_path / "flag"
    first = team.run("waiting", "reading", flag=str(flag))
    meanwhile = team.run("filling")
    flag.touch()
    last = team.agent.go_on()

    assert (first.running, first.left, first.replies) == ("waiting", ["reading"], [])
    assert (meanwhile.running, meanwhile.left, meanwhile.replies) == ("waiting", ["filling"], [])
    assert (last.running, last.left) == (None, [])
    assert isinstance(team.read(last)["waiting"], Done)


def test_what_a_step_prints_is_told_while_it_runs(team: Team, tmp_path: Path) -> None:
    """Of a step that prints all the time, too, which holds up others no more than a silent one."""
    flag = tmp_path / "flag"
    first = team.run("talking", "reading", flag=str(flag))
    again = team.agent.go_on()
    flag.touch()
    last = team.agent.go_on()

    assert (first.running, first.left) == ("talking", ["reading"])
    assert (again.running, again.replies) == ("talking", [])
    assert last.running is None
    printed = [text for report in (first, again, last) for name, text in report.printed if name == "talking"]
    done = team.read(last)["talking"]
    assert isinstance(done, Done)
    assert done.record is not None
    assert "".join(printed) == done.record.log
    assert all(report.printed for report in (first, again))
    assert last.seconds > 0.9  # all three, so that it is not taken for a short one


def test_each_step_is_answered_for_when_all_processes_were_ended(team: Team) -> None:
    """That one has failed, and those behind it run in others."""
    outcomes = team.run_all("killed", "quick")

    died = outcomes["killed"]
    assert isinstance(died, Failure)
    assert died.kind == "WorkerDied"
    assert isinstance(outcomes["quick"], Done)


def test_what_steps_have_changed_is_not_taken_for_other_code(team: Team) -> None:
    """What cannot be had in a process after another step, its code or a value, is sought where none has run."""
    outcomes = team.run_all("filling", "reading", "taking", fussy=team.steps.Fussy())

    assert list(outcomes) == ["filling", "reading", "taking"]
    assert all(isinstance(outcome, Done) for outcome in outcomes.values()), outcomes


def test_where_importing_starts_threads_each_process_has_them(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy would not; so each imports by itself."""
    team.agent.close()
    monkeypatch.setenv("STARTS_THREADS", "1")
    team.start()

    done = team.run_all("counting")["counting"]

    assert isinstance(done, Done)
    assert done.record is not None
    assert team.artifacts.load(done.record.artifact) == 1


def test_what_lies_where_it_is_started_or_is_looked_for_last_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module is found where the driver finds it, whatever others there are that have its name."""
    hidden = {
        f"{name}.py": "raise SystemExit(name)" for name in ("agent_steps", "pickle", "dagbuild", "queue")
    }
    write_files(tmp_path / "here", hidden)
    write_files(tmp_path / "last", {**hidden, "agent_far.py": "FAR = 5"})
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "last")])
    team = Team(tmp_path / "project")
    try:
        outcomes = team.run_all("quick", "far")
    finally:
        team.agent.close()
        team.artifacts.store.close()
        forget_modules(tmp_path)

    assert [isinstance(outcome, Done) for outcome in outcomes.values()] == [True, True], outcomes


def test_a_step_that_takes_longer_than_it_may_costs_itself_alone(team: Team) -> None:
    """It is ended, what it printed is told, and those behind it run."""
    outcomes = team.run_all("quick", "late", "reading")

    overdue = outcomes["late"]
    assert isinstance(overdue, Failure)
    assert (overdue.kind, overdue.log) == ("TimeoutError", "at work\n")
    assert isinstance(outcomes["reading"], Done)
