"""How one step ended, as plain data that can travel: what a worker says, and the build loop hears.

Knows nothing of executors, stores or how a step is run. Values are named by records; one itself is here only where it
could not be stored, or is not meant to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagbuild.ground.digest import Digest
from dagbuild.ground.texts import name_first_line
from dagbuild.model.record import Record


@dataclass(frozen=True, slots=True)
class Cause:
    """An exception behind another: the one that it was raised from, or while handling; a member of a group.

    `relation` says which, in words that go before `kind`; `depth` is how deep in groups it is. Alone, `relation` says
    how many were left out here.
    """

    relation: str
    kind: str = ""
    message: str = ""
    frames: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a node failed: the exception's type and text, the user's own frames, what its inputs were.

    `frames` is printable text without frames of dagbuild; `inputs` maps parameters to one-line descriptions.
    `error` is the exception itself where it was raised in this process or could be carried here; `causes` are those
    behind it, nearest first. `traceback` is all of that as Python shows it, with every frame; empty where nothing was
    raised. `log` is what the node had printed. `passing`: the node's `@retry` is for what happened, so that another try
    may come to a better end.
    """

    kind: str
    message: str
    frames: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    error: BaseException | None = None
    causes: tuple[Cause, ...] = ()
    traceback: str = ""
    log: str = ""
    passing: bool = False

    @property
    def line(self) -> str:
        """What was raised, in one line."""
        return name_first_line(self.kind, self.message)


@dataclass(frozen=True, slots=True)
class Done:
    """The call returned, and `record` tells of it; None where nothing was to be kept.

    `put` says that the record is in the store of the worker; `waits` that it may be put and was not yet. With `held`
    the value is not in the store but here, as `value`: it was not to be kept, or the store could not be written.
    `notices` are lines about what went wrong beside the call. `outputs` are the digests of what it left in the project,
    of a call of which nothing was to be kept.
    """

    record: Record | None = None
    put: bool = False
    waits: bool = False
    held: bool = False
    value: Any = None
    notices: tuple[str, ...] = ()
    outputs: Mapping[str, Digest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """No call was needed: another build made this record since it was looked for."""

    record: Record


@dataclass(frozen=True, slots=True)
class Lost:
    """The call was not made: these upstream values cannot be read back (name -> why)."""

    upstream: Mapping[str, str]


Outcome = Done | Found | Lost | Failure
