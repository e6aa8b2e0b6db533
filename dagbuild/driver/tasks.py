"""Put nodes together to tasks, and run these as Hamilton does under dynamic execution: with adapters told of each.

A task is one node, or the nodes of a block for one element of it, which an executor may call anywhere. Values are
handed on as they are. Guards: each node is called once, each element of a block once, and who was told of a task that
begins is told of its end.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError
from typing import Any

from dagbuild.driver.asking import Calls
from dagbuild.driver.grouping import NodeGroupPurpose
from dagbuild.driver.moments import (
    BasePostTaskExecute,
    BasePostTaskExpand,
    BasePostTaskGroup,
    BasePostTaskReturn,
    BasePreTaskExecute,
    BasePreTaskSubmission,
)
from dagbuild.driver.nodes import HamiltonNode
from dagbuild.driver.task_executors import (
    ExecutionManager,
    SynchronousLocalTaskExecutor,
    TaskFuture,
    TaskState,
)
from dagbuild.driver.walk import Axes, find_axes, find_elements, find_order, go_depth_first, run_node
from dagbuild.model.graph import Graph
from dagbuild.model.node import Node


def walk_tasks(
    graph: Graph,
    names: Iterable[str],
    given: Mapping[str, Any],
    calls: Calls,
    manager: ExecutionManager | None = None,
) -> dict[str, Any]:
    """Return what `walk` does; the manager's executors run tasks, which without one are called here."""
    names = [name for name in dict.fromkeys(names) if name in calls.told]  # others are given, and of no graph
    groups = group_nodes(graph, names, given)
    calls.adapters.tell(
        BasePostTaskGroup, "post_task_group", run_id=calls.run, task_ids=[group.id for group in groups]
    )
    manager = manager or ExecutionManager([SynchronousLocalTaskExecutor()])
    manager.init()
    try:
        return _Tasks(graph, groups, given, calls, manager).run(names)
    finally:
        manager.finalize()


@dataclass(frozen=True)
class Group:
    """Nodes that a task is made of: one for each element of `axis`, where they are in the block of that node."""

    id: str
    names: tuple[str, ...]
    purpose: NodeGroupPurpose
    axis: str | None = None

    @property
    def spawning(self) -> str | None:
        """The task that gives the elements."""
        return None if self.axis is None else f"expand-{self.axis}"


def group_nodes(graph: Graph, names: Collection[str], given: Collection[str]) -> list[Group]:
    """Return what the names need in groups, each after what it needs; what is `given` is a group by itself."""
    order = [name for name in find_order(graph, names, given) if name in graph.nodes or name in given]
    try:
        return _sort(graph, names, given, _group_by_blocks(graph, order, given))
    except CycleError:  # blocks that need each other: a node of them takes what comes of the other's
        return _sort(graph, names, given, _group_by_blocks(graph, order, given, single=True))


def _sort(graph: Graph, names: Iterable[str], given: Collection[str], groups: list[Group]) -> list[Group]:
    homes = {name: group for group in groups for name in group.names}

    def find_needed(group: Group) -> Iterable[Group]:
        ups = [up for name in group.names if name not in given for up in graph.upstream(name) if up in homes]
        return dict.fromkeys(homes[up] for up in ups if up not in group.names)

    return go_depth_first([homes[name] for name in names if name in homes], find_needed)


def _group_by_blocks(
    graph: Graph, order: list[str], given: Collection[str], *, single: bool = False
) -> list[Group]:
    blocks: dict[tuple[str, str], list[str]] = {}
    gatherers: dict[str, str] = {}
    for name in order:
        node = graph.nodes.get(name)
        if node is not None and node.block and name not in given:
            blocks.setdefault((node.block[0], f"-{name}" if single else ""), []).append(name)
        elif node is not None and (axis := _find_gathered(graph, node)):
            known = axis in gatherers.values()
            gatherers[name] = f"{axis}-{name}" if known else axis
    expanders = {axis for axis, _ in blocks} | set(gatherers.values())
    groups = [
        Group(f"block-{axis}{more}", tuple(names), NodeGroupPurpose.EXECUTE_BLOCK, axis)
        for (axis, more), names in blocks.items()
    ]
    inside = {name for group in groups for name in group.names}
    for name in order:
        if name in gatherers:
            groups.append(Group(f"collect-{gatherers[name]}", (name,), NodeGroupPurpose.GATHER))
        elif name in expanders:
            groups.append(Group(f"expand-{name}", (name,), NodeGroupPurpose.EXPAND_UNORDERED))
        elif name not in inside:
            groups.append(Group(name, (name,), NodeGroupPurpose.EXECUTE_SINGLE))
    return groups


def _find_gathered(graph: Graph, node: Node) -> str | None:
    """Return the node whose elements a node takes together, where it does, and is in no block."""
    taken = [up for parameter in node.parameters if parameter.collects for up in parameter.upstream]
    axes = [graph.nodes[up].axes for up in taken if up in graph.nodes]
    return axes[0][0] if axes and axes[0] and not node.block else None


@dataclass(frozen=True)
class Task:
    """The nodes of a group with what they take, to be called: here, or wherever it is sent to.

    Gives the values of `outputs`. It has the members of Hamilton's that an executor or its manager looks at.
    """

    task_id: str
    group: Group
    functions: tuple[Node, ...]
    dynamic_inputs: Mapping[str, Any]
    outputs: tuple[str, ...]
    calls: Calls
    axes: Axes
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def base_id(self) -> str:
        """What the tasks for all elements are called."""
        return self.group.id

    @property
    def nodes(self) -> list[HamiltonNode]:
        """What is told of its nodes."""
        return [self.calls.told[name] for name in self.group.names]

    @property
    def purpose(self) -> NodeGroupPurpose:
        """What it is for."""
        return self.group.purpose

    @property
    def spawning_task_id(self) -> str | None:
        """The task that gives its element."""
        return self.group.spawning

    @property
    def run_id(self) -> str:
        """The run that it is of."""
        return self.calls.run

    def __call__(self) -> dict[str, Any]:
        """Return the values by name; raises what a function raises."""
        self.tell_taken(BasePreTaskExecute, "pre_task_execute")
        results, failed = None, None
        depth = 0 if self.group.axis is None else 1
        try:
            made = dict(self.dynamic_inputs)
            for node in self.functions:
                made[node.name] = run_node(self.axes, node, made, self.calls, task=self.task_id, depth=depth)
            results = made
            return {name: made[name] for name in self.outputs}
        except Exception as error:
            failed = error
            raise
        finally:
            self.tell(
                BasePostTaskExecute,
                "post_task_execute",
                results=results,
                success=failed is None,
                error=failed,
            )

    def tell_taken(self, kind: type[Any], method: str) -> None:
        """Tell adapters of it and what it takes."""
        self.tell(kind, method, inputs=dict(self.dynamic_inputs), overrides=dict(self.overrides))

    def tell(self, kind: type[Any], method: str, **told: Any) -> None:
        """Tell adapters of it."""
        self.calls.adapters.tell(
            kind,
            method,
            run_id=self.run_id,
            task_id=self.task_id,
            nodes=self.nodes,
            spawning_task_id=self.spawning_task_id,
            purpose=self.purpose,
            **told,
        )


class _Tasks:
    """The tasks of one run, and the values that they have made."""

    def __init__(
        self,
        graph: Graph,
        groups: list[Group],
        given: Mapping[str, Any],
        calls: Calls,
        manager: ExecutionManager,
    ) -> None:
        self._graph, self._groups, self._given = graph, groups, given
        self._calls, self._manager = calls, manager
        self._axes = find_axes(graph)
        self._ups = {group.id: self._find_ups(group) for group in groups}
        self._values: dict[str, Any] = {}

    def run(self, names: Collection[str]) -> dict[str, Any]:
        needed = Counter(up for ups in self._ups.values() for up in ups)
        for group in self._groups:
            outputs = tuple(name for name in group.names if name in names or needed[name])
            self._values |= self._run_one(group) if group.axis is None else self._run_all(group, outputs)
            for up in self._ups[group.id]:
                needed[up] -= 1
                if not needed[up] and up not in names:
                    self._values.pop(up, None)
        return {name: self._values[name] for name in names if name in self._values}

    def _find_ups(self, group: Group) -> list[str]:
        ups = [up for name in group.names if name not in self._given for up in self._graph.upstream(name)]
        return [up for up in dict.fromkeys(ups) if up not in group.names]

    def _run_one(self, group: Group) -> dict[str, Any]:
        (name,) = group.names
        is_given = name in self._given
        inputs = {name: self._given[name]} if is_given else self._take(group)
        nodes = () if is_given else (self._graph.nodes[name],)
        overrides = inputs if is_given and name in self._graph.nodes else {}
        task = Task(group.id, group, nodes, inputs, (name,), self._calls, self._axes, overrides)
        return self._hand_out([task])[0]

    def _run_all(self, group: Group, outputs: tuple[str, ...]) -> dict[str, Any]:
        """Return for each output the list of what it is for each element."""
        assert group.axis is not None
        inputs = self._take(group)
        count, choose = find_elements(self._axes, group.axis, inputs)
        # No more than they need: it may be sent far.
        told = {name: self._calls.told[name] for name in group.names}
        calls = replace(self._calls, told=told)
        axes = {name: self._axes[name] for name in (*inputs, *group.names) if name in self._axes}
        nodes = tuple(self._graph.nodes[name] for name in group.names)
        tasks = (
            Task(f"{group.spawning}.{number}.{group.id}", group, nodes, choose(number), outputs, calls, axes)
            for number in range(count)
        )
        made = self._hand_out(tasks)
        return {name: [each[name] for each in made] for name in outputs}

    def _take(self, group: Group) -> dict[str, Any]:
        return {up: self._values[up] for up in self._ups[group.id] if up in self._values}

    def _hand_out(self, tasks: Iterable[Task]) -> list[dict[str, Any]]:
        """Return what the tasks give, with everybody told when each goes and when it is back."""
        made: list[dict[str, Any]] = []
        under_way: deque[tuple[Task, TaskFuture]] = deque()

        def take_in(until: Callable[[], bool]) -> None:
            """Take in what has ended, in order, and wait for more until that holds."""
            pause = _SHORTEST
            while under_way:
                if TaskState.is_terminal(under_way[0][1].get_state()):
                    made.append(_take_back(*under_way.popleft()))
                    pause = _SHORTEST
                elif until():
                    return
                else:
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST)

        for task in tasks:
            executor = self._manager.get_executor_for_task(task)
            take_in(executor.can_submit_task)
            task.tell_taken(BasePreTaskSubmission, "pre_task_submission")
            under_way.append((task, executor.submit_task(task)))
            take_in(lambda: True)
        take_in(lambda: False)
        return made


_SHORTEST, _LONGEST = 0.0005, 0.02
"""Seconds between two looks at a task."""


def _take_back(task: Task, future: TaskFuture) -> dict[str, Any]:
    """Return what a task that has ended gives, with everybody told; raises what it raised."""
    try:
        result: dict[str, Any] = future.get_result()
    except Exception as error:
        task.tell(BasePostTaskReturn, "post_task_return", result=None, success=False, error=error)
        raise
    told = result
    if task.purpose.is_expander():
        (elements,) = result.values()
        parameters = {str(number): each for number, each in enumerate(elements)}
        task.calls.adapters.tell(
            BasePostTaskExpand,
            "post_task_expand",
            run_id=task.run_id,
            task_id=task.task_id,
            parameters=parameters,
        )
        told = {}
    task.tell(BasePostTaskReturn, "post_task_return", result=told, success=True, error=None)
    return result
