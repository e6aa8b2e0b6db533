"""Decide what each node needs: run, reuse, fetch or skip.

Pure: takes fingerprints and a way to ask for records, and returns a Plan. Unaware of files, networks, executors and
the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from dagbuild.digest import Digest
from dagbuild.record import Key, Record


class Decision(Enum):
    """What a build will do about a node."""

    RUN = "run"
    REUSE = "reuse"
    FETCH = "fetch"
    SKIP = "skip"


class Status(Enum):
    """What `status` says of a node."""

    FRESH = "fresh"
    STALE = "stale"
    AFFECTED = "affected"
    PINNED = "pinned"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node is not fresh, in the user's words; `where` is "features/io.py:12"."""

    text: str
    kind: str = ""
    where: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.where})" if self.where else self.text


@dataclass(frozen=True, slots=True)
class Step:
    """One node in a plan. `digest` is that of its value, where it is known without running."""

    node: str
    decision: Decision
    status: Status
    deep: Key
    reasons: tuple[Reason, ...] = ()
    record: Record | None = None
    digest: Digest | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Plan:
    """All steps, each after what it needs, by node name."""

    targets: tuple[str, ...]
    steps: Mapping[str, Step] = field(default_factory=dict)

    def names(self, decision: Decision) -> list[str]:
        """Return the nodes with this decision, in order."""
        return [name for name, step in self.steps.items() if step.decision is decision]

    def with_status(self, status: Status) -> list[str]:
        """Return the nodes with this status, in order."""
        return [name for name, step in self.steps.items() if step.status is status]

    @property
    def clean(self) -> bool:
        """Whether a build would compute nothing."""
        return all(step.decision is not Decision.RUN for step in self.steps.values())
