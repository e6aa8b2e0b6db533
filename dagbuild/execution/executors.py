"""Hamilton's address of executors."""

from dagbuild.driver.task_executors import (
    DefaultExecutionManager,
    ExecutionManager,
    MultiProcessingExecutor,
    MultiThreadingExecutor,
    SynchronousLocalTaskExecutor,
    TaskExecutor,
)

__all__ = [
    "DefaultExecutionManager",
    "ExecutionManager",
    "MultiProcessingExecutor",
    "MultiThreadingExecutor",
    "SynchronousLocalTaskExecutor",
    "TaskExecutor",
]
