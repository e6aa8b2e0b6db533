"""Make a call where outputs lie: those that it may read in their places, and nothing where it is to leave its own.

Knows one step and the project's folder, nothing of how the call is made. Guards: what an earlier run left is no part of
what a node gives, and comes back when the node fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from dagbuild.executors.base import Work
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, CodecError, OutputError
from dagbuild.model.outcome import Done, Failure, Lost, Outcome
from dagbuild.outputs import Held, Outputs


def run_at_home(work: Work, outputs: Outputs, run: Callable[[], Outcome], *, move: bool) -> Outcome:
    """Return what `run` gives; it runs in the project's root if the process may `move` there.

    The caller comes back from there.
    """
    held: Held | None = None
    done = False
    try:
        moved = _put_back(work, outputs)
        if isinstance(moved, Lost):
            return moved
        if move:
            os.chdir(outputs.home.root)
        held = outputs.set_aside(work.node.writes)
        outcome = run()
        done = isinstance(outcome, Done) and work.draft is not None
        if done:
            moved += [f"output {text}" for text in held.let_go()]
    except (OSError, OutputError) as error:
        return Failure("OutputError", str(error), "", {}, error)
    finally:
        if held and not done:
            held.put_back()
    return replace(outcome, notices=(*moved, *outcome.notices)) if isinstance(outcome, Done) else outcome


def _put_back(work: Work, outputs: Outputs) -> list[str] | Lost:
    """Make the places of outputs hold them: on another machine, nobody has done so yet."""
    moved: list[str] = []
    for name, output in work.taken:
        try:
            moved += filter(None, [outputs.put_back(output)])
        except (BlobMissingError, BlobDamagedError, CodecError) as error:
            return Lost({name: str(error)})
    return moved
