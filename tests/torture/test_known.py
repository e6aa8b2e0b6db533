"""What is known without importing runs exactly what an import would run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.case import Case
from tests.torture.play import HERE, Runner, assert_ran, play
from tests.torture.test_torture import CASES

IMPORTED = [
    case for case in CASES if case.mode == "import" and all(b.mode in (None, "import") for b in case.builds)
]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """Processes with settings, each forked from one that has imported dagbuild already."""
    server = subprocess.Popen(
        [sys.executable, str(HERE / "one_command.py"), "1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )  # fmt: skip

    def run(job: Path, env: dict[str, str], cwd: Path, output: Path) -> str:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps([str(job), env, str(cwd), str(output)]) + "\n")
        server.stdin.flush()
        return server.stdout.readline().strip()

    with server:
        yield run
        assert server.stdin is not None
        server.stdin.close()


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
