"""What is known of a project's code: its nodes and their manifests, from an import or from a snapshot of one.

The two ways give the same answers. `Known` imports nothing, and raises CodeNeededError where a snapshot cannot tell;
then the same is asked of what `loaded` imports. Nothing that looks into code is imported here before that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TypeVar

from dagbuild.ground.environment import Variables
from dagbuild.ground.errors import InputError
from dagbuild.model.assembly import STRICT, Assembly
from dagbuild.model.graph import Graph
from dagbuild.model.node import Node
from dagbuild.model.record import Artifact, Manifest, Record
from dagbuild.observe.places import PathNames
from dagbuild.plan.events import Importing, Listener
from dagbuild.settings import Settings
from dagbuild.shortcut.answer_basis import AnswerBasis, list_answer_basis
from dagbuild.shortcut.graph_json import CodeNeededError
from dagbuild.shortcut.snapshots import Snapshot, Snapshots
from dagbuild.store import FileDigests
from dagbuild.store.salt import find_salt

if TYPE_CHECKING:
    from dagbuild.code.closure import SourceReader

T = TypeVar("T")


class Code(Protocol):
    """What a project's code is asked for."""

    @property
    def graph(self) -> Graph:
        """The nodes and inputs."""

    @property
    def modules(self) -> Sequence[ModuleType]:
        """The modules that hold the nodes."""

    def look_again(self) -> None:
        """Read the code anew from here on: in a long session, what modules hold may change between builds."""

    def make_manifests(self, nodes: Iterable[Node]) -> dict[str, Manifest]:
        """Return the manifest of each node."""

    def open_reader(self) -> SourceReader:
        """Return what reads the meaning of code, the same one until `look_again`."""

    def keep(self) -> None:
        """Write down what later commands may know without importing; at the end, when there is a cache folder."""


class Known:
    """The code as a snapshot tells of it."""

    def __init__(self, snapshot: Snapshot, places: PathNames) -> None:
        self.snapshot = snapshot
        self.graph = snapshot.open_graph(places)
        self._manifests = snapshot.open_manifests()

    @property
    def modules(self) -> Sequence[ModuleType]:
        """Nothing is imported: raises CodeNeededError."""
        raise CodeNeededError

    def look_again(self) -> None:
        """Nothing to do: that nothing has changed was found before."""

    def make_manifests(self, nodes: Iterable[Node]) -> dict[str, Manifest]:
        """Return the manifests that were taken; raises CodeNeededError when an input's value may not fit."""
        nodes = list(nodes)
        if any(name in self.snapshot.doubts for node in nodes for name in node.upstream):
            raise CodeNeededError
        return {node.name: self._manifests[node.name] for node in nodes}

    def open_reader(self) -> SourceReader:
        """Nothing is imported: raises CodeNeededError."""
        raise CodeNeededError

    def keep(self) -> None:
        """Nothing to do: it was written down."""


def find_variables(settings: Settings) -> Variables:
    """Return what may be kept of environment variables."""
    salt = settings.variables.salt.encode() or find_salt(settings.cache.folder)
    return Variables(salt, settings.variables.ignored)


class CodeSource:
    """What is found out of a project's code, in the cheapest way that tells enough; `listener` hears of imports."""

    def __init__(
        self,
        settings: Settings,
        modules: Sequence[ModuleType] | None,
        files: FileDigests,
        *,
        assembly: Assembly = STRICT,
        listener: Listener,
    ) -> None:
        self._listener = listener
        self.places = PathNames(
            settings.root.resolve(), [settings.cache.folder], variables=find_variables(settings)
        )
        self.known: Known | None = None
        self.code: Code
        self._settings = settings
        self._files = files
        self._assembly = assembly
        self._snapshots = Snapshots(settings, self.places, files, allow_overrides=assembly.allow_overrides)
        if modules is not None:
            from dagbuild.project.loaded import Loaded

            self.code = Loaded(
                settings,
                list(modules),
                assembly=assembly,
                variables=self.places.variables,
            )
            return
        snapshot = self._snapshots.find()
        if snapshot is not None and snapshot.answers:
            # Whatever may be wrong with what is in the file: then it is as if there were none.
            with contextlib.suppress(ValueError, TypeError, KeyError, IndexError, AttributeError):
                self.code = self.known = Known(snapshot, self.places)
                return
        self.code = self._import(snapshot)

    def load(self) -> bool:
        """Import the modules, unless that is done; tell whether it was not. Raises LoadError or GraphError."""
        if self.known is None:
            return False
        self.code = self._import(self.known.snapshot)
        self.known = None
        return True

    def answer(self, ask: Callable[[], T]) -> T:
        """Return what is asked, from what is known without importing where that tells enough."""
        if self.known is not None:
            try:
                return ask()
            except (CodeNeededError, InputError):  # mistakes are told in the words of the code
                self.load()
        return ask()

    @property
    def typed(self) -> Mapping[str, tuple[Artifact, str]]:
        """The settings' values that are known to become another one by the type that is wanted."""
        return self.known.snapshot.typed if self.known is not None else {}

    def list_answer_basis(
        self, inputs: Iterable[str], records: Iterable[Record], targets: Iterable[str]
    ) -> AnswerBasis | None:
        """Return what an answer from `known` stood on; None when there was none, or stats cannot tell."""
        if self.known is None:
            return None
        basis = self.known.snapshot.basis
        return list_answer_basis(
            basis, self._settings, self.places, inputs=inputs, records=records, targets=targets
        )

    def keep(self) -> None:
        """Write down what was found; to be called at the end, when there is a cache folder."""
        self.code.keep()

    def _import(self, before: Snapshot | None) -> Code:
        self._listener(Importing())
        try:
            return self._import_told(before)
        finally:
            self._listener(Importing(done=True))

    def _import_told(self, before: Snapshot | None) -> Code:
        from dagbuild.project.loaded import Loaded, Remembered

        if not self._settings.observes:  # what an import reads cannot be remembered then
            return Loaded(self._settings, assembly=self._assembly, variables=self.places.variables)
        return Remembered(self._settings, self._snapshots, self._files, before, assembly=self._assembly)
