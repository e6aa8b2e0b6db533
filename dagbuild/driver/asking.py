"""Ask what adapters a driver has been given, each at the moments that it has a class for.

Knows nothing of graphs. Guards: what is told before a node runs is told after it, too, whatever comes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dagbuild.driver.moments import (
    BaseDoBuildResult,
    BaseDoCheckEdgeTypesMatch,
    BaseDoNodeExecute,
    BaseDoValidateInput,
    BasePostNodeExecute,
    BasePreNodeExecute,
)
from dagbuild.driver.nodes import HamiltonNode
from dagbuild.driver.results import ResultBuilder


class Adapters:
    """What a driver has been given, asked in turn at each moment."""

    def __init__(self, adapters: Collection[Any]) -> None:
        self.all = tuple(adapters)

    def of(self, kind: type[Any]) -> list[Any]:
        """Return those that have the class of a moment."""
        return [each for each in self.all if isinstance(each, kind)]

    @property
    def runs_nodes(self) -> bool:
        """Whether one of them runs nodes itself, otherwise than by calling them here."""
        return any(not getattr(each, "calls_here", False) for each in self.of(BaseDoNodeExecute))

    def call(self, run: str, node: HamiltonNode, kwargs: dict[str, Any], task: str | None) -> Any:
        """Return a node's value, with everybody told before and after; raises what its function raises."""
        for hook in self.of(BasePreNodeExecute):
            hook.pre_node_execute(run_id=run, node_=node, kwargs=kwargs, task_id=task)
        result, failed = None, None
        try:
            result = self.make(run, node, kwargs, task)
            return result
        except Exception as error:
            failed = error
            raise
        finally:
            for hook in self.of(BasePostNodeExecute):
                hook.post_node_execute(
                    run_id=run, node_=node, kwargs=kwargs, success=failed is None, error=failed, result=result,
                    task_id=task,
                )  # fmt: skip

    def make(self, run: str, node: HamiltonNode, kwargs: dict[str, Any], task: str | None) -> Any:
        """Return what the first makes of a node that runs nodes itself; where nobody does, what its function gives."""
        for method in self.of(BaseDoNodeExecute):
            return method.do_node_execute(run_id=run, node_=node, kwargs=kwargs, task_id=task)
        assert node.callable is not None
        return node.callable(**kwargs)

    def find_accepted(self, kind: Any, value: Any) -> bool:
        """Tell whether one of them takes a value for what nodes take."""
        return any(
            each.do_validate_input(node_type=kind, input_value=value) for each in self.of(BaseDoValidateInput)
        )

    def are_joined(self, made: Any, taken: Any) -> bool:
        """Tell whether one of them lets an edge be that types forbid."""
        return any(
            each.do_check_edge_types_match(type_from=made, type_to=taken)
            for each in self.of(BaseDoCheckEdgeTypesMatch)
        )

    def build_result(self, outputs: Mapping[str, Any]) -> Any:
        """Return what the first that can makes of the values of the targets: a dict where nobody can."""
        for each in self.all:
            if isinstance(each, BaseDoBuildResult):
                return each.do_build_result(outputs=dict(outputs))
            if isinstance(each, ResultBuilder):
                return each.build_result(**outputs)
        return dict(outputs)
