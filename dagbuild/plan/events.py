"""What can happen in a build, for whoever listens.

Plain facts, no behaviour: reports turn them into text and pictures, the build loop sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from dagbuild.model.outcome import Failure
from dagbuild.model.record import Note, Record
from dagbuild.observe.notes import find_notes
from dagbuild.plan.plan import Plan


class How(Enum):
    """How a step ended. What is restored is reused, and its outputs were put back."""

    COMPUTED = "computed"
    RESTORED = "restored"
    REUSED = "reused"
    FETCHED = "fetched"
    SKIPPED = "skipped"
    FAILED = "failed"
    BLOCKED = "blocked"


_USED = (How.RESTORED, How.REUSED, How.FETCHED, How.SKIPPED)


@dataclass(frozen=True, slots=True)
class Importing:
    """The project's modules are about to be imported; with `done`, they were, or could not be."""

    done: bool = False


@dataclass(frozen=True, slots=True)
class BuildStarted:
    """The plan is made; `run` is the build's name, `executor` that of what runs its steps."""

    run: str
    plan: Plan
    executor: str = ""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A node's function is about to be called."""

    node: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A node came to its end; `record` where there is one, `failure` where it failed, `blocked_by` where blocked.

    `calls`: how many calls were made of how many, where it is called for elements.
    """

    node: str
    how: How
    record: Record | None = None
    failure: Failure | None = None
    blocked_by: str | None = None
    calls: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth a line: a damaged blob, an outage, a wait for another build. `node` where it is about one.

    `kind` is undeclared for what a node was seen to read and is no input, or cannot be followed; ended for what tells
    of a build that was killed; executor for how steps run; made for what is to be known of a value just made.
    """

    text: str
    node: str | None = None
    level: str = "warning"
    kind: str = ""


@dataclass(frozen=True)
class BuildResult:
    """How a build ended. `values` are those of the targets, where they were asked for.

    `saved` is the recorded time, in seconds, of what was reused or fetched instead of computed.
    """

    run: str
    plan: Plan
    steps: Mapping[str, StepFinished]
    elapsed: float
    saved: float
    values: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    interrupted: bool = False

    def names(self, how: How) -> list[str]:
        """Return the nodes that ended so, in the order in which they ended."""
        return [name for name, step in self.steps.items() if step.how is how]

    def find_notes(self) -> dict[str, tuple[Note, ...]]:
        """Return what is suspected of nodes whose values were made or used, but for what a notice said already."""
        told = {notice.node for notice in self.notices if notice.kind == "undeclared"}
        found: dict[str, tuple[Note, ...]] = {}
        for name, step in self.steps.items():
            if step.how is How.COMPUTED and step.record is not None:
                found[name] = find_notes(step.record.manifest, step.record)
            elif step.how in _USED:
                found[name] = self.plan.notes.get(name, ())
        return {name: notes for name, notes in found.items() if notes and name not in told}

    @property
    def failed(self) -> bool:
        """Whether any node failed."""
        return any(step.how is How.FAILED for step in self.steps.values())

    @property
    def status(self) -> str:
        """How it ended, in a word: built, failed or interrupted."""
        return "interrupted" if self.interrupted else "failed" if self.failed else "built"


@dataclass(frozen=True, slots=True)
class BuildFinished:
    """The build is over."""

    result: BuildResult


BuildEvent = BuildStarted | StepStarted | StepFinished | Notice | BuildFinished
Event = Importing | BuildEvent
Listener = Callable[[Event], None]
