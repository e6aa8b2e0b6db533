"""What every executor promises, and what it is handed.

An executor only runs steps: it knows nothing of plans, keys or why a step runs. Values travel as artifacts through
the store, never through the executor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagbuild.events import Failure
from dagbuild.node import Node
from dagbuild.record import Artifact, BlobRef


@dataclass(frozen=True)
class Work:
    """One call to make: `node`, with `values` by upstream name; `views` are nodes to run inside this step first.

    `keep` says whether the result is to be stored; when not (a node that is never cached), the value itself comes back.
    """

    node: Node
    values: Mapping[str, Artifact]
    views: tuple[Node, ...] = ()
    keep: bool = True


@dataclass(frozen=True)
class Done:
    """The call returned: its artifact is in the store (or `value` is the value, where it was not to be kept).

    Seconds of wall and CPU time, bytes of peak memory growth, what it printed.
    """

    artifact: Artifact | None
    value: Any = None
    started: float = 0.0
    duration: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    host: str = ""
    log: str = ""


@dataclass(frozen=True)
class Lost:
    """The call was not made: these upstream values could not be read back (name -> the blob and why)."""

    upstream: Mapping[str, tuple[BlobRef | None, str]] = field(default_factory=dict)


Outcome = Done | Lost | Failure


class Executor(ABC):
    """Runs steps, side by side where it can."""

    name: str
    slots: int
    """How many steps are worth handing over at a time."""

    @abstractmethod
    def submit(self, work: Work) -> None:
        """Take a step to run; returns at once."""

    @abstractmethod
    def wait(self) -> list[tuple[str, Outcome]]:
        """Wait until at least one step has ended; return (node name, outcome) of all that have.

        Whatever the node raises, and the death of its worker, is an outcome; KeyboardInterrupt is raised.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop what still runs and free everything; safe to call twice."""
