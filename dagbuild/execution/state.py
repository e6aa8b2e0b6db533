"""Hamilton's address of how far tasks are."""

from dagbuild.driver.task_executors import TaskState

GraphState = TaskState

__all__ = ["GraphState", "TaskState"]
