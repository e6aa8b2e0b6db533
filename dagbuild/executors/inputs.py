"""Do the files that a step takes stay what its record says, from before the call to its end?

Knows one step and the disk, nothing of how the call is made or what it was seen to read. Guards: what changes and is
put back meanwhile shows, for its stamp is another one. It does not only where a file's clock ticks so slowly that the
file was written, changed and put back within one tick.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from dagbuild.executors.base import Work
from dagbuild.ground.stamps import Stamp, take_stamp
from dagbuild.outputs import Outputs
from dagbuild.store import FileDigests
from dagbuild.store.declared import DeclaredFiles

_Stamps: TypeAlias = dict[str, Stamp | None]


class Inputs:
    """The files that a step takes, as they are when this is made: to be asked at its end."""

    def __init__(self, work: Work, files: FileDigests, outputs: Outputs | None) -> None:
        self._work = work
        self._files = files
        self._declared = [_look(declared) for declared, _ in work.declared]
        self._outputs = outputs
        self._taken = [output for _, output in work.taken] if outputs else []
        self._places = [_look_below(outputs.path(output.path)) for output in self._taken] if outputs else []

    def find_changed(self, written: Collection[str]) -> list[str]:
        """Return the names of those that were not all the time what the step's key was made of.

        What the step itself has `written` counts by its content alone.
        """
        changed: list[str] = []
        for (declared, digest), before in zip(self._work.declared, self._declared, strict=True):
            if moved := _compare(before, _look(declared), written):
                changed += [_name(path, declared.root) for path in moved]
            elif not self._holds(declared, digest):
                changed += declared.names
        return changed + self._find_altered(written)

    def _find_altered(self, written: Collection[str]) -> list[str]:
        """Return the places that did not hold their outputs all the time, but for those that the step wrote to."""
        if self._outputs is None:
            return []
        altered: list[str] = []
        for output, before in zip(self._taken, self._places, strict=True):
            place = self._outputs.path(output.path)
            if any(Path(path).is_relative_to(place) for path in written):
                continue  # it is as it was for the step, and put back before the next
            moved = _compare(before, _look_below(place), ())
            if moved or self._outputs.find_state(output.path) != output.digest:
                altered.append(output.path)
        return altered

    def _holds(self, declared: DeclaredFiles, digest: str) -> bool:
        try:
            return declared.digest(self._files) == digest
        except OSError:
            return False


def tell_changed(names: Sequence[str], node: str) -> str:
    """Return the line that says that files have changed meanwhile."""
    more = f" and {len(names) - _SOME:,} more" if len(names) > _SOME else ""
    return f"{', '.join(names[:_SOME])}{more} changed while '{node}' read it: its value is used, but not recorded"


_SOME = 5


def _look(declared: DeclaredFiles) -> _Stamps:
    try:
        return _take(path.removeprefix("file://") for path in declared.find())
    except OSError:
        return {}


def _look_below(place: Path) -> _Stamps:
    return _take(map(str, (place, *place.rglob("*"))))


def _take(paths: Iterable[str]) -> _Stamps:
    return {path: take_stamp(path) for path in paths if "://" not in path}


def _compare(before: _Stamps, now: _Stamps, written: Collection[str]) -> list[str]:
    """Return those that are not the same any more."""
    both = dict.fromkeys((*before, *now))
    return [path for path in both if before.get(path) != now.get(path) and path not in written]


def _name(path: str, root: str) -> str:
    return os.path.relpath(path, root) if path.startswith(root + os.sep) else path
