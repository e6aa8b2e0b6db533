"""What people subclass to have something done while nodes run: Hamilton's lifecycle by its names.

Each is given plain words and values, by name, and more of them in later versions. Knows nothing of how nodes are run.
"""

from __future__ import annotations

import abc
from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any

from dagbuild.driver.moments import (
    BaseDoCheckEdgeTypesMatch,
    BaseDoNodeExecute,
    BaseDoValidateInput,
    BasePostGraphConstruct,
    BasePostGraphExecute,
    BasePostNodeExecute,
    BasePreGraphExecute,
    BasePreNodeExecute,
    BaseValidateGraph,
    BaseValidateNode,
)
from dagbuild.driver.nodes import HamiltonGraph, HamiltonNode
from dagbuild.driver.results import ResultBuilder
from dagbuild.ground.override import override


class GraphConstructionHook(BasePostGraphConstruct, abc.ABC):
    """Is told of a graph that has been made."""

    @override
    def post_graph_construct(
        self, *, graph: HamiltonGraph, modules: list[ModuleType], config: dict[str, Any]
    ) -> None:
        self.run_after_graph_construction(graph=graph, config=config)

    @abc.abstractmethod
    def run_after_graph_construction(
        self, *, graph: HamiltonGraph, config: dict[str, Any], **future_kwargs: Any
    ) -> None:
        """Look at the graph."""


class GraphExecutionHook(BasePreGraphExecute, BasePostGraphExecute, abc.ABC):
    """Is told before the first node runs and after the last; an AsyncDriver awaits what it may return."""

    @override
    def pre_graph_execute(
        self,
        *,
        run_id: str,
        graph: HamiltonGraph,
        final_vars: list[str],
        inputs: Mapping[str, Any] | None,
        overrides: Mapping[str, Any] | None,
    ) -> Any:
        path = _find_path(graph, final_vars, {*(inputs or ()), *(overrides or ())})
        return self.run_before_graph_execution(
            graph=graph, final_vars=final_vars, inputs=inputs, overrides=overrides, execution_path=path, run_id=run_id
        )  # fmt: skip

    @override
    def post_graph_execute(
        self,
        *,
        run_id: str,
        graph: HamiltonGraph,
        success: bool,
        error: Exception | None,
        results: dict[str, Any] | None,
    ) -> Any:
        return self.run_after_graph_execution(
            graph=graph, success=success, error=error, results=results, run_id=run_id
        )

    @abc.abstractmethod
    def run_before_graph_execution(
        self,
        *,
        graph: HamiltonGraph,
        final_vars: list[str],
        inputs: Mapping[str, Any] | None,
        overrides: Mapping[str, Any] | None,
        execution_path: Collection[str],
        run_id: str,
        **future_kwargs: Any,
    ) -> Any:
        """Look at what is asked for; `execution_path` are the nodes that it takes."""

    @abc.abstractmethod
    def run_after_graph_execution(
        self,
        *,
        graph: HamiltonGraph,
        success: bool,
        error: Exception | None,
        results: dict[str, Any] | None,
        run_id: str,
        **future_kwargs: Any,
    ) -> Any:
        """Look at what came of it."""


def _find_path(graph: HamiltonGraph, names: list[str], given: Collection[str]) -> list[str]:
    nodes = {node.name: node for node in graph.nodes}
    seen, todo = dict.fromkeys(names), list(names)
    while todo:
        node = nodes.get(todo.pop())
        if node is not None and node.name not in given:
            new = (node.required_dependencies | node.optional_dependencies) - seen.keys()
            seen |= dict.fromkeys(new)
            todo += new
    return [name for name in nodes if name in seen]


class NodeExecutionHook(BasePreNodeExecute, BasePostNodeExecute, abc.ABC):
    """Is told before and after each node; an AsyncDriver awaits what it may return."""

    @override
    def pre_node_execute(
        self, *, run_id: str, node_: HamiltonNode, kwargs: dict[str, Any], task_id: str | None = None
    ) -> Any:
        return self.run_before_node_execution(
            node_name=node_.name, node_tags=node_.tags, node_kwargs=kwargs, node_return_type=node_.type,
            task_id=task_id, run_id=run_id, node_input_types=dict(node_.input_types),
            node_documentation=node_.documentation,
        )  # fmt: skip

    @override
    def post_node_execute(
        self,
        *,
        run_id: str,
        node_: HamiltonNode,
        kwargs: dict[str, Any],
        success: bool,
        error: Exception | None,
        result: Any,
        task_id: str | None = None,
    ) -> Any:
        return self.run_after_node_execution(
            node_name=node_.name, node_tags=node_.tags, node_kwargs=kwargs, node_return_type=node_.type, result=result,
            error=error, success=success, task_id=task_id, run_id=run_id, node_documentation=node_.documentation,
        )  # fmt: skip

    @abc.abstractmethod
    def run_before_node_execution(
        self,
        *,
        node_name: str,
        node_tags: dict[str, Any],
        node_kwargs: dict[str, Any],
        node_return_type: type,
        task_id: str | None,
        run_id: str,
        node_input_types: dict[str, Any],
        **future_kwargs: Any,
    ) -> Any:
        """Look at what the node is called with."""

    @abc.abstractmethod
    def run_after_node_execution(
        self,
        *,
        node_name: str,
        node_tags: dict[str, Any],
        node_kwargs: dict[str, Any],
        node_return_type: type,
        result: Any,
        error: Exception | None,
        success: bool,
        task_id: str | None,
        run_id: str,
        **future_kwargs: Any,
    ) -> Any:
        """Look at what came of it."""


class NodeExecutionMethod(BaseDoNodeExecute):
    """Runs nodes itself."""

    @override
    def do_node_execute(
        self, *, run_id: str, node_: HamiltonNode, kwargs: dict[str, Any], task_id: str | None = None
    ) -> Any:
        return self.run_to_execute_node(
            node_name=node_.name, node_tags=node_.tags, node_callable=node_.callable, node_kwargs=kwargs,
            task_id=task_id, is_expand=node_.expands, is_collect=node_.collects, run_id=run_id,
        )  # fmt: skip

    @abc.abstractmethod
    def run_to_execute_node(
        self,
        *,
        node_name: str,
        node_tags: dict[str, Any],
        node_callable: Any,
        node_kwargs: dict[str, Any],
        task_id: str | None,
        is_expand: bool,
        is_collect: bool,
        **future_kwargs: Any,
    ) -> Any:
        """Return the node's value."""


class EdgeConnectionHook(BaseDoCheckEdgeTypesMatch, BaseDoValidateInput, abc.ABC):
    """Decides on types: of edges and of inputs."""

    @override
    def do_check_edge_types_match(self, *, type_from: Any, type_to: Any) -> bool:
        return self.check_edge_types_match(type_from, type_to)

    @override
    def do_validate_input(self, *, node_type: Any, input_value: Any) -> bool:
        return self.validate_input(node_type, input_value)

    @abc.abstractmethod
    def check_edge_types_match(self, type_from: Any, type_to: Any, **kwargs: Any) -> bool:
        """Tell whether what gives `type_from` may be taken by what takes `type_to`, besides what may be anyway."""

    @abc.abstractmethod
    def validate_input(self, node_type: Any, input_value: Any, **kwargs: Any) -> bool:
        """Tell whether the input is what nodes take, besides what is anyway."""


class StaticValidator(BaseValidateNode, BaseValidateGraph):
    """Decides whether a graph may be built."""

    @override
    def validate_node(self, *, created_node: HamiltonNode) -> tuple[bool, str | None]:
        return self.run_to_validate_node(node=created_node)

    @override
    def validate_graph(
        self, *, graph: HamiltonGraph, modules: list[ModuleType], config: dict[str, Any]
    ) -> tuple[bool, str | None]:
        return self.run_to_validate_graph(graph=graph)

    def run_to_validate_node(
        self,
        *,
        node: HamiltonNode,  # noqa: ARG002 - for those who look
        **future_kwargs: Any,  # noqa: ARG002
    ) -> tuple[bool, str | None]:
        """Return whether the node may be in the graph, and why not."""
        return True, None

    def run_to_validate_graph(
        self,
        graph: HamiltonGraph,  # noqa: ARG002 - for those who look
        **future_kwargs: Any,  # noqa: ARG002
    ) -> tuple[bool, str | None]:
        """Return whether the graph may be built, and why not."""
        return True, None


class GraphAdapter(BaseDoNodeExecute, BaseDoValidateInput, BaseDoCheckEdgeTypesMatch, ResultBuilder, abc.ABC):
    """The adapter of Hamilton's first years: runs nodes, decides on types and makes the result."""

    @staticmethod
    @abc.abstractmethod
    def check_input_type(node_type: Any, input_value: Any) -> bool:
        """Tell whether the input is what nodes take."""

    @staticmethod
    @abc.abstractmethod
    def check_node_type_equivalence(node_type: Any, input_type: Any) -> bool:
        """Tell whether what gives `node_type` may be taken by what takes `input_type`."""

    @abc.abstractmethod
    def execute_node(self, node: HamiltonNode, kwargs: dict[str, Any]) -> Any:
        """Return the node's value: `node.callable(**kwargs)`, wherever."""

    @override
    def do_node_execute(
        self, *, run_id: str, node_: HamiltonNode, kwargs: dict[str, Any], task_id: str | None = None
    ) -> Any:
        return self.execute_node(node_, kwargs)

    @override
    def do_validate_input(self, *, node_type: Any, input_value: Any) -> bool:
        return self.check_input_type(node_type, input_value)

    @override
    def do_check_edge_types_match(self, *, type_from: Any, type_to: Any) -> bool:
        return self.check_node_type_equivalence(type_to, type_from)
