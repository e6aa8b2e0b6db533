"""What a step takes over of what others had read before, for memory that it reaches.

Guards: a record says the content that memory held; of two contents that one step has met none is recorded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from dagbuild.ground.digest import Digest
from dagbuild.model.record import Note, Observation
from dagbuild.observe.owners import Read
from dagbuild.observe.places import ABSENT, Digester, PathNames, digest_paths
from dagbuild.observe.seen import Ran, Seen


class Takeover:
    """Holds what others had read against what is there, and what a step has read itself."""

    def __init__(self, places: PathNames, files: Digester) -> None:
        self._places = places
        self._files = files

    def is_old(self, read: Read) -> bool:
        """Tell whether something that was read is not so any more."""
        return read.kind in {"file", "listing", "env"} and self._digest(read) != read.data

    def _digest(self, read: Read) -> str:
        """Return the digest of what is there now."""
        match read.kind:
            case "file":
                is_there = os.path.exists(read.name)  # noqa: PTH110 - paths are text here
                return (
                    digest_paths(self._files, [read.name]).get(read.name, Digest("")) if is_there else ABSENT
                )
            case "listing":
                return self._places.digest_listing(self.name(read))
            case _:
                return self._places.digest_variable(read.name, os.environ)

    def name(self, read: Read) -> str:
        """Return the name that an observation gives to what was read."""
        if read.kind == "env":
            return read.name
        end = "/" if read.kind == "listing" and read.name.endswith("/") else ""
        return self._places.name(read.name.rstrip("/")) + end

    def add(self, reads: Iterable[Read], seen: Seen, is_declared: Callable[[str], bool]) -> Seen:
        """Return what a step was seen to read with what others had read; of files that it declares nothing is added."""
        own = {(each.kind, each.name): each.digest for each in seen.observations}
        taken: dict[tuple[str, str], Observation] = {}
        unstable = dict.fromkeys(seen.unstable)
        reads = list(reads)
        for read in reads:
            if read.kind not in {"file", "listing", "env"}:
                continue
            key = read.kind, self.name(read)
            if read.kind != "env" and is_declared(read.name.rstrip("/")):
                now: str = self._digest(read)
            else:
                found = Observation(*key, read.data or "")
                now = own.get(key) or taken.setdefault(key, found).digest
            if read.data is None or now != read.data:
                unstable[key[1]] = None
        notes = [read.data for read in reads if isinstance(read.data, Note)]
        ran = [read.data for read in reads if isinstance(read.data, Ran)]
        return Seen(
            seen.observations,
            tuple(sorted(taken.values(), key=lambda each: (each.kind, each.name))),
            tuple(dict.fromkeys([*seen.notes, *notes])),
            tuple(sorted(unstable)),
            ran=tuple(dict.fromkeys([*seen.ran, *ran])),
            written=seen.written,
            absent=seen.absent,
        )
