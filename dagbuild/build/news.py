"""Say what a run was seen to read and to do that the last one was not."""

from __future__ import annotations

from dagbuild.model.record import Record
from dagbuild.observe.notes import find_notes
from dagbuild.observe.wording import find_news, tell_note, tell_undeclared


def tell_news(record: Record, before: Record | None, *, again: bool) -> list[str]:
    """Return lines about what a node reads besides its inputs (of all of it, when told `again`) and about its notes."""
    news = find_news(record.observations, before.observations if before else ())
    told = (
        None
        if record.manifest.loads
        else tell_undeclared(record.node, record.observations if again else news)
    )
    same = before is not None and before.manifest.fingerprint == record.manifest.fingerprint
    known = {note.text for note in find_notes(before.manifest, before)} if before and same else set()
    notes = [note for note in find_notes(record.manifest, record) if note.text not in known]
    return [*([told] if told else []), *(tell_note(record.node, note) for note in notes)]
