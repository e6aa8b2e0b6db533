"""Make pins: of an artifact, or of one that a selector finds among records."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import UTC, datetime

from dagbuild.errors import InputError
from dagbuild.record import Artifact, Record
from dagbuild.settings import Pin


def new_pin(artifact: Artifact, note: str) -> Pin:
    """Return a pin of today, by this user."""
    return Pin(artifact.digest, artifact.to_json(), note, _author(), f"{datetime.now(UTC):%Y-%m-%d}")


def select_artifact(node: str, records: Iterable[Record], selector: str) -> Artifact:
    """Return the one artifact that "@" and the start of a run's name or of a digest means, among a node's records.

    Raises InputError when nothing or more than one value matches.
    """
    wanted = selector.removeprefix("@")
    found: dict[str, Artifact] = {}
    for record in records:
        digest = record.artifact.digest
        if any(text.startswith(wanted) for text in (record.run, digest, digest.partition("-")[2])):
            found.setdefault(digest, record.artifact)
    if len(found) != 1:
        count = "no value" if not found else f"{len(found)} values"
        raise InputError(f"{count} of '{node}' match '{selector}'", hint=f"dagbuild log {node} shows them")
    return next(iter(found.values()))


def _author() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
