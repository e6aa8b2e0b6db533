"""What is told of a node for as long as it is so: what its code is suspected of, and what its run did unobserved.

Two halves, told as one. The code's stands in the manifest, found without running anything; the run's is kept with the
record, but for what the code says itself. Knows neither stores nor how anything is said. Guards: what a run did once is
never denied later, while the value that it made is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath

from dagbuild.model.record import UNOBSERVED, Manifest, Note, Record
from dagbuild.observe.world import find_remedy

MOST = 20
"""So many notes of a run are kept; the rest is counted."""

_UNWATCHED = Note(
    UNOBSERVED.kind,
    "was not watched when it ran",
    remedy='undeclared = "track" under [build] in dagbuild.toml, and build it again',
)


def choose_notes(notes: Iterable[Note], manifests: Iterable[Manifest]) -> tuple[Note, ...]:
    """Return what a record keeps of a run's notes, beyond what the manifests of the code that ran say.

    Of a file that lies outside the project and the user's home its name is kept, not this machine's way to it.
    """
    known = {note.subject for manifest in manifests for note in manifest.notes}
    new = (note for note in notes if note.subject not in known)
    found = list(dict.fromkeys(replace(note, where=_without_folders(note.where)) for note in new))
    if len(found) > MOST:
        kinds = ", ".join(sorted({note.kind for note in found[MOST:]}))
        found[MOST:] = [Note("more", f"does {len(found) - MOST:,} more such things: {kinds}")]
    return tuple(found)


def find_notes(manifest: Manifest, record: Record | None) -> tuple[Note, ...]:
    """Return all that there is to tell of a node; `record` is the one that is used, if any."""
    if record is None:
        return manifest.notes
    kept = [_told_today(note, record.manifest, manifest) for note in record.notes]
    if UNOBSERVED in record.observations:
        kept.append(_UNWATCHED)
    return (*manifest.notes, *kept) if kept else manifest.notes


def _told_today(note: Note, was: Manifest, now: Manifest) -> Note:
    """Return a run's note with what to do about it; its line only where the lines of that file are what they were."""
    file = note.where.rpartition(":")[0]
    if file and _places(was, file) != _places(now, file):
        note = replace(note, where=file)
    return replace(note, remedy=note.remedy or find_remedy(note.text))


def _without_folders(where: str) -> str:
    return PurePath(where).name if PurePath(where).is_absolute() else where


def _places(manifest: Manifest, file: str) -> set[str]:
    return {part.where for part in manifest.parts if part.where.startswith(f"{file}:")}
