"""Hamilton's executors by name, and the managers that choose among them; who writes one of their own subclasses here.

An executor takes tasks, and gives futures of what they return. Those for whole graphs stand for builds of ours, and
take none. Knows nothing of nodes.
"""

from __future__ import annotations

import abc
import enum
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from dagbuild.ground.errors import UserError
from dagbuild.ground.override import override


class TaskState(enum.Enum):
    """How far a task is."""

    QUEUED = "queued"
    UNINITIALIZED = "uninitialized"
    INITIALIZED = "initialized"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"

    @staticmethod
    def is_terminal(task_state: TaskState) -> bool:
        """Tell whether it has ended."""
        return task_state in (TaskState.SUCCESSFUL, TaskState.FAILED)


class TaskFuture(Protocol):
    """What will come of a task that an executor has taken."""

    def get_state(self) -> TaskState:
        """Return how far it is, without waiting."""
        ...

    def get_result(self) -> Any:
        """Return what it returned, or raise what it raised, once it has ended."""
        ...


class TaskFutureWrappingFunction:
    """Calls a function when its state is first asked for."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self._future: Future[Any] = Future()

    def get_state(self) -> TaskState:
        """Return how it ended."""
        if not self._future.done():
            try:
                self._future.set_result(self.function())
            except Exception as error:
                self._future.set_exception(error)
        return TaskState.FAILED if self._future.exception() else TaskState.SUCCESSFUL

    def get_result(self) -> Any:
        """Return what it returned; raises what it raised."""
        self.get_state()
        return self._future.result()


class TaskFutureWrappingPythonFuture:
    """Asks a future of `concurrent.futures`, or one that is like it."""

    def __init__(self, future: Any) -> None:
        self.future = future

    def get_state(self) -> TaskState:
        """Return how far it is."""
        if not self.future.done():
            return TaskState.RUNNING
        return TaskState.FAILED if self.future.exception() else TaskState.SUCCESSFUL

    def get_result(self) -> Any:
        """Return what it returned, None as long as it runs; raises what it raised."""
        return self.future.result() if self.future.done() else None


def base_execute_task(task: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a task, wherever this is called; returns its values by name."""
    return task()


class TaskExecutor(abc.ABC):
    """Runs tasks. `kind` says which executor of ours it stands for: "own" is none, and None is to call them here.

    `jobs` is how many at once; None for as many as there are cores.
    """

    kind: str | None = "own"
    jobs: int | None = None
    options: Mapping[str, Any] = {}

    @abc.abstractmethod
    def init(self) -> None:
        """Open what it needs, before a run."""

    @abc.abstractmethod
    def finalize(self) -> None:
        """Close it, after a run, whatever came of that."""

    @abc.abstractmethod
    def submit_task(self, task: Any) -> TaskFuture:
        """Take a task, which is called without arguments, or given to `base_execute_task`."""

    @abc.abstractmethod
    def can_submit_task(self) -> bool:
        """Tell whether it takes another one now."""


class ReadyExecutor(TaskExecutor):
    """Has nothing to open, and takes each task at once."""

    @override
    def init(self) -> None:
        pass

    @override
    def finalize(self) -> None:
        pass

    @override
    def can_submit_task(self) -> bool:
        return True


class SynchronousLocalTaskExecutor(ReadyExecutor):
    """Here, one after the other."""

    kind = None

    @override
    def submit_task(self, task: Any) -> TaskFuture:
        return TaskFutureWrappingFunction(partial(base_execute_task, task))


_opening = threading.Lock()


class PoolExecutor(TaskExecutor, abc.ABC):
    """In a pool, at most `max_tasks` at once. Runs that are under way at the same time share it."""

    def __init__(self, max_tasks: int) -> None:
        if max_tasks < 1:
            raise ValueError(f"max_tasks is {max_tasks}: at least one call is made at a time")
        self.max_tasks = max_tasks
        self.jobs = max_tasks
        self.pool: Executor | None = None
        self.active_futures: list[Future[Any]] = []
        self._runs = 0

    @abc.abstractmethod
    def create_pool(self) -> Executor:
        """Return the pool."""

    @override
    def init(self) -> None:
        with _opening:
            self._runs += 1
            self.pool = self.pool or self.create_pool()

    @override
    def finalize(self) -> None:
        with _opening:
            self._runs -= 1
            pool = self.pool
            if self._runs or pool is None:
                return
            self.pool, self.active_futures = None, []
        pool.shutdown()

    @override
    def submit_task(self, task: Any) -> TaskFuture:
        assert self.pool is not None
        future = self.pool.submit(base_execute_task, task)
        self.active_futures.append(future)
        return TaskFutureWrappingPythonFuture(future)

    @override
    def can_submit_task(self) -> bool:
        self.active_futures = [future for future in self.active_futures if not future.done()]
        return len(self.active_futures) < self.max_tasks


class MultiThreadingExecutor(PoolExecutor):
    """In threads of this process."""

    kind = "threads"

    @override
    def create_pool(self) -> Executor:
        return ThreadPoolExecutor(self.max_tasks)


class _Builds(ReadyExecutor):
    """For whole graphs, which builds of ours run: no task is handed to it."""

    @override
    def submit_task(self, task: Any) -> TaskFuture:
        raise UserError(
            f"{type(self).__name__} runs whole graphs, and takes no single tasks",
            hint="give it with with_remote_executor, and no manager that chooses for each task",
        )


class MultiProcessingExecutor(_Builds):
    """In processes of our own, which start from what importing left; whole graphs, not only blocks, run so."""

    kind = "local"

    def __init__(self, max_tasks: int) -> None:
        if max_tasks < 1:
            raise ValueError(f"max_tasks is {max_tasks}: at least one call is made at a time")
        self.max_tasks = self.jobs = max_tasks


class RayTaskExecutor(_Builds):
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
    """Executors, and which of them a task is for: the last for the elements of blocks, the first for all else.

    One's own says so in `get_executor_for_task`.
    """

    def __init__(self, executors: Sequence[TaskExecutor]) -> None:
        if not executors:
            raise ValueError("an execution manager has no executor")
        self.executors = list(executors)
        self.local_executor, self.remote_executor = executors[0], executors[-1]

    def init(self) -> None:
        """Open all of them."""
        for executor in self.executors:
            executor.init()

    def finalize(self) -> None:
        """Close all of them."""
        for executor in self.executors:
            executor.finalize()

    def get_executor_for_task(self, task: Any) -> TaskExecutor:
        """Return the executor for a task, which has Hamilton's members: `nodes`, `purpose`, `task_id`..."""
        return self.local_executor if task.spawning_task_id is None else self.remote_executor

    @property
    def chooses(self) -> bool:
        """Whether it is one's own, which chooses for each task."""
        return type(self).get_executor_for_task is not ExecutionManager.get_executor_for_task


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
