"""What is kept of a call that returned, and whether it read another node's output without coming after that node.

Knows one step and its artifacts; nothing of how the call was made, and no record.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.writer import Takes
from dagbuild.executors.elements import save_elements
from dagbuild.ground.digest import Digest
from dagbuild.ground.errors import StoreError
from dagbuild.model.node import Node
from dagbuild.model.output_paths import is_within
from dagbuild.model.record import Artifact
from dagbuild.observe.seen import Seen
from dagbuild.outputs import Outputs


def tell_foreign(seen: Seen, foreign: Mapping[str, str], root: str) -> str:
    """Say which of these outputs, by the nodes that write them, was read; nothing where none was."""
    for name in (each.name for each in seen.observations if foreign and each.kind == "file"):
        behind = _find_behind(root, name)
        for path, writer in foreign.items():
            if is_within(name, path) or is_within(behind, path):
                return (
                    f"it read '{name}', which '{writer}' writes, and nothing says that this comes first"
                    f"\n  try: @reads(\"{path}\"), or a parameter '{writer}'"
                )
    return ""


def _find_behind(root: str, name: str) -> str:
    """Return the name that a file has when links on the way to it are followed."""
    real = os.path.realpath(os.path.join(root, name))  # noqa: PTH118 - names of observations are texts
    return os.path.relpath(real, os.path.realpath(root)).replace(os.sep, "/")


@dataclass(frozen=True)
class Saver:
    """Saves what a step's call gave: what it returned, and what it left in the project.

    `carry` adds to an artifact what the project's code that it refers to means.
    """

    artifacts: Artifacts
    node: Node
    takes: Takes
    outputs: Outputs | None
    carry: Callable[[Artifact], Artifact]

    def save(self, value: Any) -> tuple[Artifact, str]:
        """Return the artifact, and why it could not be stored, if so; raises CodecError or OutputError."""
        form = self.node.cache.format
        if self.node.expands:
            save = partial(self.artifacts.save, format=form, takes=self.takes)
            return save_elements(self.artifacts, value, save, self.carry), ""
        # A declared output counts whatever its age: nothing was there when the node began.
        try:
            artifact = self.artifacts.save(value, form, self.takes)
            return self._add(artifact, lambda path: self.artifacts.save(path, takes=lambda _: True)), ""
        except StoreError as error:
            artifact, _ = self.artifacts.encode(value, form, self.takes)
            return self._add(
                artifact, lambda path: self.artifacts.encode(path, takes=lambda _: True)[0]
            ), str(error)

    def _add(self, artifact: Artifact, save: Callable[[Path], Artifact]) -> Artifact:
        if self.outputs is None or not self.node.writes:
            return artifact
        take = self.outputs.take
        return replace(artifact, outputs=tuple(take(path, save) for path in self.node.writes))

    def find_states(self) -> dict[str, Digest]:
        """Return digests of what was left, of a call of which nothing is kept."""
        if self.outputs is None:
            return {}
        states = {path: self.outputs.find_state(path) for path in self.node.writes}
        return {path: state for path, state in states.items() if state}
