"""Hamilton's executors by name: each stands for one of ours, or makes the calls for elements of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dagbuild.driver.running import Calls, call_in_turn
from dagbuild.ground.override import override


class TaskExecutor:
    """Says where calls for elements are made: `kind` is "threads", "dask", "local" or "ray"; None is here, in turn.

    `jobs` is how many at once; None for as many as there are cores.
    """

    kind: str | None = None
    jobs: int | None = None
    options: Mapping[str, Any] = {}

    def spread(self, calls: Calls) -> Iterator[Callable[[], Any]]:
        """Begin calls, where builds of ours do not, and give what waits for each."""
        return call_in_turn(calls)


class SynchronousLocalTaskExecutor(TaskExecutor):
    """Here, one after the other."""


class _Pool(TaskExecutor):
    def __init__(self, max_tasks: int) -> None:
        if max_tasks < 1:
            raise ValueError(f"max_tasks is {max_tasks}: at least one call is made at a time")
        self.max_tasks = max_tasks
        self.jobs = max_tasks


class MultiThreadingExecutor(_Pool):
    """In threads of this process."""

    kind = "threads"

    @override
    def spread(self, calls: Calls) -> Iterator[Callable[[], Any]]:
        with ThreadPoolExecutor(self.jobs) as pool:
            for future in [pool.submit(call) for call in calls]:
                yield future.result


class MultiProcessingExecutor(_Pool):
    """In processes of our own, which start from what importing left; whole graphs, not only blocks, run so."""

    kind = "local"


class RayTaskExecutor(TaskExecutor):
    """On a Ray cluster."""

    kind = "ray"

    def __init__(
        self,
        num_cpus: int | None = None,
        ray_init_config: Mapping[str, Any] | None = None,
        skip_init: bool = False,
    ) -> None:
        cpus = {} if num_cpus is None else {"num_cpus": num_cpus}
        self.options = {} if skip_init else {**cpus, **(ray_init_config or {})}


class ExecutionManager:
    """Executors, of which the last one is for the calls for elements of blocks."""

    def __init__(self, executors: Sequence[TaskExecutor]) -> None:
        if not executors:
            raise ValueError("an execution manager has no executor")
        self.executors = list(executors)
        self.local_executor, self.remote_executor = executors[0], executors[-1]


class DefaultExecutionManager(ExecutionManager):
    """Elements of blocks in five threads, unless another executor is given."""

    def __init__(
        self, local_executor: TaskExecutor | None = None, remote_executor: TaskExecutor | None = None
    ) -> None:
        super().__init__(
            [
                local_executor or SynchronousLocalTaskExecutor(),
                remote_executor or MultiThreadingExecutor(max_tasks=5),
            ]
        )
