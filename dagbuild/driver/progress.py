"""Progress bars, as Hamilton has them: how many of the nodes that are asked for have run."""

from __future__ import annotations

import abc
from collections.abc import Collection, Sequence
from typing import Any

from dagbuild.driver.hooks import GraphExecutionHook, NodeExecutionHook
from dagbuild.driver.nodes import HamiltonGraph
from dagbuild.ground.errors import UserError
from dagbuild.ground.override import override


class _Bar(GraphExecutionHook, NodeExecutionHook):
    """Counts; a subclass draws."""

    @override
    def run_before_graph_execution(
        self, *, graph: HamiltonGraph, execution_path: Collection[str], **future_kwargs: Any
    ) -> None:
        self._open(sum(not graph[name].is_external_input for name in execution_path))

    @override
    def run_before_node_execution(self, *, node_name: str, task_id: str | None, **future_kwargs: Any) -> None:
        self._show(node_name)

    @override
    def run_after_node_execution(self, *, task_id: str | None, **future_kwargs: Any) -> None:
        if task_id is None:  # the calls for elements are one node's
            self._move()

    @abc.abstractmethod
    def _open(self, total: int) -> None:
        """Draw a bar of so many nodes."""

    @abc.abstractmethod
    def _show(self, name: str) -> None:
        """Say which node runs."""

    @abc.abstractmethod
    def _move(self) -> None:
        """Move on by one."""


class ProgressBar(_Bar):
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
    def _open(self, total: int) -> None:
        self._bar = self._make(desc=self._desc, total=total, unit="funcs", **self._options)

    @override
    def _show(self, name: str) -> None:
        self._bar.set_description_str(f"{self._desc} -> {name[: self._width]}")

    @override
    def _move(self) -> None:
        self._bar.update(1)

    @override
    def run_after_graph_execution(self, **future_kwargs: Any) -> None:
        self._bar.close()


class RichProgressBar(_Bar):
    """Shows rich's bar; `run_desc` stands before it, `columns` and more are what `rich.progress.Progress` takes."""

    def __init__(
        self,
        run_desc: str = "",
        collect_desc: str = "",  # noqa: ARG002 - the calls for elements are one node's
        columns: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        from rich.progress import Progress  # here: nobody else's driver draws with it

        self._desc = run_desc or "Running"
        # Drawn anew when a node ends: a thread that does it would keep this process from being copied for steps.
        self._progress = Progress(*(columns or ()), auto_refresh=False, **kwargs)
        self._task: Any = None

    @override
    def _open(self, total: int) -> None:
        self._progress.start()
        self._task = self._progress.add_task(self._desc, total=total)

    @override
    def _show(self, name: str) -> None:
        self._progress.update(self._task, description=f"{self._desc} {name}", refresh=True)

    @override
    def _move(self) -> None:
        self._progress.update(self._task, advance=1, refresh=True)

    @override
    def run_after_graph_execution(self, **future_kwargs: Any) -> None:
        self._progress.stop()
