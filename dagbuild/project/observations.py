"""What one build knows of observations: how steps are watched, which records still hold, what nobody can see.

Joins the project's code, its files and what runs were seen to read; decides nothing and runs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from dagbuild.code import SourceReader
from dagbuild.model.node import Node
from dagbuild.model.record import Artifact, Observation, Record
from dagbuild.observe import ExtraCode, Places, Ran, Watch, find_changed
from dagbuild.plan.request import Request
from dagbuild.settings import Settings
from dagbuild.store import FileDigests


class Watching:
    """Observations of one project, for one build or look; `make_reader` is asked only when code was observed."""

    def __init__(
        self,
        settings: Settings,
        nodes: Mapping[str, Node],
        files: FileDigests,
        make_reader: Callable[[], SourceReader],
    ) -> None:
        folder = settings.cache.folder
        self.watch = Watch(Places(settings.root, [folder]), str(folder), settings.undeclared)
        self._nodes = nodes
        self._files = files
        self._make_reader = make_reader

    @cached_property
    def _reader(self) -> SourceReader:
        return self._make_reader()

    @cached_property
    def _extra(self) -> ExtraCode:
        return ExtraCode(self._reader, self.watch.places, self._files)

    def carry(self, artifact: Artifact) -> Artifact:
        """Return the artifact with what the project's classes and functions that it refers to mean today."""
        carried = self._reader.carried(artifact.names) if artifact.names else None
        return replace(artifact, carried=carried or "") if (carried or "") != artifact.carried else artifact

    def find_changed(self, record: Record) -> Iterator[Observation]:
        """Yield what the record's run was seen to read, and what its value carries, and is no longer so."""
        if record.artifact.carried and self.carry(record.artifact) is not record.artifact:
            yield Observation("code", ", ".join(record.artifact.names), record.artifact.carried)
        yield from find_changed(
            record.observations,
            self.watch.places,
            os.environ,
            self._files,
            lambda name: self._extra.digest(name),  # noqa: PLW0108 - the reader is made when it is needed
        )

    def observe_code(self, request: Request, name: str, ran: Sequence[Ran]) -> Sequence[Observation]:
        """Return the project's code that a node's step ran outside the closures of the node and its views."""
        if not ran:
            return ()
        manifests = [request.manifests[each] for each in (name, *request.needs(name)[1])]
        covered = {part.name for manifest in manifests for part in manifest.parts}
        return self._extra.observe(ran, covered)

    def find_notes(self, request: Request, name: str) -> list[str]:
        """Return a line for each thing in the node's code that neither the fingerprint nor an observation sees."""
        node = self._nodes[name]
        unseen = request.manifests[name].unseen
        hidden = self._reader.find_notes([node.function, *node.sources], node.cache.ignore)
        return [
            *(f"'{name}': {note}" for note in hidden),
            *(f"'{name}' {part.name} ({part.where}): not tracked; {part.text}" for part in unseen),
        ]
