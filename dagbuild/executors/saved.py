"""What a node has left outside of the cache, at places that nobody declared: the files that it was seen to write.

Knows one call that has returned. Guards: of what no build can look at, the record says so, and holds for nobody.
"""

from __future__ import annotations

from pathlib import Path

from dagbuild.model.node import Saves
from dagbuild.model.record import SAVED, Observation
from dagbuild.observe.places import Digester, digest_paths
from dagbuild.observe.seen import Seen
from dagbuild.observe.watch import Watch

_OUT_OF_SIGHT = frozenset({"network", "process"})
"""Kinds of notes: of who asks another machine or program, files are not all that is left."""


ELSEWHERE = Observation(SAVED, "", "")
"""Stands for what is left where no build looks; with it, nothing else that was read decides anything."""


def find_saved(
    read: list[Observation], saves: Saves, seen: Seen, watch: Watch | None, files: Digester
) -> list[Observation]:
    """Return what was read, with each file that is there after the call; or only what never holds."""
    if saves != "files" or watch is None or any(note.kind in _OUT_OF_SIGHT for note in seen.notes):
        return [ELSEWHERE]
    if seen.unstable:  # it changes what it reads, as a database
        return [ELSEWHERE]
    written = [path for path in sorted(seen.written) if watch.places.counts(path) and Path(path).is_file()]
    digests = digest_paths(files, written)
    found = [
        Observation(SAVED, watch.places.name(path), digests[path]) for path in written if path in digests
    ]
    return [*read, *found] if found else [ELSEWHERE]
