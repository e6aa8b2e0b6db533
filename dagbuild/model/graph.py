"""Nodes and edges, and walks along them.

Knows nothing of values, files or fingerprints. Every walk is a loop, so a chain of 100,000 nodes is no problem.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from dagbuild.model.node import Input, Node


class Graph:
    """An immutable graph of nodes; names that no node makes are its inputs."""

    def __init__(self, nodes: Mapping[str, Node], inputs: Mapping[str, Input]) -> None:
        self.nodes: Mapping[str, Node] = dict(nodes)
        self.inputs: Mapping[str, Input] = dict(inputs)
        self._upstream = {name: node.upstream for name, node in self.nodes.items()}
        self._downstream: dict[str, list[str]] = {name: [] for name in (*self.inputs, *self.nodes)}
        for consumer, names in self._upstream.items():
            for name in names:
                self._downstream.setdefault(name, []).append(consumer)

    def __contains__(self, name: object) -> bool:
        return name in self.nodes or name in self.inputs

    def upstream(self, name: str) -> tuple[str, ...]:
        """Return the names that the node takes directly; nothing for an input."""
        return self._upstream.get(name, ())

    def downstream(self, name: str) -> tuple[str, ...]:
        """Return the nodes that take this one directly, in the order of definition."""
        return tuple(self._downstream.get(name, ()))

    def reach_up(self, names: Iterable[str], stop: Callable[[str], bool] = lambda _: False) -> set[str]:
        """Return `names` and all they are made from; what `stop` holds for is kept but not followed."""
        return _reach(names, lambda name: () if stop(name) else self.upstream(name))

    def find_shaped(self, key: str, names: Iterable[str]) -> Node | None:
        """Return one of the nodes that these are made from that this config value has chosen or shaped, or None."""
        reached = self.reach_up(name for name in names if name in self)
        nodes = (node for name, node in self.nodes.items() if name in reached)
        return next((node for node in nodes if key in node.config_used), None)

    def reach_down(self, names: Iterable[str]) -> set[str]:
        """Return `names` and all that is made from them."""
        return _reach(names, self.downstream)

    def order(self, names: Iterable[str], stop: Callable[[str], bool] = lambda _: False) -> list[str]:
        """Return `names` and all they need, inputs included, each after what it needs.

        Nodes of a cycle are left out; `find_cycle` tells of them.
        """
        wanted = self.reach_up(names, stop)
        waiting: dict[str, int] = {}
        for name in wanted:
            # Names that are in no graph (an override of something unknown) are none of the walk's business.
            waiting[name] = 0 if stop(name) else sum(up in self for up in self.upstream(name))
        ready = deque(name for name in (*self.inputs, *self.nodes) if waiting.get(name) == 0)
        done: list[str] = []
        while ready:
            name = ready.popleft()
            done.append(name)
            for consumer in self._downstream.get(name, ()):
                if consumer in wanted and not stop(consumer):
                    waiting[consumer] -= 1
                    if waiting[consumer] == 0:
                        ready.append(consumer)
        return done

    def find_cycle(self) -> list[str] | None:
        """Return the names of one cycle in order, the first repeated at the end; None when there is none."""
        left = set(self.nodes) - set(self.order(self.nodes))
        if not left:
            return None
        name = min(left)
        seen: dict[str, int] = {}
        path: list[str] = []
        while name not in seen:
            seen[name] = len(path)
            path.append(name)
            name = next(up for up in self.upstream(name) if up in left)
        cycle = path[seen[name] :]
        return [*reversed(cycle), cycle[-1]]

    def find_path(self, start: str, end: str) -> set[str]:
        """Return every name on a way from `start` down to `end`, both included; empty when there is none."""
        between = self.reach_down([start]) & self.reach_up([end])
        return between if start in between and end in between else set()


def _reach(names: Iterable[str], neighbours: Callable[[str], Sequence[str]]) -> set[str]:
    seen: set[str] = set(names)
    todo = list(seen)
    while todo:
        for name in neighbours(todo.pop()):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen
