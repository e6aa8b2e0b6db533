"""Hamilton's address of executors."""

from dagbuild.driver.task_executors import (
    DefaultExecutionManager,
    ExecutionManager,
    MultiProcessingExecutor,
    MultiThreadingExecutor,
    PoolExecutor,
    SynchronousLocalTaskExecutor,
    TaskExecutor,
    TaskFuture,
    TaskFutureWrappingFunction,
    TaskFutureWrappingPythonFuture,
    base_execute_task,
)

__all__ = [
    "DefaultExecutionManager",
    "ExecutionManager",
    "MultiProcessingExecutor",
    "MultiThreadingExecutor",
    "PoolExecutor",
    "SynchronousLocalTaskExecutor",
    "TaskExecutor",
    "TaskFuture",
    "TaskFutureWrappingFunction",
    "TaskFutureWrappingPythonFuture",
    "base_execute_task",
]
