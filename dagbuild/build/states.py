"""What a step of a build can be, and which moves between these states there are.

The one place that says so; docs/architecture.md draws it. A state is about the node's value in this build: asked for,
being made, at hand, or given up.
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where a step stands."""

    UNWANTED = "unwanted"
    """Nobody has asked for its value yet."""
    WAITING = "waiting"
    """Its value is wanted, and it lacks upstream values."""
    READY = "ready"
    """Its value is wanted, and everything that it takes is at hand."""
    RUNNING = "running"
    """It was handed to the executor, or its next try waits for its time."""
    REUSED = "reused"
    """Its value is at hand, from a record."""
    MADE = "made"
    """Its value is at hand, from a call in this build."""
    LOST = "lost"
    """Its value was at hand, and could not be read back: it has to be made again."""
    REVOKED = "revoked"
    """Its value was made from another upstream value than the one that this build has settled on."""
    FAILED = "failed"
    """Its call raised, or came to an end that gives no value; or its outputs cannot be put back."""
    BLOCKED = "blocked"
    """The build is over: it was wanted, and something that it needs has failed."""
    SKIPPED = "skipped"
    """The build is over: nobody needed its value."""


AT_HAND = frozenset({State.REUSED, State.MADE})
"""The node has a value."""

OPEN = frozenset({State.UNWANTED, State.LOST, State.REVOKED})
"""The node has no value, and nothing is done about it until it is wanted."""

MOVES: dict[State, frozenset[State]] = {
    State.UNWANTED: frozenset({State.WAITING, State.READY, State.REUSED, State.FAILED, State.SKIPPED}),
    State.WAITING: frozenset({State.READY, State.BLOCKED}),
    State.READY: frozenset({State.RUNNING, State.REUSED, State.WAITING, State.FAILED, State.BLOCKED}),
    State.RUNNING: frozenset(
        {State.MADE, State.REUSED, State.WAITING, State.READY, State.REVOKED, State.FAILED}
    ),
    State.REUSED: frozenset({State.LOST, State.REVOKED}),
    State.MADE: frozenset({State.LOST, State.REVOKED}),
    State.LOST: frozenset({State.WAITING, State.READY}),
    State.REVOKED: frozenset({State.WAITING, State.READY}),
    State.FAILED: frozenset(),
    State.BLOCKED: frozenset(),
    State.SKIPPED: frozenset(),
}
"""Where a step can go from each state; whatever else happens is a mistake of ours."""
