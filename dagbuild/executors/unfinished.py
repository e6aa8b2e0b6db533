"""How a step has failed that did not come to an end of its own: its process is gone, or it took too long.

Knows the step, and nothing of processes.
"""

from __future__ import annotations

from collections.abc import Callable

from dagbuild.executors.base import Work
from dagbuild.ground import units
from dagbuild.model.outcome import Failure


def make_lost(work: Work, message: str, frames: str = "") -> Failure:
    """Describe a step whose process is gone."""
    retry = work.node.retry
    return Failure("WorkerDied", message, frames, passing=retry is not None and retry.covers_loss)


def make_overdue(work: Work) -> Failure:
    """Describe a step that was ended because it took longer than it may."""
    node = work.node
    assert node.timeout is not None  # else nobody ends it
    text = f"took longer than its @timeout of {units.seconds(node.timeout)} ({node.where})"
    error = TimeoutError(text)
    return Failure(
        "TimeoutError", text, "", error=error, passing=node.retry is not None and node.retry.covers(error)
    )


class Unending:
    """Says once that a step has a time limit where nobody can end it: in the process of the build itself.

    A signal could raise something there, at a place that nothing is prepared for: in the middle of a library's work, or
    of ours, or where the node catches it; and code in C would not hear it.
    """

    def __init__(self, on_notice: Callable[[str], None]) -> None:
        self._on_notice = on_notice
        self._told = False

    def __call__(self, work: Work) -> None:
        """Take in that a step with a time limit begins here."""
        if not self._told:
            self._told = True
            self._on_notice(
                f"'{work.name}' may take longer than its @timeout: nothing ends a step that runs in the build's own "
                "process"
            )
