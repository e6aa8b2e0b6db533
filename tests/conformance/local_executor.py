"""Our executor of processes keeps what every executor promises; run by `test_executors.py` in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.code.closure import SourceReader
from dagbuild.executors.base import Executor
from dagbuild.executors.forked import Forked
from dagbuild.executors.local import LocalExecutor
from dagbuild.executors.packing import SharedPickles
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.observe.places import PathNames
from dagbuild.observe.project_code import ProjectCode
from dagbuild.store import FileDigests
from dagbuild.store.base import Store
from dagbuild.testing import ExecutorContract
from dagbuild.testing.executors import find_nodes


class TestLocalExecutor(ExecutorContract):
    @pytest.fixture
    def executor(self, worker: Worker, store: Store, steps: ModuleType, tmp_path: Path) -> Iterator[Executor]:
        def make_worker(store: Store, capture: Callable[[], Capturing]) -> Worker:
            files = FileDigests()
            code = ProjectCode(lambda: SourceReader([steps]), PathNames(tmp_path), files, observing=True)
            return Worker(Artifacts(store), code, files, None, marked=False, capture=capture)

        told: list[str] = []
        forked = Forked(tmp_path / "cache", "build", SharedPickles(find_nodes(steps)), make_worker)
        executor = LocalExecutor(worker, store, forked, jobs=2, on_notice=told.append)
        yield executor
        executor.close()
        assert not told
