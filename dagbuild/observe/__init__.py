"""What the run shows: what a node was seen to read while it ran, and whether that still holds."""

from dagbuild.observe.observer import Observer, install, watch_import
from dagbuild.observe.places import PathNames
from dagbuild.observe.project_code import ProjectCode
from dagbuild.observe.seen import Ran, Seen
from dagbuild.observe.watch import Watch

__all__ = [
    "Observer",
    "PathNames",
    "ProjectCode",
    "Ran",
    "Seen",
    "Watch",
    "install",
    "watch_import",
]
