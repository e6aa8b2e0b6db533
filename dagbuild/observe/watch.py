"""What a step is told about being watched; plain data, so that it can travel with the step."""

from __future__ import annotations

from dataclasses import dataclass

from dagbuild.observe.places import PathNames


@dataclass(frozen=True, slots=True)
class Watch:
    """How a step is watched.

    `memo` is the folder where digests of files are remembered. `undeclared` says what to do about what a node reads
    and is no input: track, warn or error, and tracked it is in any case, except where the node fails; or off: then
    nobody looks, and nothing of the process is touched to be able to. `returns` says what to do where a function
    returns what it is not annotated with: error, warn or off. With `unseen` "error", a node fails that was seen to do
    what nobody can follow.
    """

    places: PathNames
    memo: str | None = None
    undeclared: str = "track"
    returns: str = "warn"
    unseen: str = "track"

    @property
    def observes(self) -> bool:
        """Tell whether the step is to be watched at all."""
        return self.undeclared != "off"
