"""Our executor of processes keeps what every executor promises; run by `test_executors.py` in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.executors.base import Executor
from dagbuild.executors.elsewhere import ShippedCode
from dagbuild.executors.forked import Forked
from dagbuild.executors.local import LocalExecutor
from dagbuild.executors.packing import SharedPickles
from dagbuild.executors.spawned import Spawned
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.observe.places import PathNames
from dagbuild.observe.project_code import ProjectCode
from dagbuild.store import FileDigests
from dagbuild.store.base import Store
from dagbuild.testing import ExecutorContract
from dagbuild.testing.works import find_nodes


class TestForked(ExecutorContract):
    @pytest.fixture
    def executor(self, worker: Worker, store: Store, steps: ModuleType, tmp_path: Path) -> Iterator[Executor]:
        told: list[str] = []
        executor = open_local(worker, store, steps, tmp_path, told)
        yield executor
        executor.close()
        assert not told


class TestSpawned(ExecutorContract):
    """Where a thread runs that a copy of the process would not have."""

    @pytest.fixture
    def executor(self, worker: Worker, store: Store, steps: ModuleType, tmp_path: Path) -> Iterator[Executor]:
        told: list[str] = []
        ended = threading.Event()
        thread = threading.Thread(target=ended.wait, name="background")
        thread.start()
        executor = open_local(worker, store, steps, tmp_path, told)
        yield executor
        executor.close()
        ended.set()
        thread.join()
        why = "because the thread 'background' runs here, which no copy of the process has"
        assert set(told) <= {
            f"steps run in processes that import the project by themselves, or in this one where only it has their code, {why}"
        }


def open_local(worker: Worker, store: Store, steps: ModuleType, folder: Path, told: list[str]) -> Executor:
    """Return the executor; what it has to say goes to `told`."""

    def make_worker(store: Store, capture: Callable[[], Capturing]) -> Worker:
        files = FileDigests()
        code = ProjectCode(lambda: SourceReader([steps]), PathNames(folder), files, observing=True)
        return Worker(Artifacts(store), code, files, None, marked=False, capture=capture)

    nodes, cache = find_nodes(steps), folder / "cache"
    code = ShippedCode(folder, [steps], nodes, make_manifests(nodes, SourceReader([steps]), packages={}))
    forked = Forked(cache, "build", SharedPickles(nodes), make_worker)
    return LocalExecutor(
        worker,
        store,
        forked,
        spawn=lambda: Spawned(code, cache, "build"),
        jobs=2,
        on_notice=told.append,
    )
