"""What a step is told about being watched; plain data, so that it can travel with the step."""

from __future__ import annotations

from dataclasses import dataclass

from dagbuild.observe.places import Places


@dataclass(frozen=True, slots=True)
class Watch:
    """How a step is watched.

    `memo` is the folder where digests of files are remembered. `undeclared` says what to do about what a node reads
    and is no input: track, warn or error; tracked it is in any case, except where the node fails.
    """

    places: Places
    memo: str | None = None
    undeclared: str = "track"
