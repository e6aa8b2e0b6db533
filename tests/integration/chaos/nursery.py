"""Builders as processes that are forked, waited for and killed, seen from the test."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integration.chaos.project import ChaosProject

ROOT = Path(__file__).parents[3]
KILLED = -signal.SIGKILL


class Child:
    """A process that was started."""

    def __init__(self, nursery: Nursery, pid: int, outcome: Path) -> None:
        self.pid = pid
        self._nursery = nursery
        self._outcome = outcome
        self.calls = 0
        self.sites: list[str] = []

    def kill(self) -> None:
        """Kill it, if it still lives; it is not reaped before `wait`, so its number is still its own."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Any:
        """Return what it found, or None when it was killed; fails when it failed."""
        status = self._nursery.ask({"wait": self.pid})["status"]
        if status == KILLED:
            return None
        assert status == 0, f"the builder ended with status {status}"
        outcome = json.loads(self._outcome.read_text())
        assert "error" not in outcome, outcome["error"]
        self.calls, self.sites = outcome["calls"], outcome["sites"]
        return outcome["result"]


class Nursery:
    """Starts builders; close it when done."""

    def __init__(self) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("DAGBUILD_")}
        self._numbers = itertools.count()
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.chaos.zygote"],
            cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give an order and return its answer."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(order) + "\n")
        self._zygote.stdin.flush()
        answer: dict[str, Any] = json.loads(self._zygote.stdout.readline())
        return answer

    def start(
        self,
        project: ChaosProject,
        action: str,
        *,
        moment: int | None = None,
        error: str = "",
        site: str = "",
        **options: Any,
    ) -> Child:
        """Start an action in a new process; see `faults.install` for `moment`, `error` and `site`."""
        outcome = project.root / f"outcome{next(self._numbers)}.json"
        order = {
            "do": action,
            "folder": str(project.folder),
            "ran": str(project.ran_file),
            "outcome": str(outcome),
            "options": options,
            "fault": None if moment is None else {"moment": moment, "error": error, "site": site},
        }
        return Child(self, self.ask(order)["pid"], outcome)

    def run(self, project: ChaosProject, action: str, **options: Any) -> dict[str, Any]:
        """Do an action in a new process and return what it found."""
        result: dict[str, Any] | None = self.start(project, action, **options).wait()
        assert result is not None, "the builder was killed"
        return result

    def close(self) -> None:
        """Let the process end."""
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        self._zygote.wait(timeout=30)


class Moment(NamedTuple):
    """The n-th time, counted from 1, that a process passes a site."""

    site: str
    moment: int


def choose_moments(sites: Sequence[str], *, thorough: bool) -> list[Moment]:
    """Return the moments to try of a process that passes these sites: each one, or one of each site.

    Of sites that come again, in turns the first, one in the middle, and the last. A few need not come in another
    process: what was written long enough ago is not looked at again.
    """
    times = Counter(sites)
    if thorough:
        return [Moment(site, number + 1) for site, count in times.items() for number in range(count)]
    return [
        Moment(site, (1, count // 2 + 1, count)[number % 3])
        for number, (site, count) in enumerate(times.items())
    ]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One process that forks all builders of a test file."""
    opened = Nursery()
    yield opened
    opened.close()


@pytest.fixture
def project(tmp_path: Path) -> ChaosProject:
    """A project that was never built."""
    return ChaosProject(tmp_path)
