"""Put values in nodes' places for the whole project, and let go of them.

Knows records and the settings file; nothing of plans. A pin counts from the next load of the project.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dagbuild.ground.author import author
from dagbuild.ground.errors import InputError, did_you_mean
from dagbuild.ground.filetree import is_there
from dagbuild.model.record import Artifact, Record
from dagbuild.plan.lookup import find_artifacts
from dagbuild.project.elements import encode_given
from dagbuild.settings import Pin, Settings, remove_pin, write_pin

if TYPE_CHECKING:
    from dagbuild.project.project import Project


def pin_value(project: Project, node: str, value: Any, note: str = "") -> Pin:
    """Put a value in the node's place for everybody who has this dagbuild.toml; of a path, what is there."""
    found, artifacts = project.check_node(node), project.artifacts
    artifact = encode_given(found, value, lambda each: artifacts.save(each, takes=is_there), artifacts.join)
    return _pin(project, node, artifact, note)


def pin_built(project: Project, node: str, selector: str = "@current", note: str = "") -> Pin:
    """Pin a value that was built: "@current", or "@" and the start of a run's name or a digest.

    Raises InputError when nothing or more than one value matches.
    """
    project.check_node(node)
    current = selector == "@current"
    artifact = project.artifact(node) if current else _choose(project.log(node), node, selector)
    return _pin(project, node, artifact, note)


def unpin(settings: Settings, node: str) -> None:
    """Let the node be computed again; raises InputError when it is not pinned."""
    if not remove_pin(settings.file or settings.root, node):
        raise InputError(f"'{node}' is not pinned", hint=did_you_mean(node, settings.pins) or "dagbuild pins")


def _choose(records: Iterable[Record], node: str, selector: str) -> Artifact:
    own = [record for record in records if record.node == node]
    found = find_artifacts(own, selector.removeprefix("@"))
    if len(found) != 1:
        count = "no value" if not found else f"{len(found)} values"
        raise InputError(f"{count} of '{node}' match '{selector}'", hint=f"dagbuild log {node} shows them")
    return found[0]


def _pin(project: Project, node: str, artifact: Artifact, note: str) -> Pin:
    """Write a pin into dagbuild.toml, where it is reviewed and shared, and return it. Raises SettingsError."""
    project.store.share()
    artifact = project.store.seal(artifact)  # whoever has the pin takes the value from elsewhere
    pin = Pin(artifact.digest, artifact.to_json(), note, author(), f"{datetime.now(UTC):%Y-%m-%d}")
    write_pin(project.settings.file or project.settings.root, node, pin)
    return pin
