"""Nodes on Dask, as Hamilton has it: an adapter that delays calls, an executor for elements, and frames as results.

The only file that knows Dask. The client is the user's: nothing here opens a cluster, or closes one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import dask
import numpy as np
import pandas as pd
from dask import array as da
from dask import dataframe as dd
from dask.base import tokenize
from dask.delayed import Delayed
from dask.distributed import Client

from dagbuild.driver.hooks import GraphAdapter
from dagbuild.driver.nodes import HamiltonNode
from dagbuild.driver.results import PandasDataFrameResult, ResultBuilder
from dagbuild.driver.task_executors import (
    ReadyExecutor,
    TaskFuture,
    TaskFutureWrappingPythonFuture,
    base_execute_task,
)
from dagbuild.driver.types import check_input_type, types_match
from dagbuild.ground.errors import InputError
from dagbuild.ground.override import override

logger = logging.getLogger(__name__)


class DaskGraphAdapter(GraphAdapter):
    """Has nodes run on Dask, and leaves the result to another builder: a DataFrame unless one is given.

    With `use_delayed` each call is delayed, so that what needs nothing of each other runs side by side; without it
    nodes are called here, and what they do with Dask's frames and arrays is Dask's. `compute_at_end` waits for the
    result, else it is given as it is. `visualize_kwargs` are `dask.visualize`'s, which draws what is to run. The client
    is the one that is connected: Dask takes it by itself.
    """

    def __init__(
        self,
        dask_client: Client,
        result_builder: ResultBuilder | None = None,
        visualize_kwargs: Mapping[str, Any] | None = None,
        use_delayed: bool = True,
        compute_at_end: bool = True,
    ) -> None:
        self.client = dask_client
        self.result_builder = result_builder or PandasDataFrameResult()
        self.visualize_kwargs = visualize_kwargs
        self.use_delayed, self.compute_at_end = use_delayed, compute_at_end

    @staticmethod
    @override
    def check_input_type(node_type: Any, input_value: Any) -> bool:
        if isinstance(input_value, Delayed):
            return True  # what it will be is known when it has run
        if node_type == pd.Series and isinstance(input_value, dd.Series):
            return True
        if node_type in (np.array, np.ndarray) and isinstance(input_value, da.Array):
            return True
        return check_input_type(node_type, input_value)

    @staticmethod
    @override
    def check_node_type_equivalence(node_type: Any, input_type: Any) -> bool:
        if input_type == pd.Series and node_type in (da.Array, dd.Series):
            return True
        return types_match(node_type, input_type)

    @override
    def execute_node(self, node: HamiltonNode, kwargs: dict[str, Any]) -> Any:
        assert node.callable is not None
        if not self.use_delayed:
            return node.callable(**kwargs)
        # By its code as well: two drivers may have nodes of one name, and Dask takes one key for one value.
        token = tokenize(node.callable, kwargs)
        delayed = dask.delayed(node.callable, name=f"{node.name}{token}")
        return delayed(**kwargs, dask_key_name=f"{node.name}_{token}")

    @override
    def build_result(self, **outputs: Any) -> Any:
        """Return what the other builder makes of the values, computed or not."""
        for name, value in outputs.items():
            logger.debug("'%s' is a %s", name, type(value).__name__)
        build = self.result_builder.build_result
        result = dask.delayed(build)(**outputs) if self.use_delayed else build(**outputs)
        if self.visualize_kwargs is not None:
            dask.visualize(result, **self.visualize_kwargs)
        return dask.compute(result)[0] if self.compute_at_end else result


class DaskDataFrameResult(ResultBuilder):
    """A frame of Dask's with a column for each value, and `name.column` for each column of a frame.

    Columns are aligned by index. A scalar is repeated as often as the first value before it has rows.
    """

    @staticmethod
    @override
    def build_result(**outputs: Any) -> Any:
        if not outputs:
            raise InputError("a frame needs at least one value")
        parts: list[Any] = []
        columns: list[str] = []
        first: Any = None
        for name, value in outputs.items():
            part = _as_part(value, first)
            if first is None and isinstance(value, pd.Series | pd.DataFrame | dd.Series | dd.DataFrame):
                first = part
            parts.append(part)
            several = isinstance(value, pd.DataFrame | dd.DataFrame)
            columns += [f"{name}.{column}" for column in value.columns] if several else [name]
        frame = dd.concat(parts, axis=1, join="outer")
        frame.columns = columns
        return frame


def _as_part(value: Any, first: Any) -> Any:
    """Return a frame or column of Dask's."""
    if isinstance(value, dd.Series | dd.DataFrame):
        return value
    if isinstance(value, pd.Series | pd.DataFrame):
        return dd.from_pandas(value, npartitions=1)
    if isinstance(value, np.ndarray | da.Array):
        return dd.from_array(value)
    if isinstance(value, list | tuple):
        return dd.from_array(da.from_array(np.asarray(value)))
    scalar = value.compute() if hasattr(value, "__dask_graph__") else value
    index = [0] if first is None else first.index.compute()
    return dd.from_pandas(pd.DataFrame([scalar] * len(index), index=index), npartitions=1)


class DaskExecutor(ReadyExecutor):
    """Has the blocks of elements called by the workers of a client, where they wait; all else is called here."""

    kind = "dask"

    def __init__(self, *, client: Client) -> None:
        self.client = client

    @override
    def submit_task(self, task: Any) -> TaskFuture:
        return TaskFutureWrappingPythonFuture(self.client.submit(base_execute_task, task, pure=False))
