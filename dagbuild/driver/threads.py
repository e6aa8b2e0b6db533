"""Nodes side by side in threads of this process: Hamilton's adapter that says so, and the walk that does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from dagbuild.driver.adapters import SimplePythonGraphAdapter
from dagbuild.driver.results import ResultBuilder
from dagbuild.driver.walk import Call, find_axes, run_node
from dagbuild.model.graph import Graph


class FutureAdapter(SimplePythonGraphAdapter):
    """Has nodes run side by side in threads: for those that wait for a network or a disk.

    `max_workers` is how many at once. With a store, they run in processes all the same.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        result_builder: ResultBuilder | None = None,
    ) -> None:
        super().__init__(result_builder)
        self.max_workers, self.thread_name_prefix = max_workers, thread_name_prefix


def walk_side_by_side(
    graph: Graph,
    names: Iterable[str],
    given: Mapping[str, Any],
    call: Call,
    adapter: FutureAdapter,
) -> dict[str, Any]:
    """Return what `walk` does, with each node run as soon as what it takes is there.

    Raises what the first that fails has raised; what runs by then runs to its end, and nothing else begins.
    """
    names, axes = list(names), find_axes(graph)
    order = graph.order(names, stop=given.__contains__)
    values = {name: given[name] for name in order if name in given}
    waiting = [name for name in order if name in graph.nodes and name not in given]
    running: dict[Future[Any], str] = {}
    with ThreadPoolExecutor(adapter.max_workers, adapter.thread_name_prefix) as pool:
        while waiting or running:
            begun = set()
            for name in waiting:
                node = graph.nodes[name]
                if all(up in values or up not in graph.nodes for up in node.upstream):
                    taken = {up: values[up] for up in node.upstream if up in values}
                    running[pool.submit(run_node, axes, node, taken, call)] = name
                    begun.add(name)
            waiting = [name for name in waiting if name not in begun]
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                values[running.pop(future)] = future.result()
    return {name: values[name] for name in names if name in values}
