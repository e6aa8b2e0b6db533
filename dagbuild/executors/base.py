"""What every executor promises, and what it is handed.

An executor only runs steps: it knows nothing of plans or why a step runs. Values travel as artifacts through the store,
never through the executor; so do records, which the worker puts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagbuild.ground.digest import Digest
from dagbuild.model.node import Node
from dagbuild.model.outcome import Outcome
from dagbuild.model.record import Artifact, Draft, Key, Manifest, Output
from dagbuild.store.declared import DeclaredFiles

LONGEST_WAIT = 3600.0
"""Seconds that are waited at once, however far a time is: calls of the system refuse long ones (epoll: 24 days)."""


@dataclass(frozen=True)
class Work:
    """One call to make: `node`, with upstream values by name.

    `values` are artifacts to load from the store; `held` are values that could not be stored and exist in memory only.
    `views` are never-cached nodes to run inside this step, each after what it needs. `draft` is what the record will
    say that is known before; without one the value is not to be kept, and comes back itself. `lease` is the key to hold
    while computing and until the record is put, so that two builds do not compute it twice. `files` are names among
    `values` that are paths of declared files, whose content counts already; `declared` are the declarations, with the
    digests that the key was made of: a value of other content is not recorded. `manifests` are
    those of the node and of its views: other code of the project that runs is observed. `foreign` are outputs that the
    step must not read, with the nodes that write them: nothing says that these come first. `places` are the paths that
    the upstreams declare, by name: a record that says others for its outputs is not to be believed. `call` is what the
    call is named where it is one of several of the node: "page[17]". `attempt` is which try at the call this is: from
    the second on it is to find nothing that the ones before it have left.
    """

    node: Node
    values: Mapping[str, Artifact]
    draft: Draft | None = None
    held: Mapping[str, Any] = field(default_factory=dict)
    views: tuple[Node, ...] = ()
    lease: Key | None = None
    files: frozenset[str] = frozenset()
    declared: tuple[tuple[DeclaredFiles, Digest], ...] = ()
    manifests: tuple[Manifest, ...] = ()
    foreign: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    call: str = ""
    attempt: int = 1

    @property
    def name(self) -> str:
        """What the call is named, in outcomes and for people: as the node, where it is its only one."""
        return self.call or self.node.name

    @property
    def taken(self) -> list[tuple[str, Output]]:
        """The outputs of the values, with whose they are: the step may read them."""
        return [
            (name, output)
            for name, value in self.values.items()
            for output in value.outputs
            if output.path in self.places.get(name, ())
        ]


class Executor(ABC):
    """Runs steps, side by side where it can.

    A step that takes longer than its node's `timeout` is ended, with the processes that it has started; its time begins
    when `Worker.on_begin` is told of it. What became of that, and of a step whose process is gone, `unfinished` tells.
    Where a step runs that nobody can end, people are told.
    """

    name: str
    slots: int
    """How many steps are worth handing over at a time, of those that take one core."""
    memory: int | None = None
    """Bytes that steps may take together; None where the executor sees to that itself, or nobody knows."""

    @abstractmethod
    def submit(self, work: Work) -> None:
        """Take a step to run; returns at once."""

    @abstractmethod
    def wait(self, most: float | None = None) -> list[tuple[str, Outcome]]:
        """Wait until a step has ended, or for a while; return (`Work.name`, outcome) of all that have.

        After `most` seconds there is something else to do; only a step that runs in this thread may take longer.
        Whatever the node raises, and the death of its worker, is an outcome, a KeyboardInterrupt of its own, too; that
        of Ctrl-C is raised.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop what still runs and free everything; safe to call twice."""
