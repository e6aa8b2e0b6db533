"""The project in a process that imports it by itself, and whether what it has there is the driver's code.

Of what carries it there, and where that is, it knows nothing. Guards: a step runs in such a process only when the code
for it is the driver's.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.code.closure import SourceReader
from dagbuild.executors import exits, parcels, shipping, state
from dagbuild.executors.base import Work
from dagbuild.executors.copied import Copy
from dagbuild.executors.import_paths import NOWHERE, ImportPaths
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.ground.home import find_here
from dagbuild.ground.override import override
from dagbuild.ground.secrets import GivenSecrets, find_given
from dagbuild.ground.texts import name_error
from dagbuild.model.node import Node
from dagbuild.model.record import Manifest
from dagbuild.observe.observer import watch_import
from dagbuild.observe.owners import owners
from dagbuild.observe.places import PathNames
from dagbuild.observe.project_code import ProjectCode
from dagbuild.observe.watch import Watch
from dagbuild.outputs import Home
from dagbuild.store import FileDigests
from dagbuild.store.base import Store


@dataclass(frozen=True)
class ShippedCode:
    """The driver's code, which the workers must have.

    `modules` are the user's; `nodes` those that may run, with their manifests by name, made with the policy
    `packages`. With `watch`, steps are observed.
    """

    root: Path
    modules: Sequence[ModuleType] = ()
    nodes: Sequence[Node] = ()
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    watch: Watch | None = None

    @cached_property
    def in_memory(self) -> list[ModuleType]:
        """The modules that exist in this process only, and travel whole."""
        return shipping.find_unimportable(self.modules)

    @cached_property
    def packed(self) -> dict[str, bytes]:
        """The nodes that are there after an import, each with its manifest as a parcel.

        Others bring the driver's code with them, or cannot leave this process. To be asked for while what is in memory
        travels whole.
        """
        whole = {module.__name__ for module in self.in_memory}
        return {
            node.name: parcel
            for node in self.nodes
            if node.name in self.manifests
            and node.where.module not in whole
            and (parcel := parcels.dumps((node, self.manifests[node.name])))
        }

    def make_pickles(self) -> parcels.SharedParcels:
        """Return what makes parcels for processes that have the setup."""
        return parcels.SharedParcels(self.find_shared())

    def find_shared(self) -> list[object]:
        """Return what such processes have of the driver's, in their order."""
        nodes = {node.name: node for node in self.nodes}
        return [*(nodes[name] for name in self.packed), *(self.manifests[name] for name in self.packed)]

    def make_setup(self, paths: ImportPaths = NOWHERE, *, shipped: bool = False) -> Setup:
        """Return what a process needs of it, once."""
        whole = {module.__name__ for module in self.in_memory}
        return Setup(
            modules=tuple(module.__name__ for module in self.modules if module.__name__ not in whole),
            paths=paths,
            shipped=shipped,
            root=str(self.root),
            folder=find_here(),
            packages=dict(self.packages),
            watch=self.watch,
            imported=None if shipped else owners.imported,
            nodes=self.packed,
            samples=tuple(
                {node.where.module: node.name for node in self.nodes if node.name in self.packed}.values()
            ),
            secrets=find_given(),
        )


@dataclass(frozen=True)
class Setup:
    """What a process needs of the driver's code: `paths` are where it finds that.

    `nodes` are parcels of nodes with their manifests, `samples` the names of one of each module.

    `folder` is the one that the driver works in, if it is there, `root` the project's. `shipped`: what such a process
    works in at first is a copy of the latter, in which `paths` and outputs lie. `imported` is what the driver has seen
    the import of its modules read, None where it has not looked. `secrets` are texts, with their names, that nobody is
    shown.
    """

    modules: tuple[str, ...]
    paths: ImportPaths
    shipped: bool
    root: str
    folder: str
    packages: Mapping[str, str]
    watch: Watch | None
    imported: frozenset[tuple[str, str]] | None
    nodes: Mapping[str, bytes]
    samples: tuple[str, ...]
    secrets: Mapping[str, str]


class OtherCodeError(Exception):
    """This process has not the driver's code for a step; `lines` say what differs."""

    def __init__(self, node: str, lines: Sequence[str]) -> None:
        super().__init__(node, *lines)
        self.node = node
        self.lines = lines


class Site:
    """The project as a process has imported it, beside the driver's nodes: each is read and compared when it is needed.

    `make_worker` gives what runs steps here; `copy` is the project's folder where that is a copy of the driver's.
    """

    def __init__(
        self,
        setup: Setup,
        reader: SourceReader,
        make_worker: Callable[[Store, Callable[[], Capturing]], Worker],
        secrets: GivenSecrets,
        copy: Copy | None,
    ) -> None:
        self.make_worker = make_worker
        self.secrets = secrets  # which are known for as long as this is there
        self.copy = copy
        self.names = tuple(setup.nodes)
        self._setup = setup
        self._reader = reader
        self._found: dict[str, tuple[Node, Manifest]] = {}
        self._differences: dict[str, Sequence[str]] = {}

    def get(self, name: str) -> tuple[Node, Manifest]:
        """Return a node of the driver's, and its manifest there; raises OtherCodeError where it is not to be had."""
        self._compare(name)
        if name not in self._found:
            raise OtherCodeError(name, self._differences[name])
        return self._found[name]

    def check(self, work: Work) -> None:
        """Raise OtherCodeError where the code for a step is another here."""
        for name in (node.name for node in (work.node, *work.views)):
            if name in self._setup.nodes:  # else it came whole
                self._compare(name)
                if wrong := self._differences[name]:
                    raise OtherCodeError(work.node.name, wrong)

    def compare_all(self) -> None:
        """Compare all nodes now: steps may change what modules hold, which then seems to be other code."""
        for name in self.names:
            self._compare(name)

    def compare_some(self) -> None:
        """Compare a node of each module, so that what all nodes of it have in common is read."""
        for name in self._setup.samples:
            self._compare(name)

    def _compare(self, name: str) -> None:
        if name in self._differences:
            return
        try:
            node, manifest = self._found[name] = parcels.loads(self._setup.nodes[name])
            self._differences[name] = shipping.compare(node, manifest, self._reader, self._setup.packages)
        except (Exception, SystemExit) as error:
            self._differences[name] = [name_error(error)]


class CheckedParcels(parcels.SharedParcels):
    """Opens parcels with steps, of which nodes and manifests travel as numbers; raises OtherCodeError."""

    def __init__(self, site: Site) -> None:
        super().__init__(_Numbered(site), tells=False)
        self._site = site

    @override
    def loads(self, data: bytes) -> Any:
        work = super().loads(data)
        self._site.check(work)
        return work


class _Numbered(Sequence[object]):
    """The driver's nodes, and then their manifests."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __len__(self) -> int:
        return 2 * len(self._site.names)

    def __getitem__(self, number: Any) -> Any:
        place, at = divmod(number, len(self._site.names))
        return self._site.get(self._site.names[at])[place]


def import_project(setup: Setup) -> Site:
    """Import the project and compare it with the driver's; raises whatever its modules raise."""
    secrets = GivenSecrets(setup.secrets)
    root = os.getcwd() if setup.shipped else setup.root  # noqa: PTH109 - a text
    _go_where_the_driver_is(setup, root)
    watch = setup.watch and replace(setup.watch, places=setup.watch.places.move(root))
    observes = watch is None or watch.observes
    if observes:
        exits.install()  # before the project's modules are imported
        state.install()
    setup.paths.add()
    memo = watch.memo if watch else None
    # On another machine the folder may not be there, and is not for us to make.
    files = FileDigests(Path(memo) if memo and Path(memo).is_dir() else None)
    places = watch.places if watch else PathNames(root)
    modules: list[ModuleType] = []
    load = functools.partial(_import, setup, modules)
    watched = watch is not None and observes
    reader = watch_import(load, places, files, modules, known=setup.imported) if watched else load()
    files.close()  # a copy of this process has no file in common with it
    code = ProjectCode(lambda: reader, places, files, observing=observes)
    home = Home(root, memo) if memo else None

    def make_worker(store: Store, capture: Callable[[], Capturing]) -> Worker:
        # The driver is told when this process ends.
        worker = Worker(Artifacts(store), code, files, watch, home, marked=False, capture=capture)
        worker.hold_on()
        return worker

    return Site(setup, reader, make_worker, secrets, Copy(setup.root, root, files) if setup.shipped else None)


def _go_where_the_driver_is(setup: Setup, root: str) -> None:
    """Names without a folder mean the same files here, where this machine has that folder."""
    if not setup.folder:
        return
    there = Path(setup.folder)
    if setup.shipped:
        there = Path(root) / (there.relative_to(setup.root) if there.is_relative_to(setup.root) else "")
    with contextlib.suppress(OSError):
        os.chdir(there)


def _import(setup: Setup, modules: list[ModuleType]) -> SourceReader:
    """Return what reads the code as it is imported here."""
    modules += map(importlib.import_module, setup.modules)
    return SourceReader(modules, setup.root, setup.watch.places.variables if setup.watch else None)


def tell_other_code(lines: Iterable[str]) -> str:
    """Say that a process has not the driver's code."""
    return f"the worker on {platform.node()} has not the driver's code: " + "; ".join(lines)
