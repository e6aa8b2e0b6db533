"""What the run shows: what a node was seen to read while it ran, and whether that still holds."""

from dagbuild.observe.collect import Note, Ran, Seen
from dagbuild.observe.extra_code import ExtraCode
from dagbuild.observe.observer import Observer, install
from dagbuild.observe.places import Places
from dagbuild.observe.recheck import find_changed, holds
from dagbuild.observe.watch import Watch

__all__ = [
    "ExtraCode",
    "Note",
    "Observer",
    "Places",
    "Ran",
    "Seen",
    "Watch",
    "find_changed",
    "holds",
    "install",
]
