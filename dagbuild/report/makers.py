"""Who made a value, in words: the user whom its record names, and who has signed for that."""

from __future__ import annotations

from collections.abc import Callable

from dagbuild.model.record import Record

Signer = Callable[[Record], str]
"""Returns who has signed for a record, by the project's name for them; nothing for one that was made here."""


def nobody(_: Record) -> str:
    """Return that nobody has signed."""
    return ""


def name_maker(record: Record, signer: Signer) -> str:
    """Return "ada", or "root, signed by ada": a record may name anybody, a signature cannot."""
    signed = signer(record)
    return ", ".join(filter(None, (record.user, f"signed by {signed}" if signed else "")))
