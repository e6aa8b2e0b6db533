"""Every edit re-runs exactly the functions whose value it can change."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.torture.case import Case
from tests.torture.play import Runner, assert_ran, play, run_process, warm_processes

AREAS = sorted(path.stem for path in Path(__file__).parent.glob("cases_*.py"))
CASES: list[Case] = [
    case for area in AREAS for case in importlib.import_module(f"tests.torture.{area}").CASES
]


def choose(cases: Sequence[Case], share: str) -> Sequence[Case]:
    """Return the cases of a share, M/N: every N-th from the M-th on."""
    first, step = map(int, share.split("/"))
    return cases[first - 1 :: step]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = choose(CASES, metafunc.config.getoption("--share"))
        metafunc.parametrize("case", cases, ids=lambda case: case.id)


def test_cases_have_names_of_their_own() -> None:
    """A case that hides another would never be missed."""
    names = [case.id for case in CASES]

    assert len(set(names)) == len(names)


FRESH = [next(case for case in importlib.import_module(f"tests.torture.{area}").CASES) for area in AREAS]


@pytest.fixture(scope="module")
def warm() -> Iterator[Runner]:
    """Processes as a user's scripts are, forked after their imports."""
    with warm_processes("one_build.py") as opened:
        yield opened


def test_runs_exactly_what_the_edit_concerns(case: Case, tmp_path: Path, warm: Runner) -> None:
    """Each build runs what it must, nothing else, and gives what a build from nothing gives."""
    check(case, tmp_path, warm)


@pytest.mark.parametrize("fresh", FRESH, ids=lambda case: case.id)
def test_a_process_that_has_just_started_does_the_same(fresh: Case, tmp_path: Path) -> None:
    """A case of each area, with nothing imported before."""
    check(fresh, tmp_path, run_process)


def check(case: Case, folder: Path, runner: Runner) -> None:
    """Play a case and hold each build against what it must do."""
    for number, (build, got) in enumerate(play(case, folder, runner), 1):
        told = assert_ran(case, number, build, got)
        if build.check_value and not build.fail:
            assert got.values == (got.clean if build.value is None else build.value), f"stale value; {told}"
