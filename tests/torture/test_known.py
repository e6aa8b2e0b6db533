"""What is known without importing runs exactly what an import would run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.case import Case
from tests.torture.play import Runner, assert_ran, play, warm_processes
from tests.torture.test_torture import CASES

IMPORTED = [
    case for case in CASES if case.mode == "import" and all(b.mode in (None, "import") for b in case.builds)
]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """Processes with settings, as the command line has them."""
    with warm_processes("one_command.py") as warm:
        yield warm


@pytest.mark.slow
@pytest.mark.parametrize("case", IMPORTED, ids=lambda case: case.id)
def test_runs_the_same_without_importing(case: Case, tmp_path: Path, runner: Runner) -> None:
    """With what is known of earlier imports, each build runs what it must and nothing else."""
    for number, (build, got) in enumerate(play(case, tmp_path, runner), 1):
        assert_ran(case, number, build, got)


def test_an_unchanged_case_is_not_imported(tmp_path: Path, runner: Runner) -> None:
    """The cases above do go the way that imports nothing."""
    case = next(case for case in IMPORTED if case.id == "relative_imports")
    _, (_, again), *_ = play(case, tmp_path, runner)

    assert not again.ran
    assert not again.imported
