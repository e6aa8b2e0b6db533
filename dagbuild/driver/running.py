"""How a driver behind Hamilton's doors runs nodes: plain calls here, or builds with a store.

Plain data, and what Hamilton's executors stand for. Knows no graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagbuild.driver.task_executors import ExecutionManager

RECOMPUTE, DISABLE, IGNORE, DEFAULT = "recompute", "disable", "ignore", "default"
BEHAVIORS = (DEFAULT, RECOMPUTE, DISABLE, IGNORE)
"""What may be said of a node's value."""


@dataclass(frozen=True)
class Caching:
    """That values are kept, and where: the folder or URL that `with_cache` was given, and what it says of single nodes.

    `behaviors` are words of BEHAVIORS by node; `default` is for the others, but for those that load and save.
    """

    path: str
    behaviors: Mapping[str, str] = field(default_factory=dict)
    default: str = DEFAULT
    default_loader_behavior: str = DEFAULT
    default_saver_behavior: str = DEFAULT

    def of(self, name: str, tags: Mapping[str, Any]) -> str:
        """Return what is said of a node."""
        for kind, said in (
            ("data_loader", self.default_loader_behavior),
            ("data_saver", self.default_saver_behavior),
        ):
            if f"hamilton.{kind}" in tags and said != DEFAULT:
                return self.behaviors.get(name, said)
        return self.behaviors.get(name, self.default)


@dataclass(frozen=True)
class Running:
    """What a driver has been told of how to run.

    `executor` is the kind of ours that calls for elements of blocks are handed to: None for calls one after the other,
    "threads", "dask" or "own" for those that `manager` hands tasks to, or "local" or "ray" for all nodes; `options` are
    for it, and `jobs` is how many at once. `dynamic` says that nodes are put together to tasks.
    """

    caching: Caching | None = None
    executor: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    jobs: int | None = None
    materializers: tuple[Any, ...] = ()
    manager: ExecutionManager | None = None
    dynamic: bool = False


PLAIN = Running()
"""Functions are called here, one after the other, and nothing is kept."""
