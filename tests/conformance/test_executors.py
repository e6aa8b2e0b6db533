"""Our executors keep what every executor promises."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.executors.base import Executor
from dagbuild.executors.inline import InlineExecutor
from dagbuild.executors.worker import Worker
from dagbuild.store import open_store
from dagbuild.testing import ExecutorContract
from dagbuild.testing.works import find_nodes


class TestInlineExecutor(ExecutorContract):
    separate = False

    @pytest.fixture
    def executor(self, worker: Worker) -> Iterator[Executor]:
        executor = InlineExecutor(worker)
        yield executor
        executor.close()


def test_local_executor_in_a_process_that_can_be_copied() -> None:
    """The suite in `local_executor.py`: what other tests have imported may have started threads."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", Path(__file__).with_name("local_executor.py")],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


@pytest.mark.xdist_group("ray")
class TestRayExecutor(ExecutorContract):
    @pytest.fixture
    def executor(
        self, local_ray: None, steps: ModuleType, worker: Worker, tmp_path: Path
    ) -> Iterator[Executor]:
        from dagbuild.executors.elsewhere import ShippedCode
        from dagbuild.executors.ray import RayExecutor

        nodes = find_nodes(steps)
        manifests = make_manifests(nodes, SourceReader([steps]), packages={})
        code = ShippedCode(tmp_path, [steps], nodes, manifests)
        executor = RayExecutor(functools.partial(open_store, tmp_path / "cache"), code, worker)
        yield executor
        executor.close()
