"""Hamilton's Driver: what its users call, with its names, positions and defaults, over our graph and our builds.

Unlike our own `Driver` it keeps no value unless it is asked to, by `with_cache` or by a dagbuild.toml, and is lenient
where Hamilton is. What it does otherwise is said where it does it, and in the guide.
"""

from __future__ import annotations

import importlib
import pickle
import sys
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dagbuild.driver.asked import Asked, Target
from dagbuild.driver.asking import Adapters, Calls
from dagbuild.driver.builds import Builds, find_settings_file
from dagbuild.driver.modules import collect_modules
from dagbuild.driver.moments import (
    BaseDoBuildResult,
    BasePostGraphConstruct,
    BasePostGraphExecute,
    BasePreDoAnythingHook,
    BasePreGraphExecute,
    BaseValidateGraph,
    BaseValidateNode,
)
from dagbuild.driver.nodes import HamiltonNode, describe_graph
from dagbuild.driver.results import PandasDataFrameResult, RayGraphAdapter, ResultBuilder
from dagbuild.driver.running import PLAIN, Running
from dagbuild.driver.tasks import walk_tasks
from dagbuild.driver.threads import FutureAdapter, walk_side_by_side
from dagbuild.driver.types import fits_loosely
from dagbuild.driver.walk import find_missing, walk
from dagbuild.ground.errors import GraphError, InputError, Problem, did_you_mean
from dagbuild.loader import load_graph
from dagbuild.model.assembly import Assembly
from dagbuild.model.types import describe_type
from dagbuild.modifiers.materializers import ExtractorFactory, MaterializerFactory
from dagbuild.store.notices import log_notice

if TYPE_CHECKING:
    from dagbuild.report.drawing.digraph import Drawing

Materializer = MaterializerFactory | ExtractorFactory
"""What saves or loads values besides the functions of modules."""


class Driver(Asked):
    """Runs functions of modules as Hamilton does: `Driver(config, *modules, adapter=...).execute(["forecast"])`.

    `adapter` is one, or a list of them: result builders, and what is told of or decides on nodes that run. Without a
    result builder the result is a DataFrame; that of a `Builder` is a dict. A config value takes the place of the node
    of its name. Raises GraphError (a ValueError) with all problems of the modules.
    """

    _awaits = False

    def __init__(
        self,
        config: Mapping[str, Any],
        *modules: ModuleType | Callable[..., Any],
        adapter: Any = None,
        allow_module_overrides: bool = False,
        _running: Running = PLAIN,
        _use_legacy_adapter: bool = True,
    ) -> None:
        self.config = dict(config)
        self.graph_modules = collect_modules(config, modules)
        self.adapter = Adapters(_complete(adapter, legacy=_use_legacy_adapter))
        for hook in self.adapter.of(BasePreDoAnythingHook):
            hook.pre_do_anything()
        for each in self.adapter.of(RayGraphAdapter):
            _running = replace(_running, executor="ray", options=each.ray_init_config)
        self._running = _running
        self._assembly = Assembly(
            allow_module_overrides,
            lenient=True,
            fits=self.adapter.are_joined,
            awaits=self._awaits,
            materializers=_running.materializers,
        )
        self._graph = load_graph(self.graph_modules, self.config, assembly=self._assembly)
        self._told = describe_graph(self._graph, self.config)
        self._nodes = self._told.by_name
        self._check()
        self._builds = Builds(
            self._graph, self._told, self.adapter, self.graph_modules, self.config, self._assembly, _running,
            find_settings_file(),
        )  # fmt: skip
        self._warned: set[str] = set()
        for hook in self.adapter.of(BasePostGraphConstruct):
            hook.post_graph_construct(graph=self._told, modules=self.graph_modules, config=self.config)

    def __reduce__(self) -> tuple[Any, ...]:
        """Make it anew where it comes to, of modules by their names."""
        names = [module.__name__ for module in self.graph_modules]
        for name, module in zip(names, self.graph_modules, strict=True):
            if sys.modules.get(name) is not module:
                raise pickle.PicklingError(f"the module '{name}' of a driver can be imported by nobody else")
        allowed = self._assembly.allow_overrides
        return _make_again, (type(self), self.config, names, list(self.adapter.all), allowed, self._running)

    def _check(self) -> None:
        """Let validators look; raises GraphError with all that they say."""
        said = [
            (node.name, each.validate_node(created_node=node))
            for each in self.adapter.of(BaseValidateNode)
            for node in self._told.nodes
            if not node.is_external_input
        ]
        said += [
            (
                "the graph",
                each.validate_graph(graph=self._told, modules=self.graph_modules, config=self.config),
            )
            for each in self.adapter.of(BaseValidateGraph)
        ]
        if refused := [Problem(f"{name} is not valid: {why}") for name, (valid, why) in said if not valid]:
            raise GraphError.of(refused)

    # -- running -------------------------------------------------------------------------------------------------

    def execute(
        self,
        final_vars: Sequence[Target],
        overrides: Mapping[str, Any] | None = None,
        display_graph: bool = False,
        inputs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the result builder makes of the values of the targets: names, functions or nodes.

        Raises InputError (a ValueError) before anything runs, and what a node's function raises.
        """
        return self.adapter.build_result(self.raw_execute(final_vars, overrides, display_graph, inputs))

    def raw_execute(
        self,
        final_vars: Sequence[Target],
        overrides: Mapping[str, Any] | None = None,
        display_graph: bool = False,
        inputs: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the values of the targets by name; raises as `execute` does."""
        if display_graph:
            self.visualize_execution(final_vars, "./tmp_graph", inputs=inputs, overrides=overrides)
        return self._run(self._name(final_vars), overrides, inputs)

    def materialize(
        self,
        *materializers: Materializer,
        additional_vars: Sequence[Target] | None = None,
        overrides: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what is told of each saved value, by the saver's id, and the values of `additional_vars` by name.

        `materializers` are what `to.csv(...)` and `from_.csv(...)` return. Raises GraphError where they do not fit the
        graph, and what `execute` raises.
        """
        made = self._with(materializers)
        saved, wanted = _find_ids(materializers), made._name(additional_vars or ())
        values = made.raw_execute([*saved, *wanted], overrides, inputs=inputs)
        return {name: values[name] for name in saved}, {name: values[name] for name in wanted}

    def validate_materialization(
        self,
        *materializers: Materializer,
        additional_vars: Sequence[Target] | None = None,
        overrides: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Raise GraphError or InputError where that cannot be materialized; runs nothing."""
        names = [*_find_ids(materializers), *(additional_vars or ())]
        self._with(materializers).validate_execution(names, overrides, inputs)

    def visualize_materialization(
        self,
        *materializers: Materializer,
        output_file_path: str | None = None,
        render_kwargs: Mapping[str, Any] | None = None,
        additional_vars: Sequence[Target] | None = None,
        inputs: Mapping[str, Any] | None = None,
        graphviz_kwargs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Drawing:
        """Draw what `materialize` would run."""
        names = [*_find_ids(materializers), *(additional_vars or ())]
        return self._with(materializers).visualize_execution(
            names, output_file_path, render_kwargs, inputs, graphviz_kwargs, overrides, **options
        )

    def _with(self, materializers: Sequence[Materializer]) -> Driver:
        """Return a driver that has nodes for these as well."""
        return Driver(
            self.config,
            *self.graph_modules,
            adapter=list(self.adapter.all),
            allow_module_overrides=self._assembly.allow_overrides,
            _running=replace(self._running, materializers=(*self._running.materializers, *materializers)),
            _use_legacy_adapter=False,
        )

    def _run(
        self, names: list[str], overrides: Mapping[str, Any] | None, inputs: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        given = self._give(names, overrides or {}, inputs or {})
        run = uuid.uuid4().hex
        for hook in self.adapter.of(BasePreGraphExecute):
            hook.pre_graph_execute(
                run_id=run, graph=self._told, final_vars=names, inputs=inputs, overrides=overrides
            )
        values, failed = None, None
        try:
            values = self._make(run, names, given)
            return values
        except Exception as error:
            failed = error
            raise
        finally:
            for hook in self.adapter.of(BasePostGraphExecute):
                hook.post_graph_execute(
                    run_id=run, graph=self._told, success=failed is None, error=failed, results=values
                )

    def _make(self, run: str, names: list[str], given: Mapping[str, Any]) -> dict[str, Any]:
        wanted = [name for name in names if name not in given]
        calls, running = Calls(self.adapter, self._nodes, run), self._running
        if self._builds.find_wanted():
            made = self._builds.make(run, wanted, given)
        elif running.executor is None and (beside := self.adapter.of(FutureAdapter)):
            made = walk_side_by_side(self._graph, wanted, given, calls, beside[0])
        elif running.dynamic:
            made = walk_tasks(self._graph, names, given, calls, running.manager)
        else:
            made = walk(self._graph, wanted, given, calls)
        return {name: given[name] if name in given else made[name] for name in names}

    def _give(
        self, names: Collection[str], overrides: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what takes the place of nodes and inputs; raises InputError with all that is wrong."""
        if twice := sorted(self.config.keys() & inputs.keys()):
            raise InputError(f"given both in the config and as inputs: {', '.join(twice)}")
        known = {*self._graph.nodes, *self._graph.inputs, *self.config}
        for name in overrides:
            if name not in known:
                raise InputError(
                    f"'{name}' is overridden, but there is no such node", hint=did_you_mean(name, known)
                )
        for name in inputs.keys() & self._graph.nodes.keys() - overrides.keys():
            self._warn(
                f"the input '{name}' is not used, since a node makes it: to give its value, override it"
            )
        outside = {name: value for name, value in inputs.items() if name not in self._graph.nodes}
        given = {**self.config, **outside, **overrides}
        problems = []
        for name in names:
            if name not in self._graph and name not in given:
                problems.append(
                    Problem(f"there is no node or input '{name}'", None, did_you_mean(name, known))
                )
        wanted = [name for name in names if name in self._graph]
        for name, users in find_missing(self._graph, wanted, given).items():
            told = ", ".join(f"'{user}'" for user in users)
            problems.append(Problem(f"the input '{name}' is not given, and {told} needs it"))
        for name in wanted:
            if name in self._graph.inputs and name not in given:
                problems.append(Problem(f"the input '{name}' is not given"))
        reached = self._graph.reach_up(wanted, stop=overrides.__contains__)
        for name in self._graph.inputs.keys() & given.keys() & reached:
            kind, value = self._graph.inputs[name].type, given[name]
            fits = fits_loosely(value, kind) or self.adapter.find_accepted(kind, value)
            if not fits:
                problems.append(
                    Problem(f"the input '{name}' is {value!r}, and is taken as {describe_type(kind)}")
                )
        if problems:
            raise InputError.of(problems)
        return given

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            log_notice(text)

    def _name(self, outputs: Sequence[Target]) -> list[str]:
        """Return the names of what is asked for; a function's is that of the node that it makes."""
        if isinstance(outputs, str):
            outputs = [outputs]
        named = []
        for output in outputs:
            if isinstance(output, str):
                named.append(output)
            elif isinstance(output, HamiltonNode):
                named.append(output.name)
            elif callable(output):
                named.append(self._find_node_of(output))
            else:
                raise InputError(f"{output!r} is no target", hint="a name, a function or a node")
        return list(dict.fromkeys(named))

    def _find_node_of(self, function: Callable[..., Any]) -> str:
        name: str = function.__name__
        if name in self._graph.nodes:
            return name
        made = [node.name for node in self._graph.nodes.values() if node.function is function]
        return made[0] if made else name


def _make_again(
    kind: type[Driver],
    config: dict[str, Any],
    names: list[str],
    adapters: list[Any],
    allow_overrides: bool,
    running: Running,
) -> Driver:
    return kind(
        config,
        *map(importlib.import_module, names),
        adapter=adapters,
        allow_module_overrides=allow_overrides,
        _running=running,
        _use_legacy_adapter=False,
    )


def _find_ids(materializers: Sequence[Materializer]) -> list[str]:
    return [each.id for each in materializers if isinstance(each, MaterializerFactory)]


def _complete(adapter: Any, *, legacy: bool) -> list[Any]:
    """Return the adapters as a list, with what makes Hamilton's DataFrame where nobody else makes a result."""
    adapters = [] if adapter is None else list(adapter) if isinstance(adapter, list | tuple) else [adapter]
    makes = any(isinstance(each, ResultBuilder | BaseDoBuildResult) for each in adapters)
    return adapters if makes or not legacy else [*adapters, PandasDataFrameResult()]
