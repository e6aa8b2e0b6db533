"""Log lines of runs, tasks and nodes, each beginning with where it belongs: Hamilton's adapters and loggers.

Where a line belongs is kept in a variable of the context, so that threads and coroutines do not mix theirs up. Knows
nothing of how nodes are run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from dagbuild.driver.hooks import GraphExecutionHook, NodeExecutionHook
from dagbuild.driver.moments import BasePostNodeExecute, BasePreNodeExecute
from dagbuild.driver.nodes import HamiltonNode
from dagbuild.driver.task_hooks import TaskExecutionHook, TaskGroupingHook, TaskReturnHook, TaskSubmissionHook
from dagbuild.ground.override import override


@dataclass(frozen=True)
class Place:
    """Where a line belongs: the run, its task, its node."""

    graph: str | None = None
    task: str | None = None
    node: str | None = None

    def tell(self, *, with_node: bool) -> str:
        """Return what a line begins with: of a task's node the task alone, unless it is to be `with_node`."""
        if self.task:
            node = f"Node '{self.node}' - " if self.node and with_node else ""
            return f"Task '{self.task}' - {node}"
        if self.node:
            return f"Node '{self.node}' - "
        return f"Graph run '{self.graph}' - " if self.graph else ""


_here: ContextVar[Place] = ContextVar("place", default=Place())  # noqa: B039 - it is frozen


class ContextLogger(logging.LoggerAdapter[logging.Logger]):
    """Begins each line with the run, the task or the node that it is written in, while a LoggingAdapter is told of it.

    With `extra={"skip_context": ...}` it begins with nothing, with `extra={"node_context": ...}` a task's line with the
    node as well.
    """

    @override
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        extra = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        kwargs["extra"] = extra
        if "skip_context" in extra:
            return msg, kwargs
        said = extra.get("override_context")
        place = said if isinstance(said, Place) else _here.get()
        return f"{place.tell(with_node='node_context' in extra)}{msg}", kwargs


def get_logger(name: str | None = None) -> ContextLogger:
    """Return a logger of this name that tells where it is used; the root's without one."""
    return ContextLogger(logging.getLogger(name), extra={})


class LoggingAdapter(
    GraphExecutionHook,
    NodeExecutionHook,
    TaskGroupingHook,
    TaskSubmissionHook,
    TaskExecutionHook,
    TaskReturnHook,
):
    """Logs when runs, tasks and nodes begin and end.

    What ends is told as `info`: tasks where there are some, else nodes; all else as `debug`, what fails as `error`.
    """

    def __init__(self, logger: str | logging.Logger | ContextLogger | None = None) -> None:
        if logger is None or isinstance(logger, str):
            logger = logging.getLogger(logger or "dagbuild.plugins.h_logging")
        self.logger = logger if isinstance(logger, ContextLogger) else ContextLogger(logger, extra={})
        self._given: set[str] = set()
        self._told_of_error = False

    @override
    def run_before_graph_execution(
        self,
        *,
        inputs: Mapping[str, Any] | None,
        overrides: Mapping[str, Any] | None,
        run_id: str,
        **future_kwargs: Any,
    ) -> None:
        _here.set(Place(run_id))
        self._given = {*(inputs or ()), *(overrides or ())}
        self._told_of_error = False
        self.logger.info("the graph begins to run")
        for what, names in (("inputs", inputs), ("overrides", overrides)):
            if names:
                self.logger.info("with the %s %s", what, _list(names))

    @override
    def run_after_graph_execution(self, *, success: bool, run_id: str, **future_kwargs: Any) -> None:
        _here.set(Place())
        extra = {"override_context": Place(run_id)}
        if success:
            self.logger.info("the graph has run [OK]", extra=extra)
        else:
            self.logger.error("the graph has failed", extra=extra)

    # -- tasks ---------------------------------------------------------------------------------------------------

    @override
    def run_after_task_grouping(self, **future_kwargs: Any) -> None:
        self.logger.info("nodes run in tasks, of which each is told")

    @override
    def run_after_task_expansion(self, **future_kwargs: Any) -> None:
        """Say nothing: each element's task is told of."""

    @override
    def run_before_task_submission(
        self, *, run_id: str, task_id: str, spawning_task_id: str | None, **future_kwargs: Any
    ) -> None:
        _here.set(Place(run_id, task_id))
        self.logger.debug("goes to an executor%s", f", of '{spawning_task_id}'" if spawning_task_id else "")

    @override
    def run_before_task_execution(
        self, *, task_id: str, run_id: str, nodes: list[HamiltonNode], **future_kwargs: Any
    ) -> None:
        _here.set(Place(run_id, task_id))
        if task_id not in self._given:
            alone = [node.name for node in nodes] == [task_id]
            self.logger.debug("begins%s", "" if alone else f", with {_list(node.name for node in nodes)}")

    @override
    def run_after_task_execution(
        self, *, task_id: str, run_id: str, success: bool, error: Exception | None, **future_kwargs: Any
    ) -> None:
        _here.set(Place(run_id))
        if task_id in self._given:
            return
        extra = {"override_context": Place(run_id, task_id)}
        if success:
            self.logger.debug("has run [OK]", extra=extra)
        else:
            self.logger.error("has failed", extra=extra)

    @override
    def run_after_task_return(
        self, *, run_id: str, task_id: str, success: bool, error: Exception | None, **future_kwargs: Any
    ) -> None:
        _here.set(Place(run_id))
        extra = {"override_context": Place(run_id, task_id)}
        if success:
            level = logging.DEBUG if task_id in self._given else logging.INFO
            self.logger.log(level, "is done [OK]", extra=extra)
        else:
            self._tell_error("has come back with an error", error, extra)

    # -- nodes ---------------------------------------------------------------------------------------------------

    @override
    def run_before_node_execution(
        self,
        *,
        node_name: str,
        node_kwargs: Mapping[str, Any],
        task_id: str | None,
        run_id: str,
        **future_kwargs: Any,
    ) -> None:
        _here.set(Place(run_id, task_id, node_name))
        self.logger.debug("begins %s", _tell_taken(node_kwargs))

    @override
    def run_after_node_execution(
        self,
        *,
        node_name: str,
        error: Exception | None,
        success: bool,
        task_id: str | None,
        run_id: str,
        **future_kwargs: Any,
    ) -> None:
        _here.set(Place(run_id, task_id))
        extra = {"override_context": Place(run_id, task_id, node_name), "node_context": True}
        if success:
            self.logger.log(logging.DEBUG if task_id else logging.INFO, "has run [OK]", extra=extra)
        else:
            self._tell_error("has failed", error, extra)

    def _tell_error(self, text: str, error: Exception | None, extra: dict[str, Any]) -> None:
        """Log an error with its traceback, once: that of a task is its node's."""
        if not self._told_of_error:
            self._told_of_error = True
            self.logger.error(text, exc_info=error, extra=extra)


class AsyncLoggingAdapter(GraphExecutionHook, BasePreNodeExecute, BasePostNodeExecute):
    """The same for an AsyncDriver: a node's beginning is told when it is handed to the loop."""

    def __init__(self, logger: str | logging.Logger | ContextLogger | None = None) -> None:
        self._told = LoggingAdapter(logger)

    @override
    def run_before_graph_execution(self, **told: Any) -> None:
        self._told.run_before_graph_execution(**told)

    @override
    def run_after_graph_execution(self, **told: Any) -> None:
        self._told.run_after_graph_execution(**told)

    @override
    def pre_node_execute(
        self, *, run_id: str, node_: HamiltonNode, kwargs: dict[str, Any], task_id: str | None = None
    ) -> None:
        _here.set(Place(run_id, None, node_.name))
        self._told.logger.debug("goes to the loop %s", _tell_taken(kwargs))

    @override
    async def post_node_execute(  # type: ignore[override]  # it is awaited
        self, *, run_id: str, node_: HamiltonNode, success: bool, error: Exception | None, **told: Any
    ) -> None:
        self._told.run_after_node_execution(
            node_name=node_.name, error=error, success=success, task_id=told.get("task_id"), run_id=run_id
        )


def _list(names: Any) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _tell_taken(taken: Mapping[str, Any]) -> str:
    return f"with {_list(taken)}" if taken else "with nothing"
