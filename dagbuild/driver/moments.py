"""The moments at which a user's adapter may do something while a driver works: Hamilton's lifecycle, one class each.

An adapter is asked at those whose class it has. What people subclass is in `hooks`. Knows nothing of how nodes are run.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from types import ModuleType
from typing import Any

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
