"""Hamilton's Builder: what a driver is made of, said step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Self

from dagbuild.driver.grouping import GroupingStrategy
from dagbuild.driver.hamilton import Driver
from dagbuild.driver.running import BEHAVIORS, DEFAULT, DISABLE, IGNORE, PLAIN, RECOMPUTE, Caching, Running
from dagbuild.driver.task_executors import DefaultExecutionManager, ExecutionManager, TaskExecutor
from dagbuild.ground.errors import UserError

Behavior = Literal["default", "recompute", "disable", "ignore"]


class Builder:
    """Makes a Driver: `Builder().with_modules(features).with_config({...}).build()`; its results are dicts.

    Each method changes the builder and returns it. Raises UserError for what cannot be meant.
    """

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.modules: list[ModuleType | Callable[..., Any]] = []
        self.adapters: list[Any] = []
        self.materializers: list[Any] = []
        self._running: Running = PLAIN
        self._overrides_allowed = False

    def with_config(self, config: Mapping[str, Any]) -> Self:
        """Add config values; what was said before of the same name is replaced."""
        self.config.update(config)
        return self

    def with_modules(self, *modules: ModuleType | Callable[..., Any]) -> Self:
        """Add modules, or functions."""
        self.modules += modules
        return self

    def with_adapter(self, adapter: Any) -> Self:
        """Add an adapter."""
        return self.with_adapters(adapter)

    def with_adapters(self, *adapters: Any) -> Self:
        """Add adapters: result builders, and what looks at or decides on nodes that run."""
        self.adapters += adapters
        return self

    def with_materializers(self, *materializers: Any) -> Self:
        """Add nodes that load and save values: `from_.csv(...)`, `to.parquet(...)`."""
        self.materializers += materializers
        return self

    def with_cache(
        self,
        path: str | Path = ".hamilton_cache",
        metadata_store: Any = None,
        result_store: Any = None,
        default: Literal[True] | Sequence[str] | None = None,
        recompute: Literal[True] | Sequence[str] | None = None,
        ignore: Literal[True] | Sequence[str] | None = None,
        disable: Literal[True] | Sequence[str] | None = None,
        default_behavior: Behavior = "default",
        default_loader_behavior: Behavior = "default",
        default_saver_behavior: Behavior = "default",
        log_to_file: bool = False,  # noqa: ARG002 - records tell each run
    ) -> Self:
        """Keep values in a folder, or at an fsspec URL, and take them from there where they are still right.

        `recompute` and `disable` name nodes that run each time, `ignore` those whose values are not stored; True means
        all. `default_behavior` is for those that nobody names. Stores of one's own are refused: ours keeps a promise
        for each value. `log_to_file` changes nothing: records tell each run, `dagbuild log` shows them.
        """
        if metadata_store is not None or result_store is not None:
            raise UserError(
                "with_cache takes no stores of one's own: values and records are in one that is checked",
                hint="give a path, or an fsspec URL for the whole team's",
            )
        for said in (default_behavior, default_loader_behavior, default_saver_behavior):
            if said not in BEHAVIORS:
                raise UserError(f"there is no behavior {said!r}", hint=f"one of {', '.join(BEHAVIORS)}")
        behaviors: dict[str, str] = {}
        everybody: str = default_behavior
        named = {DEFAULT: default, RECOMPUTE: recompute, IGNORE: ignore, DISABLE: disable}
        for behavior, names in named.items():
            if names is True:
                everybody = behavior
            for name in () if names is None or names is True else names:
                if behaviors.setdefault(name, behavior) != behavior:
                    raise UserError(f"with_cache names '{name}' twice: {behaviors[name]} and {behavior}")
        caching = Caching(str(path), behaviors, everybody, default_loader_behavior, default_saver_behavior)
        self._running = replace(self._running, caching=caching)
        return self

    def enable_dynamic_execution(self, *, allow_experimental_mode: bool = False) -> Self:  # noqa: ARG002
        """Put nodes together to tasks, and tell adapters of them; `Parallelizable` is always allowed."""
        self._running = replace(self._running, dynamic=True)
        return self

    def with_execution_manager(self, execution_manager: ExecutionManager) -> Self:
        """Run tasks by the manager's executors: its remote one for elements of blocks, or as it chooses for each."""
        remote = execution_manager.remote_executor
        self._running = replace(
            self._running,
            executor="own" if execution_manager.chooses else remote.kind,
            jobs=remote.jobs,
            options=remote.options,
            manager=execution_manager,
            dynamic=True,
        )
        return self

    def with_remote_executor(self, remote_executor: TaskExecutor) -> Self:
        """Have the calls for elements of blocks made by an executor, or by ours that does what this one does."""
        return self.with_execution_manager(DefaultExecutionManager(remote_executor=remote_executor))

    def with_local_executor(self, local_executor: TaskExecutor) -> Self:  # noqa: ARG002 - they are called here
        """Have all other calls made here, as they are."""
        return self

    def with_grouping_strategy(self, grouping_strategy: GroupingStrategy) -> Self:  # noqa: ARG002 - ours is by node
        """Leave how calls are grouped to us: each node, and each element, is one."""
        return self

    def allow_module_overrides(self) -> Self:
        """Let a function of a later module take the place of one of the same name."""
        self._overrides_allowed = True
        return self

    def copy(self) -> Self:
        """Return another builder that has been told the same."""
        other = type(self)()
        other.config = dict(self.config)
        other.modules, other.adapters = list(self.modules), list(self.adapters)
        other.materializers = list(self.materializers)
        other._running, other._overrides_allowed = self._running, self._overrides_allowed
        return other

    def build(self) -> Driver:
        """Return the driver; raises GraphError with all problems of the modules."""
        return Driver(
            self.config,
            *self.modules,
            adapter=self.adapters,
            allow_module_overrides=self._overrides_allowed,
            _running=replace(self._running, materializers=tuple(self.materializers)),
            _use_legacy_adapter=False,
        )
