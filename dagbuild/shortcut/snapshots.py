"""The snapshots of a project in its cache folder, one for each set of settings that shapes the graph.

A snapshot answers only after two imports with the same basis have said the same: what differs at each import (a random
number, the time) would be taken for unchanged else. Guards: whatever is wrong with a file, it is as if there were none.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from pathlib import Path
from typing import Any

from dagbuild.ground import atomic
from dagbuild.ground.digest import digest_bytes, digest_text
from dagbuild.ground.digits import spell
from dagbuild.ground.private import make_private
from dagbuild.model.graph import Graph
from dagbuild.model.record import Artifact, Manifest, Part
from dagbuild.observe.places import PathNames
from dagbuild.settings import Settings
from dagbuild.shortcut.basis import Basis
from dagbuild.shortcut.graph_json import graph_from_json, graph_to_json
from dagbuild.store import FileDigests

FORMAT = 8
ENOUGH = 2
"""Imports that must have said the same."""


@dataclass(frozen=True)
class Snapshot:
    """What an import found, and its basis: graph and manifests as JSON texts, read when they are wanted.

    `imports` counts those that agreed; 0 when they never will. `doubts` names inputs whose values are not of their
    type; `typed` are those values of the settings that become another one by their type, with a text for people.
    """

    basis: Basis
    graph: str
    manifests: str
    doubts: tuple[str, ...] = ()
    typed: Mapping[str, tuple[Artifact, str]] = field(default_factory=dict)
    imports: int = 1

    @property
    def answers(self) -> bool:
        """Whether it can stand for the code."""
        return self.imports >= ENOUGH

    def confirm(self, before: Snapshot | None) -> Snapshot:
        """Return this snapshot, of a new import, in the light of the one that held before it."""
        if before is None or before.basis.without_stamps() != self.basis.without_stamps():
            return self
        same = (before.graph, before.manifests, before.typed) == (self.graph, self.manifests, self.typed)
        return replace(self, imports=min(before.imports + 1, ENOUGH) if same and before.imports else 0)

    def open_graph(self, places: PathNames) -> Graph:
        """Return the graph, without its code."""
        return graph_from_json(json.loads(self.graph), places)

    def open_manifests(self) -> dict[str, Manifest]:
        """Return the manifest of each node."""
        told = json.loads(self.manifests)
        parts = [Part.from_json(part) for part in told["parts"]]
        return {name: Manifest(tuple(parts[i] for i in own)) for name, own in told["nodes"].items()}


def take_snapshot(
    basis: Basis,
    graph: Graph,
    manifests: Mapping[str, Manifest],
    places: PathNames,
    *,
    doubts: tuple[str, ...] = (),
    typed: Mapping[str, tuple[Artifact, str]],
) -> Snapshot:
    """Return the snapshot of what an import gave."""
    numbers: dict[Part, int] = {}  # a helper's line is in the manifests of all nodes that reach it
    known: dict[int, int] = {}  # by identity, for most are the very same line
    nodes: dict[str, list[int]] = {}
    for name, manifest in manifests.items():
        own = nodes[name] = []
        for part in manifest.parts:
            number = known.get(id(part))
            if number is None:
                number = known[id(part)] = numbers.setdefault(part, len(numbers))
            own.append(number)
    told = {"nodes": nodes, "parts": [part.to_json() for part in numbers]}
    return Snapshot(basis, json.dumps(graph_to_json(graph, places)), json.dumps(told), doubts, typed)


class Snapshots:
    """Keeps the snapshot that belongs to some settings."""

    def __init__(
        self, settings: Settings, places: PathNames, files: FileDigests, *, allow_overrides: bool
    ) -> None:
        self.places = places
        self._files = files
        self._path: Path | None = None
        shape = [
            settings.modules,
            settings.config,
            settings.inputs,
            settings.packages,
            sorted(settings.texts.items()),
        ]
        if all(_is_plain(value) for value in shape):
            path = [places.name(places.absolute(entry)) for entry in sys.path]
            told = [FORMAT, shape, allow_overrides, [entry for entry in path if entry != "."]]
            name = digest_text(spell(told, ascii))
            self._path = settings.cache.folder / "index" / "project" / f"{name}.json"

    def find(self) -> Snapshot | None:
        """Return the snapshot whose basis holds now."""
        if self._path is None:
            return None
        try:
            told, _, body = self._path.read_bytes().partition(b"\n")
            if told.decode("ascii", "replace") != digest_bytes(body):
                return None
            head, graph, manifests = body.decode("ascii").split("\n")
            data = json.loads(head)
            before = Basis.from_json(data["basis"])
            basis = before.check(self.places, self._files)
            if basis is None:
                return None
            typed = {
                name: (Artifact.from_json(artifact), text) for name, (artifact, text) in data["typed"].items()
            }
            found = Snapshot(basis, graph, manifests, tuple(data["doubts"]), typed, data["imports"])
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            return None
        if basis != before:
            self.keep(found)
        return found

    def keep(self, snapshot: Snapshot) -> None:
        """Write it down where that is possible."""
        if self._path is None or not self._path.parents[2].is_dir():
            return
        head = {
            "basis": snapshot.basis.to_json(),
            "doubts": list(snapshot.doubts),
            "typed": {name: [artifact.to_json(), text] for name, (artifact, text) in snapshot.typed.items()},
            "imports": snapshot.imports,
        }
        with contextlib.suppress(OSError):
            make_private(self._path.parent)
            body = "\n".join([json.dumps(head), snapshot.graph, snapshot.manifests]).encode("ascii")
            atomic.write(str(self._path), digest_bytes(body).encode("ascii") + b"\n" + body)


def _is_plain(value: Any) -> bool:
    """Tell whether a value's text says all of it."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or type(value) in {bool, int, float, str} or isinstance(value, date | time)
