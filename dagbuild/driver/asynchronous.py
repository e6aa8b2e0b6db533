"""Hamilton's driver for `async def`: nodes that wait for something let others run, in one event loop.

Values are handed on as they are, and none is kept. What runs beside what is the loop's to say. Guards: each node is
called once.
"""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from dagbuild.driver.adapters import SimplePythonGraphAdapter
from dagbuild.driver.asked import Target
from dagbuild.driver.builder import Builder
from dagbuild.driver.hamilton import Driver
from dagbuild.driver.moments import (
    BasePostGraphExecute,
    BasePostNodeExecute,
    BasePreGraphExecute,
    BasePreNodeExecute,
)
from dagbuild.driver.results import DictResult, ResultBuilder
from dagbuild.driver.running import PLAIN
from dagbuild.executors.arguments import fill
from dagbuild.ground.errors import GraphError, InputError, Problem
from dagbuild.ground.override import override
from dagbuild.ground.texts import put_note
from dagbuild.model.node import Node, Parameter


class AsyncGraphAdapter(SimplePythonGraphAdapter):
    """Says that nodes are awaited, and leaves the result to a result builder; an AsyncDriver does so by itself."""

    def __init__(
        self,
        result_builder: ResultBuilder | None = None,
        async_lifecycle_adapters: Any = None,  # noqa: ARG002 - the driver is given them
    ) -> None:
        super().__init__(result_builder)


class AsyncDriver(Driver):
    """A Driver whose `execute` is awaited, and whose functions may be `async def`, or return what can be awaited.

    Without a result builder the result is a DataFrame; that of a `Builder` is a dict.
    What is told of nodes may be `async def`, too. Elements of blocks, and a store, are not for it: raises GraphError.
    """

    _awaits = True

    def __init__(
        self,
        config: Mapping[str, Any],
        *modules: ModuleType | Callable[..., Any],
        result_builder: ResultBuilder | None = None,
        adapters: Sequence[Any] | None = None,
        allow_module_overrides: bool = False,
    ) -> None:
        chosen = [*(adapters or ()), *([] if result_builder is None else [result_builder])]
        if sum(isinstance(each, ResultBuilder) for each in chosen) > 1:
            raise InputError("an async driver has one result builder, and is given several")
        super().__init__(
            config, *modules, adapter=chosen, allow_module_overrides=allow_module_overrides, _running=PLAIN
        )
        if spread := [node for node in self._graph.nodes.values() if node.deals_in_elements]:
            told = "deals in elements, which are not awaited"
            raise GraphError.of([Problem(f"'{node.name}' {told}", str(node.where)) for node in spread])

    async def ainit(self) -> AsyncDriver:
        """Return the driver: there is nothing to wait for."""
        return self

    @override
    async def execute(
        self,
        final_vars: Sequence[Target],
        overrides: Mapping[str, Any] | None = None,
        display_graph: bool = False,
        inputs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the result builder makes of the values of the targets; raises as `Driver.execute` does."""
        made = self.adapter.build_result(await self.raw_execute(final_vars, overrides, display_graph, inputs))
        return await _settle(made)

    @override
    async def raw_execute(  # type: ignore[override]  # it is awaited
        self,
        final_vars: Sequence[Target],
        overrides: Mapping[str, Any] | None = None,
        display_graph: bool = False,
        inputs: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the values of the targets by name; raises as `Driver.execute` does."""
        names = self._name(final_vars)
        given = self._give(names, overrides or {}, inputs or {})
        run = uuid.uuid4().hex
        for hook in self.adapter.of(BasePreGraphExecute):
            asked = {"inputs": inputs, "overrides": overrides}
            await _settle(hook.pre_graph_execute(run_id=run, graph=self._told, final_vars=names, **asked))
        values, failed = None, None
        try:
            values = await self._gather(run, names, given)
            return values
        except Exception as error:
            failed = error
            raise
        finally:
            for hook in self.adapter.of(BasePostGraphExecute):
                told = {"success": failed is None, "error": failed, "results": values}
                await _settle(hook.post_graph_execute(run_id=run, graph=self._told, **told))

    async def _gather(self, run: str, names: list[str], given: Mapping[str, Any]) -> dict[str, Any]:
        """Run what the names need, each as soon as what it takes is there; when one fails, the others end with it."""
        tasks: dict[str, asyncio.Task[Any]] = {}
        try:
            async with asyncio.TaskGroup() as group:
                for name in self._graph.order(names, stop=given.__contains__):
                    if name in given:
                        tasks[name] = group.create_task(_settle(given[name]))
                    elif name in self._graph.nodes:
                        tasks[name] = group.create_task(self._run_node(run, self._graph.nodes[name], tasks))
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        values = {name: task.result() for name, task in tasks.items()}
        return {name: values[name] if name in values else await _settle(given[name]) for name in names}

    async def _run_node(self, run: str, node: Node, tasks: Mapping[str, asyncio.Task[Any]]) -> Any:
        values = {name: await tasks[name] for name in node.upstream if name in tasks}

        def get(name: str, _: Parameter) -> Any:
            return values[name]

        kwargs, told = fill(node, values.keys(), get, share=True), self._nodes[node.name]
        for hook in self.adapter.of(BasePreNodeExecute):
            await _settle(hook.pre_node_execute(run_id=run, node_=told, kwargs=kwargs, task_id=None))
        result, failed = None, None
        try:
            result = await _settle(self.adapter.make(run, told, kwargs, None))
            return result
        except Exception as error:
            failed = error
            put_note(error, f"in node '{node.name}', {node.where}")
            raise
        finally:
            for hook in self.adapter.of(BasePostNodeExecute):
                how = {"success": failed is None, "error": failed, "result": result, "task_id": None}
                await _settle(hook.post_node_execute(run_id=run, node_=told, kwargs=kwargs, **how))


async def _settle(value: Any) -> Any:
    """Return a value, or what comes of it where it is to be awaited."""
    if inspect.isawaitable(value):
        awaited: Awaitable[Any] = value
        return await awaited
    return value


class AsyncBuilder(Builder):
    """Makes an AsyncDriver: `await Builder().with_modules(features).build()`."""

    def build_without_init(self) -> AsyncDriver:
        """Return the driver; raises GraphError with all problems of the modules."""
        if self._running is not PLAIN or self.materializers:
            raise GraphError(
                "an async driver keeps no values, and takes neither executors nor materializers",
                hint="take Hamilton's other Builder, dagbuild.driver.Builder, for those",
            )
        made = any(isinstance(each, ResultBuilder) for each in self.adapters)
        return AsyncDriver(
            self.config,
            *self.modules,
            adapters=[*self.adapters, *(() if made else [DictResult()])],
            allow_module_overrides=self._overrides_allowed,
        )

    @override
    async def build(self) -> AsyncDriver:  # type: ignore[override]  # it is awaited
        """Return the driver; raises GraphError with all problems of the modules."""
        return self.build_without_init()
