"""What every executor promises of steps that may be tried again or take no longer than a time, and of lost processes.

Knows no executor. Part of the suite of all that they promise.
"""

from __future__ import annotations

import dataclasses
import fcntl
import time
from pathlib import Path
from types import ModuleType
from typing import IO, ClassVar

import pytest

from dagbuild.executors.base import Executor
from dagbuild.ground import units
from dagbuild.model.node import Retry
from dagbuild.model.outcome import Done, Failure, Outcome
from dagbuild.testing.works import keep, limit, run


class LimitsContract:
    """What an executor promises where a call does not simply run to its end.

    `separate` says that steps run in other processes than the build's, which can be ended.
    """

    separate: ClassVar[bool] = True

    def test_says_whether_the_retry_of_a_node_is_for_its_failure(
        self, executor: Executor, steps: ModuleType
    ) -> None:
        """By the exception's class, also of one that cannot travel; never an end of the program, or what we refuse."""
        retries = {
            "reset": Retry(2, (KeyError, OSError)),
            "locked": Retry(2),
            "two_words": Retry(2, (KeyError, OSError)),
            "leaving": Retry(2),
            "lock": Retry(2),
            "chained": None,
        }

        outcomes = run(
            executor, *(limit(keep(getattr(steps, name)), retry=retry) for name, retry in retries.items())
        )

        passing = {name for name, end in outcomes.items() if isinstance(end, Failure) and end.passing}
        assert {type(outcome) for outcome in outcomes.values()} == {Failure}
        assert passing == {"reset", "locked"}

    def test_another_try_finds_nothing_that_the_first_has_left(
        self, executor: Executor, steps: ModuleType
    ) -> None:
        """Where steps run in processes of their own, it has a new one."""
        self._needs_processes()
        work = limit(keep(steps.leaves_traces), retry=Retry(2))

        run(executor, work)
        failure = run(executor, dataclasses.replace(work, attempt=2))["leaves_traces"]

        assert isinstance(failure, Failure)
        assert failure.message == "try 1 of this process"

    def test_a_step_whose_process_is_gone_has_failed(self, executor: Executor, steps: ModuleType) -> None:
        """The failure names the node; a retry that names no exceptions is for it."""
        self._needs_processes()

        passing = {}
        for retry in (Retry(2), Retry(2, (OSError,))):
            failure = run(executor, limit(keep(steps.killed), retry=retry))["killed"]
            assert isinstance(failure, Failure)
            assert failure.kind == "WorkerDied"
            assert "'killed'" in failure.message
            passing[retry.on] = failure.passing

        assert passing == {(): True, (OSError,): False}

    def test_a_step_that_takes_too_long_is_ended_with_what_it_has_started(
        self, executor: Executor, steps: ModuleType, tmp_path: Path
    ) -> None:
        """It has failed with a TimeoutError that says where it stands; the executor goes on."""
        self._needs_processes()
        begun = tmp_path / "begun"
        work = limit(keep(steps.endless, held={"path": begun}), retry=Retry(2, (TimeoutError,)))
        # On a slow machine the first may be too short to begin anything.
        for seconds in (0.5, 2.0, 8.0, 32.0):
            failure = run(executor, limit(work, timeout=seconds))["endless"]
            if begun.exists():
                break

        assert isinstance(failure, Failure)
        assert failure.kind == "TimeoutError"
        where = str(work.node.where)
        assert failure.message == f"took longer than its @timeout of {units.seconds(seconds)} ({where})"
        assert failure.passing
        with begun.with_suffix(".lock").open("w") as lock:
            _await_lock(lock)
        assert isinstance(run(executor, limit(keep(steps.one), timeout=60.0))["one"], Done)

    def test_waits_no_longer_than_it_is_told(
        self, executor: Executor, steps: ModuleType, tmp_path: Path
    ) -> None:
        """The build has something else to do then; the step goes on."""
        self._needs_processes()
        path = tmp_path / "go"
        executor.submit(keep(steps.waits_for, held={"path": path}))

        before = executor.wait(0.01)
        path.touch()
        outcomes: dict[str, Outcome] = {}
        while not outcomes:
            outcomes.update(executor.wait(60.0))

        assert before == []
        assert isinstance(outcomes["waits_for"], Done)

    def _needs_processes(self) -> None:
        if not self.separate:
            pytest.skip("steps run in this process")


def _await_lock(file: IO[str]) -> None:
    """Take a lock as soon as nobody else holds it."""
    deadline = time.monotonic() + 60
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            assert time.monotonic() < deadline, "a process goes on that the step has started"
            time.sleep(0.01)
        else:
            return
