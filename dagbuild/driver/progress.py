"""A progress bar, as Hamilton has it: how many of the nodes that are asked for have run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dagbuild.driver.hooks import GraphExecutionHook, NodeExecutionHook
from dagbuild.driver.nodes import HamiltonGraph
from dagbuild.ground.errors import UserError
from dagbuild.ground.override import override


class ProgressBar(GraphExecutionHook, NodeExecutionHook):
    """Shows tqdm's bar; `desc` stands before it. Raises UserError where tqdm is not installed."""

    def __init__(self, desc: str = "Graph execution", max_node_name_width: int = 50, **kwargs: Any) -> None:
        try:
            from tqdm import tqdm
        except ImportError as missing:
            raise UserError("a progress bar needs the package 'tqdm'", hint="pip install tqdm") from missing
        # Without the thread that looks after bars: a process that runs it cannot be copied for steps.
        self._make = type("Bar", (tqdm,), {"monitor_interval": 0})
        self._desc, self._width, self._options = desc, max_node_name_width, kwargs
        self._bar: Any = None

    @override
    def run_before_graph_execution(
        self, *, graph: HamiltonGraph, execution_path: Collection[str], **future_kwargs: Any
    ) -> None:
        total = sum(not graph[name].is_external_input for name in execution_path)
        self._bar = self._make(desc=self._desc, total=total, unit="funcs", **self._options)

    @override
    def run_before_node_execution(self, *, node_name: str, task_id: str | None, **future_kwargs: Any) -> None:
        self._bar.set_description_str(f"{self._desc} -> {node_name[: self._width]}")

    @override
    def run_after_node_execution(self, *, task_id: str | None, **future_kwargs: Any) -> None:
        if task_id is None:  # the calls for elements are one node's
            self._bar.update(1)

    @override
    def run_after_graph_execution(self, **future_kwargs: Any) -> None:
        self._bar.close()
