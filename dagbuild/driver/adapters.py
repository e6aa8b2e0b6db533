"""The adapters that Hamilton brings: result builders that are adapters, and what looks at nodes while they run.

Each says in its docstring what it does; none of them knows a driver.
"""

from __future__ import annotations

import logging
import pdb
import random
import time
from collections.abc import Callable, Iterable
from typing import Any

from dagbuild.driver.hooks import EdgeConnectionHook, GraphAdapter, NodeExecutionHook, NodeExecutionMethod
from dagbuild.driver.nodes import HamiltonNode
from dagbuild.driver.results import DictResult, PandasDataFrameResult, ResultBuilder
from dagbuild.ground.override import override
from dagbuild.model.elements import Parallelizable, find_element
from dagbuild.model.types import accepts, check_value, describe_type

logger = logging.getLogger(__name__)

NodeFilter = Callable[[str, dict[str, Any]], bool] | list[str] | str | None
"""Which nodes: a name, names, or what is asked of a name and its tags; None for all."""


class SimplePythonGraphAdapter(GraphAdapter):
    """Calls nodes here, and leaves the result to a result builder: a dict unless one is given."""

    calls_here = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.calls_here = cls.execute_node is SimplePythonGraphAdapter.execute_node

    def __init__(self, result_builder: ResultBuilder | None = None) -> None:
        self.result_builder = result_builder or DictResult()

    @staticmethod
    @override
    def check_input_type(node_type: Any, input_value: Any) -> bool:
        return check_value(input_value, node_type)

    @staticmethod
    @override
    def check_node_type_equivalence(node_type: Any, input_type: Any) -> bool:
        return accepts(input_type, node_type)

    @override
    def execute_node(self, node: HamiltonNode, kwargs: dict[str, Any]) -> Any:
        assert node.callable is not None
        return node.callable(**kwargs)

    @override
    def build_result(self, **outputs: Any) -> Any:
        return self.result_builder.build_result(**outputs)


class DefaultAdapter(SimplePythonGraphAdapter):
    """Calls nodes here; the result is a dict unless a result builder is given."""


class SimplePythonDataFrameGraphAdapter(SimplePythonGraphAdapter):
    """Calls nodes here; the result is a DataFrame."""

    def __init__(self) -> None:
        super().__init__(PandasDataFrameResult())


def should_run_node(node_name: str, node_tags: dict[str, Any], node_filter: NodeFilter) -> bool:
    """Tell whether a filter means a node."""
    if node_filter is None:
        return True
    if callable(node_filter):
        return bool(node_filter(node_name, node_tags))
    return node_name in ([node_filter] if isinstance(node_filter, str) else node_filter)


class PrintLn(NodeExecutionHook):
    """Prints a line before and after each node; with `verbosity` 2 what it takes and gives, too."""

    def __init__(
        self,
        verbosity: int = 1,
        print_fn: Callable[[str], None] = print,
        node_filter: NodeFilter = None,
    ) -> None:
        if verbosity not in (1, 2):
            raise ValueError(f"verbosity is {verbosity!r}: it may be 1 or 2")
        self.verbosity, self.print_fn, self.node_filter = verbosity, print_fn, node_filter
        self._begun: dict[tuple[str, str | None], float] = {}

    @override
    def run_before_node_execution(
        self,
        *,
        node_name: str,
        node_tags: dict[str, Any],
        node_kwargs: dict[str, Any],
        task_id: str | None,
        **future_kwargs: Any,
    ) -> None:
        if not should_run_node(node_name, node_tags, self.node_filter):
            return
        self._begun[node_name, task_id] = time.perf_counter()
        with_what = f" with inputs: {node_kwargs}" if self.verbosity > 1 else ""
        self.print_fn(f"Executing node: {node_name}{_tell_task(task_id)}{with_what}.")

    @override
    def run_after_node_execution(
        self,
        *,
        node_name: str,
        node_tags: dict[str, Any],
        result: Any,
        error: Exception | None,
        success: bool,
        task_id: str | None,
        **future_kwargs: Any,
    ) -> None:
        if not should_run_node(node_name, node_tags, self.node_filter):
            return
        seconds = time.perf_counter() - self._begun.pop((node_name, task_id))
        ended = "Finished" if success else "Error in"
        what = (f" Result: {result}." if success else f" Error: {error!r}.") if self.verbosity > 1 else ""
        self.print_fn(f"{ended} node: {node_name}{_tell_task(task_id)} in {seconds:.3f} s.{what}")


def _tell_task(task: str | None) -> str:
    return f" [{task}]" if task else ""


class PDBDebugger(NodeExecutionHook, NodeExecutionMethod):
    """Opens Python's debugger before, in place of, or after the call of a node."""

    def __init__(
        self,
        node_filter: NodeFilter,
        before: bool = False,
        during: bool = False,
        after: bool = False,
    ) -> None:
        self.node_filter = node_filter
        self.before, self.during, self.after = before, during, after

    @override
    def run_to_execute_node(
        self,
        *,
        node_name: str,
        node_tags: dict[str, Any],
        node_callable: Any,
        node_kwargs: dict[str, Any],
        **future_kwargs: Any,
    ) -> Any:
        if self.during and should_run_node(node_name, node_tags, self.node_filter):
            return pdb.runcall(node_callable, **node_kwargs)
        return node_callable(**node_kwargs)

    @override
    def run_before_node_execution(
        self, *, node_name: str, node_tags: dict[str, Any], node_kwargs: dict[str, Any], **future_kwargs: Any
    ) -> None:
        if self.before and should_run_node(node_name, node_tags, self.node_filter):
            pdb.set_trace()

    @override
    def run_after_node_execution(
        self, *, node_name: str, node_tags: dict[str, Any], result: Any, **future_kwargs: Any
    ) -> None:
        if self.after and should_run_node(node_name, node_tags, self.node_filter):
            pdb.set_trace()


class SlowDownYouMoveTooFast(NodeExecutionHook):
    """Waits before each node: some seconds, drawn from a normal distribution."""

    def __init__(self, sleep_time_mean: float, sleep_time_std: float) -> None:
        self.sleep_time_mean, self.sleep_time_std = sleep_time_mean, sleep_time_std
        self._random = random.Random()

    @override
    def run_before_node_execution(self, **future_kwargs: Any) -> None:
        time.sleep(max(0.0, self._random.gauss(self.sleep_time_mean, self.sleep_time_std)))

    @override
    def run_after_node_execution(self, **future_kwargs: Any) -> None:
        """Go on at once."""


class FunctionInputOutputTypeChecker(NodeExecutionHook):
    """Holds what each node takes and gives against its annotations; raises TypeError."""

    def __init__(self, check_input: bool = True, check_output: bool = True) -> None:
        self.check_input, self.check_output = check_input, check_output

    @override
    def run_before_node_execution(
        self,
        *,
        node_name: str,
        node_kwargs: dict[str, Any],
        node_input_types: dict[str, Any],
        **future_kwargs: Any,
    ) -> None:
        for name, value in node_kwargs.items() if self.check_input else ():
            wanted = node_input_types.get(name, Any)
            if not check_value(value, wanted):
                raise TypeError(
                    f"node '{node_name}' takes '{name}' as {describe_type(wanted)}, and got a {type(value).__name__}"
                )

    @override
    def run_after_node_execution(
        self, *, node_name: str, node_return_type: Any, result: Any, success: bool, **future_kwargs: Any
    ) -> None:
        expands, _ = find_element(node_return_type, Parallelizable)
        wanted = Iterable if expands else node_return_type  # what it yields is looked at where it is taken
        if self.check_output and success and not check_value(result, wanted):
            raise TypeError(
                f"node '{node_name}' gives {describe_type(node_return_type)}, and gave a {type(result).__name__}"
            )


class NoEdgeAndInputTypeChecking(EdgeConnectionHook):
    """Takes whatever is given, and joins whatever is named."""

    @override
    def check_edge_types_match(self, type_from: Any, type_to: Any, **kwargs: Any) -> bool:
        return True

    @override
    def validate_input(self, node_type: Any, input_value: Any, **kwargs: Any) -> bool:
        return True


_ACCEPTS = "__dagbuild_accepts_error_sentinels__"


def accept_error_sentinels(func: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function that is to be called with what GracefulErrorAdapter puts in the place of values, too."""
    setattr(func, _ACCEPTS, True)
    return func


class GracefulErrorAdapter(NodeExecutionMethod):
    """Goes on when a node fails: its value is `sentinel_value`, and so is that of each node that takes it.

    Only of an `error_to_catch`. With `try_all_parallel` what a node had given of elements by then is gone on with, and
    the sentinel. With `allow_injection`, a function marked by `accept_error_sentinels` is called with the sentinel.
    """

    def __init__(
        self,
        error_to_catch: type[Exception],
        sentinel_value: Any = None,
        try_all_parallel: bool = True,
        allow_injection: bool = True,
    ) -> None:
        self.error_to_catch = error_to_catch
        self.sentinel_value = sentinel_value
        self.try_all_parallel = try_all_parallel
        self.allow_injection = allow_injection

    @override
    def run_to_execute_node(
        self, *, node_callable: Any, node_kwargs: dict[str, Any], is_expand: bool,
        node_name: str = "", **future_kwargs: Any,
    ) -> Any:  # fmt: skip
        takes = self.allow_injection and getattr(node_callable, _ACCEPTS, False)
        if not takes and any(map(self._is_sentinel, node_kwargs.values())):
            return [] if is_expand else self.sentinel_value
        try:
            made = node_callable(**node_kwargs)
            return self._list(made) if is_expand else made
        except self.error_to_catch:
            logger.exception("node '%s' failed; the build goes on", node_name)
            return [] if is_expand else self.sentinel_value

    def _list(self, made: Any) -> list[Any]:
        """Return the elements, with the sentinel where giving one has failed."""
        found = []
        try:
            for each in made:
                found.append(each)
        except self.error_to_catch:
            if not self.try_all_parallel:
                raise
            found.append(self.sentinel_value)
        return found

    def _is_sentinel(self, value: Any) -> bool:
        if self.sentinel_value is None:
            return value is None
        return type(value) is type(self.sentinel_value) and bool(value == self.sentinel_value)
