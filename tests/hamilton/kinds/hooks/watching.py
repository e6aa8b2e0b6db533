"""What looks on while nodes run."""

from typing import Any

from hamilton import lifecycle
from hamilton.graph_types import HamiltonGraph, HamiltonNode
from hamilton.lifecycle import base as lifecycle_base


class Notebook(lifecycle.NodeExecutionHook, lifecycle.GraphExecutionHook):
    """Notes what happens."""

    def __init__(self, lines: list[str]):
        self.lines = lines

    def run_before_graph_execution(
        self,
        *,
        graph: HamiltonGraph,
        final_vars,
        inputs,
        overrides,
        execution_path,
        run_id,
        **future_kwargs: Any,
    ):
        nodes = [name for name in execution_path if not graph[name].is_external_input]
        self.lines.append(
            f"begin {final_vars} {sorted(inputs or [])} {overrides} {sorted(nodes)} {len(run_id) > 10}"
        )

    def run_after_graph_execution(
        self,
        *,
        graph: HamiltonGraph,
        success: bool,
        error: Exception | None,
        results: dict | None,
        run_id: str,
        **future_kwargs: Any,
    ):
        self.lines.append(f"end {success} {type(error).__name__} {results} {len(graph.nodes)}")

    def run_before_node_execution(
        self,
        *,
        node_name: str,
        node_tags: dict,
        node_kwargs: dict,
        node_return_type: type,
        task_id: str | None,
        run_id: str,
        node_input_types: dict,
        **future_kwargs: Any,
    ):
        kinds = {name: kind.__name__ for name, kind in node_input_types.items()}
        self.lines.append(
            f"before {node_name} {node_tags} {node_kwargs} {node_return_type.__name__} {task_id} {kinds}"
        )

    def run_after_node_execution(
        self,
        *,
        node_name: str,
        node_tags: dict,
        node_kwargs: dict,
        node_return_type: type,
        result: Any,
        error: Exception | None,
        success: bool,
        task_id: str | None,
        run_id: str,
        **future_kwargs: Any,
    ):
        self.lines.append(f"after {node_name} {result} {error} {success}")


class OnlyTagged(lifecycle.StaticValidator):
    """Wants a station of what is baked."""

    def run_to_validate_node(self, *, node: HamiltonNode, **future_kwargs: Any) -> tuple[bool, str | None]:
        if node.name in ("bread", "rolls") and "station" not in node.tags:
            return False, f"{node.name} has no station"
        return True, None

    def run_to_validate_graph(self, graph: HamiltonGraph, **future_kwargs: Any) -> tuple[bool, str | None]:
        return len(graph.nodes) < 50, "too large"


class Doubler(lifecycle.NodeExecutionMethod):
    """Has cakes made twice."""

    def run_to_execute_node(
        self,
        *,
        node_name: str,
        node_tags: dict,
        node_callable: Any,
        node_kwargs: dict,
        task_id: str | None,
        is_expand: bool,
        is_collect: bool,
        **future_kwargs: Any,
    ) -> Any:
        made = node_callable(**node_kwargs)
        return made * 2 if node_name == "cakes" else made


class Counter(lifecycle_base.BasePostNodeExecute, lifecycle_base.BasePreGraphExecute):
    """One of the older kind, which is told of inner nodes."""

    def __init__(self):
        self.names: list[str] = []
        self.runs = 0

    def pre_graph_execute(self, *, run_id, graph, final_vars, inputs, overrides):
        self.runs += 1

    def post_node_execute(self, *, run_id, node_, kwargs, success, error, result, task_id=None):
        self.names.append(node_.name)


class Joined(lifecycle.ResultBuilder):
    """A text of all values."""

    def build_result(self, **outputs: Any) -> str:
        return ", ".join(f"{name}={value}" for name, value in outputs.items())

    def output_type(self) -> type:
        return str
