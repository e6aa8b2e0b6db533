"""What every executor promises, and what it is handed.

An executor only runs steps: it knows nothing of plans, keys or why a step runs. Values travel as artifacts through
the store, never through the executor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagbuild.model.node import Node
from dagbuild.model.record import Artifact, Key, Record
from dagbuild.observe import Seen, Watch
from dagbuild.plan.events import Failure


@dataclass(frozen=True)
class Work:
    """One call to make: `node`, with upstream values by name.

    `values` are artifacts to load from the store; `held` are values that could not be stored and exist in memory only.
    `views` are never-cached nodes to run inside this step, each after what it needs. `lease` is the key to hold while
    computing, so that two builds do not compute it twice. `keep` says whether the result is to be stored; when not,
    the value itself comes back. `watch` asks to observe what the call reads; `files` are names among `values` that are
    paths of declared files, whose content counts already.
    """

    node: Node
    values: Mapping[str, Artifact]
    held: Mapping[str, Any] = field(default_factory=dict)
    views: tuple[Node, ...] = ()
    lease: Key | None = None
    keep: bool = True
    watch: Watch | None = None
    files: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Done:
    """The call returned.

    Its artifact is in the store, unless `stored` is False: then `value` is the value itself, because it was not to be
    kept or the store could not be written (`trouble` says why). `duration` and `cpu` are seconds, `started` seconds
    since 1970, `memory` bytes of peak memory growth, `log` what it printed, `seen` what it was
    seen to read.
    """

    artifact: Artifact | None
    stored: bool = True
    value: Any = None
    trouble: str = ""
    started: float = 0.0
    duration: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    host: str = ""
    log: str = ""
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True)
class Found:
    """No call was needed: another build made this record since it was looked for."""

    record: Record


@dataclass(frozen=True)
class Lost:
    """The call was not made: these upstream values cannot be read back (name -> why)."""

    upstream: Mapping[str, str]


Outcome = Done | Found | Lost | Failure


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
        """Wait until a step has ended, or for a while; return (node name, outcome) of all that have.

        Whatever the node raises, and the death of its worker, is an outcome; KeyboardInterrupt is raised.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop what still runs and free everything; safe to call twice."""
