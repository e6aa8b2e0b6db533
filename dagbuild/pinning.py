"""Make pins: values that stand in a node's place for the project.

Knows artifacts, records and the settings file; nothing of graphs or plans.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.errors import InputError, did_you_mean
from dagbuild.filetree import is_there
from dagbuild.filing import author
from dagbuild.lookup import find_artifacts
from dagbuild.record import Artifact, Record
from dagbuild.settings import Pin, Settings, remove_pin, write_pin


def choose_artifact(records: Iterable[Record], node: str, selector: str) -> Artifact:
    """Return the one value of the node that "@" and the start of a run's name or a digest mean.

    Raises InputError when nothing or more than one value matches.
    """
    own = [record for record in records if record.node == node]
    found = find_artifacts(own, selector.removeprefix("@"))
    if len(found) != 1:
        count = "no value" if not found else f"{len(found)} values"
        raise InputError(f"{count} of '{node}' match '{selector}'", hint=f"dagbuild log {node} shows them")
    return found[0]


def save_value(artifacts: Artifacts, value: Any) -> Artifact:
    """Store a value that is to stand in a node's place: of a path, what is there."""
    return artifacts.save(value, takes=is_there)


def add_pin(settings: Settings, node: str, artifact: Artifact, note: str) -> Pin:
    """Write a pin into dagbuild.toml, where it is reviewed and shared, and return it. Raises SettingsError."""
    pin = Pin(artifact.digest, artifact.to_json(), note, author(), f"{datetime.now(UTC):%Y-%m-%d}")
    write_pin(settings.file or settings.root, node, pin)
    return pin


def drop_pin(settings: Settings, node: str) -> None:
    """Take a pin out of dagbuild.toml; raises InputError when there is none."""
    if not remove_pin(settings.file or settings.root, node):
        raise InputError(f"'{node}' is not pinned", hint=did_you_mean(node, settings.pins) or "dagbuild pins")
