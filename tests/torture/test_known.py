"""What people type runs exactly what it must: the command that runs it, those after it, `status`, and a Driver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.case import Build, Case
from tests.torture.one_build import evaluate
from tests.torture.one_command import say
from tests.torture.play import Runner, assert_ran, play, warm_processes
from tests.torture.test_torture import CASES, choose


def can_be_said(case: Case) -> bool:
    """Whether each build can be asked for on the command line of a project, with dagbuild.toml."""
    builds: list[Case | Build] = [case, *case.all_builds()]
    if any(build.overrides or build.mode not in (None, "import") for build in builds):
        return False
    try:
        for build in builds:
            say(dict(build.config or {}))
            say(evaluate(dict(build.inputs or {})))
    except ValueError:
        return False
    return True


SAID = [case for case in CASES if can_be_said(case)]
SHARE = "1/3"
"""Of these, what is played without --thorough: cases of each area, all of which are played by the Driver."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = choose(SAID, "1/1" if metafunc.config.getoption("--thorough") else SHARE)
        metafunc.parametrize("case", cases, ids=lambda case: case.id)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """Processes in which the command line runs."""
    with warm_processes("one_command.py") as warm:
        yield warm


@pytest.mark.slow
def test_commands_run_what_they_must_and_then_nothing(case: Case, tmp_path: Path, runner: Runner) -> None:
    """The first command after an edit runs what it must; no other, nor a Driver, runs anything or says it would."""
    for number, (build, got) in enumerate(play(case, tmp_path, runner), 1):
        told = assert_ran(case, number, build, got)
        assert not any(got.again.values()), f"again: {got.again}; {told}"
        if build.check_value and not build.fail:
            assert got.values == (got.clean if build.value is None else build.value), f"stale value; {told}"
            assert "stale" not in got.status, f"{got.status}; {told}"


def test_an_unchanged_case_is_not_imported(tmp_path: Path, runner: Runner) -> None:
    """The last of the commands does go the way that imports nothing."""
    case = next(case for case in SAID if case.id == "relative_imports")
    _, (_, again), *_ = play(case, tmp_path, runner)

    assert not again.ran
    assert not again.imported
