"""Folders outside of the project of which files were read, or are about to be: for the net to watch.

Noted wherever such files are met, taken when a call is watched. Light: nothing that watches is loaded for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from dagbuild.model.record import Observation
from dagbuild.observe.places import PathNames

_noted: dict[str, None] = {}


def note_folder_of(path: str | bytes, places: PathNames) -> None:
    """Note the folder of a file, or a folder, unless it is the project's or says nothing."""
    full = os.fsdecode(path)
    folder = full if os.path.isdir(full) else os.path.dirname(full)  # noqa: PTH112, PTH120
    if sys.platform == "linux" and not places.is_inside(folder) and places.counts(folder + "/x"):
        _noted[folder] = None


def note_folders_of(observations: Iterable[Observation], places: PathNames) -> None:
    """Note the folders of files outside of the project that were seen to be read."""
    for seen in observations:
        if seen.kind == "file" and seen.name.startswith(("/", "~/")):
            note_folder_of(places.path(seen.name), places)


def take_noted() -> Iterator[str]:
    """Yield each folder that was noted since the last time."""
    while _noted:
        yield _noted.popitem()[0]
