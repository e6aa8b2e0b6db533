"""A project's code as it was imported, by us or by the caller.

Opened only where code is needed: it brings the loader, the closure and what observes with it. The first manifests that
are taken of what we imported become a snapshot, from which the next command answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import ModuleType

from dagbuild.artifacts import make_artifact
from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.codecs.registry import default_registry
from dagbuild.executors import exits, state
from dagbuild.ground import gc_pause
from dagbuild.ground.environment import Variables
from dagbuild.ground.errors import CodecError
from dagbuild.ground.secrets import holds_secret
from dagbuild.loader import are_same, list_holdings, load_graph, load_modules
from dagbuild.model.assembly import STRICT, Assembly
from dagbuild.model.conversion import Unfit
from dagbuild.model.graph import Graph
from dagbuild.model.node import File, Files, Node
from dagbuild.model.record import Artifact, Manifest
from dagbuild.observe.observer import install
from dagbuild.observe.owners import owners
from dagbuild.observe.unseen import UnseenFinder
from dagbuild.project.givens import tell_value
from dagbuild.project.outside import Outside
from dagbuild.settings import Settings
from dagbuild.shortcut.basis import find_basis
from dagbuild.shortcut.form_files import FormFiles
from dagbuild.shortcut.import_watch import Imported, ImportObserver, asks_the_world
from dagbuild.shortcut.snapshots import Snapshot, Snapshots, take_snapshot
from dagbuild.store import FileDigests


class Loaded:
    """The code as it was imported, by us or by the caller."""

    def __init__(
        self,
        settings: Settings,
        modules: Sequence[ModuleType] | None = None,
        *,
        assembly: Assembly = STRICT,
        variables: Variables,
    ) -> None:
        """`variables`: what may be kept of those."""
        self._variables = variables
        if settings.observes:
            install()
            exits.install()
            state.install()
        self._settings = settings
        self._assembly = assembly
        self._reader: SourceReader | None = None
        self._forms = FormFiles(settings.cache.folder)
        self.modules = modules if modules is not None else load_modules(settings.modules, settings.root)
        if settings.observes and modules is not None:
            owners.meet(self.modules)
        self._held = list_holdings(self.modules)
        self.graph = self._load_graph()

    def look_again(self) -> None:
        """Read the code anew from here on; a graph of what the modules hold now may raise GraphError."""
        self._reader = None
        held = list_holdings(self.modules)
        if not are_same(self._held, held):
            self.graph = self._load_graph()
            self._held = held

    def _load_graph(self) -> Graph:
        settings = self._settings
        return load_graph(
            self.modules,
            settings.config,
            assembly=self._assembly,
            inputs=settings.inputs,
            texts=settings.texts_of("config"),
        )

    def make_manifests(self, nodes: Iterable[Node]) -> dict[str, Manifest]:
        """Return the manifest of each node, with a line for each thing in its code that nobody sees."""
        nodes, reader = list(nodes), self.open_reader()
        with gc_pause.paused():
            finder = UnseenFinder(reader)
            manifests = make_manifests(nodes, reader, packages=self._settings.packages)
            for node in nodes:
                if unseen := finder.find(node):
                    manifests[node.name] = Manifest((*manifests[node.name].parts, *unseen))
            return manifests

    def open_reader(self) -> SourceReader:
        """Return what reads the meaning of code, the same one until `look_again`."""
        if self._reader is None:
            self._reader = SourceReader(self.modules, str(self._settings.root), self._variables, self._forms)
        return self._reader

    def keep(self) -> None:
        """Write down what was found out of texts alone: what the caller imported may be another one elsewhere."""
        self._forms.keep()


class Remembered(Loaded):
    """The code as we imported it; the first manifests that are taken of it become a snapshot."""

    def __init__(
        self,
        settings: Settings,
        snapshots: Snapshots,
        files: FileDigests,
        before: Snapshot | None,
        *,
        assembly: Assembly,
    ) -> None:
        self._codecs = len(default_registry())
        self._watch: ImportObserver | None = ImportObserver(snapshots.places, files)
        variables = snapshots.places.variables
        self._watch.call(
            lambda: super(Remembered, self).__init__(settings, assembly=assembly, variables=variables)
        )
        self._snapshots = snapshots
        self._files = files
        self._before = before
        self.snapshot: Snapshot | None = None

    def look_again(self) -> None:
        """Read the code anew; what is no longer as it was imported makes no snapshot."""
        imported = self.graph
        super().look_again()
        if self.graph is not imported:
            self._watch = None

    def make_manifests(self, nodes: Iterable[Node]) -> dict[str, Manifest]:
        """Return the manifests; the first time those of all nodes are taken and kept."""
        if self._watch is None:
            return super().make_manifests(nodes)
        watch, self._watch = self._watch, None
        # Looking into code imports what functions import in their bodies.
        manifests = watch.call(lambda: super(Remembered, self).make_manifests(self.graph.nodes.values()))
        imported = watch.finish(self.modules)
        if (
            imported.whole and len(default_registry()) == self._codecs
        ):  # a codec of the project's is in no snapshot
            self._keep(imported, manifests)
        return {node.name: manifests[node.name] for node in nodes}

    def _keep(self, imported: Imported, manifests: dict[str, Manifest]) -> None:
        unseen, placed = asks_the_world(imported)
        if unseen:
            return
        try:
            basis = find_basis(
                self._snapshots.places,
                self._files,
                imported.paths,
                imported.folders,
                imported.seen,
                placed=placed,
            )
            doubts, typed = self._find_typed()
            taken = take_snapshot(
                basis, self.graph, manifests, self._snapshots.places, doubts=doubts, typed=typed
            )
        except (OSError, TypeError, ValueError):  # a file is gone by now, a tag is no text
            return
        self.snapshot = taken.confirm(self._before)

    def keep(self) -> None:
        """Write the snapshot down, too."""
        super().keep()
        if self.snapshot is not None:
            self._snapshots.keep(self.snapshot)

    def _find_typed(self) -> tuple[tuple[str, ...], dict[str, tuple[Artifact, str]]]:
        """Return which values of the settings are in doubt, and those that become another one by their type."""
        doubts: list[str] = []
        typed: dict[str, tuple[Artifact, str]] = {}
        reader = self.open_reader()
        outside = Outside.of(self._settings)
        for name, needed in self.graph.inputs.items():
            if (said := outside.find(name)) is None:
                continue
            try:
                value = said.convert(needed.type)
                if value is said.value:
                    continue
                if holds_secret(name, said.value):
                    raise Unfit("what it becomes is written down nowhere")
                if needed.type in (File, Files):
                    raise Unfit("it was said as another path")
                artifact = make_artifact(value)
            except (Unfit, CodecError):
                doubts.append(name)
                continue
            carried = reader.carried(artifact.names) if artifact.names else None
            typed[name] = replace(artifact, carried=carried or ""), tell_value(value)
        return tuple(doubts), typed
