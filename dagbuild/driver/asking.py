"""Ask what adapters a driver has been given, each at the moments that it has a class for.

Knows nothing of graphs. Guards: what is told before a node runs is told after it, too, whatever comes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from dagbuild.driver.moments import (
    BaseDoBuildResult,
    BaseDoCheckEdgeTypesMatch,
    BaseDoNodeExecute,
    BaseDoRemoteExecute,
    BaseDoValidateInput,
    BasePostNodeExecute,
    BasePostTaskExecute,
    BasePreNodeExecute,
    BasePreTaskExecute,
)
from dagbuild.driver.nodes import HamiltonNode
from dagbuild.driver.results import ResultBuilder
from dagbuild.ground.texts import put_note
from dagbuild.model.node import Node


class Adapters:
    """What a driver has been given, asked in turn at each moment."""

    def __init__(self, adapters: Collection[Any]) -> None:
        self.all = tuple(adapters)
        self._found: dict[type[Any], list[Any]] = {}

    def of(self, kind: type[Any]) -> list[Any]:
        """Return those that have the class of a moment."""
        if kind not in self._found:  # it is asked of each node
            self._found[kind] = [each for each in self.all if isinstance(each, kind)]
        return self._found[kind]

    def tell(self, kind: type[Any], method: str, **told: Any) -> None:
        """Call the method of a moment of those that have its class."""
        for hook in self.of(kind):
            getattr(hook, method)(**told)

    def __reduce__(self) -> tuple[Any, ...]:
        """Send those along with a task that are asked where nodes run."""
        return Adapters, ([each for each in self.all if isinstance(each, _OF_WORKERS)],)

    @property
    def that_run_nodes(self) -> list[Any]:
        """Those that run nodes themselves, otherwise than by calling them here."""
        running = [each for each in self.all if isinstance(each, BaseDoNodeExecute | BaseDoRemoteExecute)]
        return [each for each in running if not getattr(each, "calls_here", False)]

    def call(self, run: str, node: HamiltonNode, kwargs: dict[str, Any], task: str | None) -> Any:
        """Return a node's value, with everybody told before and after; raises what its function raises."""
        live = partial(self._live, run, node, task)
        for method in self.of(BaseDoRemoteExecute):
            return method.do_remote_execute(node=node, execute_lifecycle_for_node=live, **kwargs)
        return live(**kwargs)

    def _live(self, run: str, node: HamiltonNode, task: str | None, /, **kwargs: Any) -> Any:
        for hook in self.of(BasePreNodeExecute):
            hook.pre_node_execute(run_id=run, node_=node, kwargs=kwargs, task_id=task)
        result, failed = None, None
        try:
            result = self.make(run, node, kwargs, task)
            if node.expands:
                if not isinstance(result, Iterable):
                    raise TypeError(f"node '{node.name}' gives elements, and gave a {type(result).__name__}")
                result = list(result)  # so that whoever is told of elements takes none of them away
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


_OF_WORKERS = (
    BasePreTaskExecute,
    BasePostTaskExecute,
    BasePreNodeExecute,
    BasePostNodeExecute,
    BaseDoNodeExecute,
    BaseDoRemoteExecute,
)


@dataclass(frozen=True)
class Calls:
    """Calls nodes of one run, with everybody told; what is raised has a note on which node it was."""

    adapters: Adapters
    told: Mapping[str, HamiltonNode]
    run: str

    def __call__(self, node: Node, kwargs: dict[str, Any], task: str | None, /) -> Any:
        """Return what the node's function gives."""
        try:
            return self.adapters.call(self.run, self.told[node.name], kwargs, task)
        except Exception as error:
            put_note(error, f"in node '{node.name}', {node.where}")
            raise
