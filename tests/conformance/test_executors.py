"""Our executors keep what every executor promises."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.executors.base import Executor
from dagbuild.executors.local import LocalExecutor
from dagbuild.executors.worker import Worker
from dagbuild.store import open_store
from dagbuild.testing import ExecutorContract
from dagbuild.testing.executors import find_nodes


class TestLocalExecutor(ExecutorContract):
    @pytest.fixture
    def executor(self, worker: Worker) -> Iterator[Executor]:
        executor = LocalExecutor(worker)
        yield executor
        executor.close()


@pytest.mark.xdist_group("ray")
class TestRayExecutor(ExecutorContract):
    @pytest.fixture
    def executor(
        self, local_ray: None, steps: ModuleType, worker: Worker, tmp_path: Path
    ) -> Iterator[Executor]:
        from dagbuild.executors.ray import RayExecutor, ShippedCode

        nodes = find_nodes(steps)
        manifests = make_manifests(nodes, SourceReader([steps]), packages={})
        code = ShippedCode(tmp_path, [steps], nodes, manifests)
        executor = RayExecutor(functools.partial(open_store, tmp_path / "cache"), code, worker)
        yield executor
        executor.close()
