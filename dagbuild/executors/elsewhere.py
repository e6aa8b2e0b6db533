"""The project in a process that imports it by itself, and whether what it has there is the driver's code.

Of what carries it there, and where that is, it knows nothing. Guards: a step runs in such a process only when the code
for it is the driver's.
"""

from __future__ import annotations

import functools
import importlib
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType

from dagbuild.artifacts import Artifacts
from dagbuild.code.closure import SourceReader
from dagbuild.executors import exits, parcels, shipping, state
from dagbuild.executors.base import Work
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
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
    def checked(self) -> list[Node]:
        """The nodes that are there after an import; one that travels whole brings the driver's code with it."""
        whole = {module.__name__ for module in self.in_memory}
        return [node for node in self.nodes if node.name in self.manifests and node.where.module not in whole]

    def make_setup(self, below: Iterable[str] = (), *, shipped: bool = False) -> Setup:
        """Return what a process needs of it, once."""
        whole = {module.__name__ for module in self.in_memory}
        return Setup(
            modules=tuple(module.__name__ for module in self.modules if module.__name__ not in whole),
            below=tuple(below),
            shipped=shipped,
            root=str(self.root),
            packages=dict(self.packages),
            watch=self.watch,
            imported=None if shipped else owners.imported,
            nodes={node.name: parcels.dumps((node, self.manifests[node.name])) for node in self.checked},
        )


@dataclass(frozen=True)
class Setup:
    """What a process needs of the driver's code: `below` are import paths relative to its working directory.

    `shipped`: that directory is a copy of the project's folder, and outputs lie there. `imported` is what the driver
    has seen the import of its modules read, None where it has not looked.
    """

    modules: tuple[str, ...]
    below: tuple[str, ...]
    shipped: bool
    root: str
    packages: Mapping[str, str]
    watch: Watch | None
    imported: frozenset[tuple[str, str]] | None
    nodes: Mapping[str, bytes]


@dataclass(frozen=True)
class Site:
    """The project as a process has imported it.

    `nodes` are the driver's nodes with their manifests, in its order, None where one is not to be had here;
    `differences` are those of the code here from the driver's, by node.
    """

    nodes: Mapping[str, tuple[Node, Manifest] | None]
    differences: Mapping[str, list[str]]
    make_worker: Callable[[Store, Callable[[], Capturing] | None], Worker]

    def list_differences(self, work: Work) -> list[str]:
        """Return what the code for a step has here that the driver's has not, one line each."""
        return [line for node in (work.node, *work.views) for line in self.differences.get(node.name, ())]


def import_project(setup: Setup) -> Site:
    """Import the project and compare it with the driver's; raises whatever its modules raise."""
    watch = setup.watch
    observes = watch is None or watch.observes
    if observes:
        exits.install()  # before the project's modules are imported
        state.install()
    shipping.add_import_paths([str(Path(path).resolve()) for path in setup.below])
    memo = watch.memo if watch else None
    # On another machine the folder may not be there, and is not for us to make.
    files = FileDigests(Path(memo) if memo and Path(memo).is_dir() else None)
    places = watch.places if watch else PathNames(setup.root)
    modules: list[ModuleType] = []
    load = functools.partial(_import, setup, modules)
    watched = watch is not None and observes
    reader, nodes, differences = (
        watch_import(load, places, files, modules, known=setup.imported) if watched else load()
    )
    code = ProjectCode(lambda: reader, places, files, observing=observes)
    root = os.getcwd() if setup.shipped else setup.root  # noqa: PTH109 - a text
    home = Home(root, memo) if memo else None

    def make_worker(store: Store, capture: Callable[[], Capturing] | None) -> Worker:
        # The driver is told when this process ends.
        worker = Worker(Artifacts(store), code, files, watch, home, marked=False, capture=capture)
        worker.hold_on()
        return worker

    return Site(nodes, differences, make_worker)


_Nodes = dict[str, tuple[Node, Manifest] | None]


def _import(setup: Setup, modules: list[ModuleType]) -> tuple[SourceReader, _Nodes, dict[str, list[str]]]:
    """Return what reads the code as it is imported here, the driver's nodes, and where they are others here."""
    modules += map(importlib.import_module, setup.modules)
    hiding = setup.watch.places.variables if setup.watch else None
    reader = SourceReader(modules, setup.root, hiding)
    nodes: _Nodes = {}
    differences: dict[str, list[str]] = {}
    # All nodes at once, before any has run: one that ran may have changed what a module holds.
    for name, packed in setup.nodes.items():
        nodes[name] = None
        if not packed:
            continue
        try:
            node, manifest = nodes[name] = parcels.loads(packed)
            differences[name] = shipping.compare(node, manifest, reader, setup.packages)
        except (Exception, SystemExit) as error:
            differences[name] = [name_error(error)]
    return reader, nodes, differences


def tell_other_code(lines: Iterable[str]) -> str:
    """Say that a process has not the driver's code."""
    return f"the worker on {platform.node()} has not the driver's code: " + "; ".join(lines)
