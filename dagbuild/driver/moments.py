"""The moments at which a user's adapter may do something while a driver works: Hamilton's lifecycle, one class each.

An adapter is asked at those whose class it has. What people subclass is in `hooks`. Knows nothing of how nodes are run.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from dagbuild.driver.grouping import NodeGroupPurpose
from dagbuild.driver.nodes import HamiltonGraph, HamiltonNode


class BasePreDoAnythingHook:
    """Is told before anything else happens."""

    def pre_do_anything(self) -> None:
        """Do something before the graph is made."""


class BasePostGraphConstruct:
    """Is told of a graph that has been made."""

    def post_graph_construct(
        self, *, graph: HamiltonGraph, modules: list[ModuleType], config: dict[str, Any]
    ) -> None:
        """Look at the graph."""


class BasePreGraphExecute:
    """Is told before the first node runs."""

    def pre_graph_execute(
        self,
        *,
        run_id: str,
        graph: HamiltonGraph,
        final_vars: list[str],
        inputs: Mapping[str, Any] | None,
        overrides: Mapping[str, Any] | None,
    ) -> None:
        """Look at what is asked for."""


class BasePostGraphExecute:
    """Is told after the last node has run, or one has failed."""

    def post_graph_execute(
        self,
        *,
        run_id: str,
        graph: HamiltonGraph,
        success: bool,
        error: Exception | None,
        results: dict[str, Any] | None,
    ) -> None:
        """Look at what came of it."""


class BasePreNodeExecute:
    """Is told before each node runs."""

    def pre_node_execute(
        self, *, run_id: str, node_: HamiltonNode, kwargs: dict[str, Any], task_id: str | None = None
    ) -> None:
        """Look at what the node is called with."""


class BasePostNodeExecute:
    """Is told after each node has run, or failed."""

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
    ) -> None:
        """Look at what came of the node."""


class BaseDoNodeExecute(abc.ABC):
    """Runs nodes itself."""

    @abc.abstractmethod
    def do_node_execute(
        self, *, run_id: str, node_: HamiltonNode, kwargs: dict[str, Any], task_id: str | None = None
    ) -> Any:
        """Return the node's value."""


class BaseDoRemoteExecute(abc.ABC):
    """Has the calls of nodes made elsewhere, with all that is told of them."""

    @abc.abstractmethod
    def do_remote_execute(
        self, *, node: HamiltonNode, execute_lifecycle_for_node: Callable[..., Any], **kwargs: Any
    ) -> Any:
        """Return the node's value: `execute_lifecycle_for_node(**kwargs)`, wherever."""


class BasePostTaskGroup:
    """Is told which tasks there will be, under dynamic execution."""

    def post_task_group(self, *, run_id: str, task_ids: list[str]) -> None:
        """Look at the names of the tasks; one stands for those of all elements."""


class BasePostTaskExpand:
    """Is told of the elements that a task has given."""

    def post_task_expand(self, *, run_id: str, task_id: str, parameters: dict[str, Any]) -> None:
        """Look at the elements, each under its number."""


class BasePreTaskSubmission:
    """Is told of a task before it is handed to an executor."""

    def pre_task_submission(
        self,
        *,
        run_id: str,
        task_id: str,
        nodes: list[HamiltonNode],
        inputs: dict[str, Any],
        overrides: dict[str, Any],
        spawning_task_id: str | None,
        purpose: NodeGroupPurpose,
    ) -> None:
        """Look at what the task takes."""


class BasePreTaskExecute:
    """Is told of a task where it runs, before its first node."""

    def pre_task_execute(
        self,
        *,
        run_id: str,
        task_id: str,
        nodes: list[HamiltonNode],
        inputs: dict[str, Any],
        overrides: dict[str, Any],
        spawning_task_id: str | None,
        purpose: NodeGroupPurpose,
    ) -> None:
        """Look at what the task takes."""


class BasePostTaskExecute:
    """Is told of a task where it runs, after its last node, or when one has failed."""

    def post_task_execute(
        self,
        *,
        run_id: str,
        task_id: str,
        nodes: list[HamiltonNode],
        results: dict[str, Any] | None,
        success: bool,
        error: Exception | None,
        spawning_task_id: str | None,
        purpose: NodeGroupPurpose,
    ) -> None:
        """Look at what the task took and made, by node."""


class BasePostTaskReturn:
    """Is told of a task that has come back from an executor."""

    def post_task_return(
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
    ) -> None:
        """Look at what the task has made for others, by node."""


class BaseDoBuildResult(abc.ABC):
    """Makes the result of the values of the targets."""

    @abc.abstractmethod
    def do_build_result(self, *, outputs: dict[str, Any]) -> Any:
        """Return the result."""


class BaseDoCheckEdgeTypesMatch(abc.ABC):
    """Decides whether what one node gives is what another takes."""

    @abc.abstractmethod
    def do_check_edge_types_match(self, *, type_from: Any, type_to: Any) -> bool:
        """Tell whether they match."""


class BaseDoValidateInput(abc.ABC):
    """Decides whether an input is what nodes take."""

    @abc.abstractmethod
    def do_validate_input(self, *, node_type: Any, input_value: Any) -> bool:
        """Tell whether it is."""


class BaseValidateNode(abc.ABC):
    """Decides whether a node may be in the graph."""

    @abc.abstractmethod
    def validate_node(self, *, created_node: HamiltonNode) -> tuple[bool, str | None]:
        """Return whether it may, and why not."""


class BaseValidateGraph(abc.ABC):
    """Decides whether a graph may be built."""

    @abc.abstractmethod
    def validate_graph(
        self, *, graph: HamiltonGraph, modules: list[ModuleType], config: dict[str, Any]
    ) -> tuple[bool, str | None]:
        """Return whether it may, and why not."""
