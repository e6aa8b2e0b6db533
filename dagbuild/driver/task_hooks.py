"""What people subclass to be told of tasks: Hamilton's hooks by their names, called under dynamic execution.

Each is given plain words and values, by name, and more of them in later versions. Knows nothing of how tasks are run.
"""

from __future__ import annotations

import abc
from typing import Any

from dagbuild.driver.grouping import NodeGroupPurpose
from dagbuild.driver.moments import (
    BasePostTaskExecute,
    BasePostTaskExpand,
    BasePostTaskGroup,
    BasePostTaskReturn,
    BasePreTaskExecute,
    BasePreTaskSubmission,
)
from dagbuild.driver.nodes import HamiltonNode
from dagbuild.ground.override import override


class TaskSubmissionHook(BasePreTaskSubmission, abc.ABC):
    """Is told of each task before it is handed to an executor."""

    @override
    def pre_task_submission(self, **told: Any) -> None:
        self.run_before_task_submission(**told)

    @abc.abstractmethod
    def run_before_task_submission(
        self,
        *,
        run_id: str,
        task_id: str,
        nodes: list[HamiltonNode],
        inputs: dict[str, Any],
        overrides: dict[str, Any],
        spawning_task_id: str | None,
        purpose: NodeGroupPurpose,
        **future_kwargs: Any,
    ) -> None:
        """Look at what the task takes."""


class TaskReturnHook(BasePostTaskReturn, abc.ABC):
    """Is told of each task that has come back from an executor."""

    @override
    def post_task_return(self, **told: Any) -> None:
        self.run_after_task_return(**told)

    @abc.abstractmethod
    def run_after_task_return(
        self,
        *,
        run_id: str,
        task_id: str,
        nodes: list[HamiltonNode],
        result: Any,
        success: bool,
        error: Exception | None,
        spawning_task_id: str | None,
        purpose: NodeGroupPurpose,
        **future_kwargs: Any,
    ) -> None:
        """Look at what the task has made for others."""


class TaskExecutionHook(BasePreTaskExecute, BasePostTaskExecute, abc.ABC):
    """Is told of each task where it runs, before and after."""

    @override
    def pre_task_execute(self, **told: Any) -> None:
        self.run_before_task_execution(**told)

    @override
    def post_task_execute(self, **told: Any) -> None:
        self.run_after_task_execution(**told)

    @abc.abstractmethod
    def run_before_task_execution(
        self,
        *,
        task_id: str,
        run_id: str,
        nodes: list[HamiltonNode],
        inputs: dict[str, Any],
        overrides: dict[str, Any],
        spawning_task_id: str | None,
        purpose: NodeGroupPurpose,
        **future_kwargs: Any,
    ) -> None:
        """Look at what the task takes."""

    @abc.abstractmethod
    def run_after_task_execution(
        self,
        *,
        task_id: str,
        run_id: str,
        nodes: list[HamiltonNode],
        results: dict[str, Any] | None,
        success: bool,
        error: Exception | None,
        spawning_task_id: str | None,
        purpose: NodeGroupPurpose,
        **future_kwargs: Any,
    ) -> None:
        """Look at what the task took and made."""


class TaskGroupingHook(BasePostTaskGroup, BasePostTaskExpand, abc.ABC):
    """Is told which tasks there will be, and of the elements that some are made for."""

    @override
    def post_task_group(self, **told: Any) -> None:
        self.run_after_task_grouping(**told)

    @override
    def post_task_expand(self, **told: Any) -> None:
        self.run_after_task_expansion(**told)

    @abc.abstractmethod
    def run_after_task_grouping(self, *, run_id: str, task_ids: list[str], **future_kwargs: Any) -> None:
        """Look at the names of the tasks."""

    @abc.abstractmethod
    def run_after_task_expansion(
        self, *, run_id: str, task_id: str, parameters: dict[str, Any], **future_kwargs: Any
    ) -> None:
        """Look at the elements, each under its number."""
