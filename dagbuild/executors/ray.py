"""Run steps as tasks on a Ray cluster: one that is there, or a local one of our own.

The only file that knows ray. A task carries a node and the descriptions of what it takes; the worker reads and writes
the values through the store, so the driver moves no data. Only what exists in memory travels in the task.

Promise: a step runs on a worker only when the worker's code for it is the driver's.
"""

from __future__ import annotations

import functools
import importlib
import io
import logging
import os
import platform
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.code.closure import SourceReader
from dagbuild.executors import exits, packing, shipping, state
from dagbuild.executors.base import Executor, Work
from dagbuild.executors.worker import Worker
from dagbuild.ground.errors import StoreError, UserError
from dagbuild.ground.texts import name_error
from dagbuild.model.node import Node
from dagbuild.model.outcome import Done, Failure, Outcome
from dagbuild.model.record import Manifest
from dagbuild.observe.observer import watch_import
from dagbuild.observe.places import PathNames
from dagbuild.observe.project_code import ProjectCode
from dagbuild.observe.watch import Watch
from dagbuild.outputs import Home
from dagbuild.settings import CacheSettings, RemoteSettings, check_folder
from dagbuild.store import FileDigests, open_store
from dagbuild.store.base import Store

try:
    import ray
    from ray import cloudpickle
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError
except ImportError as missing:
    raise UserError(
        "the Ray executor needs the package 'ray'", hint='pip install "dagbuild[ray]"'
    ) from missing

LOCAL = "local"
"""The address that means a Ray of our own."""

_OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Of a local Ray of our own: values go through our store, so Ray's stays small."""

_A_WHILE = 1.0
"""Seconds to wait for a step before the caller may look about."""


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


class RayExecutor(Executor):
    """Hands each step to Ray as one task, which Ray never retries behind our back.

    `open_store` is called once in each worker process: a function of a module that is installed there, or a partial
    of one. `here` runs the steps whose values cannot leave this process. Uses the
    cluster that this process is connected to, else the one at `address` or RAY_ADDRESS, else starts
    a local one; all of it when the first step is ready. UserError is raised then, when
    there is no cluster at the address.
    """

    name = "ray"

    def __init__(
        self, open_store: Callable[[], Store], code: ShippedCode, here: Worker, *, address: str | None = None
    ) -> None:
        self._open_store = open_store
        self._code = code
        self._worker = here
        self._address = address or os.environ.get("RAY_ADDRESS") or LOCAL
        self._opened = self._connected = False
        self._in_memory = shipping.find_unimportable(code.modules)
        self._running: dict[Any, Work] = {}
        self._here: deque[Work] = deque()

    @functools.cached_property
    def slots(self) -> int:  # type: ignore[override]  # asking for it is what connects
        """The cluster's cores."""
        self._open()
        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    def _open(self) -> None:
        if self._opened:
            return
        if not ray.is_initialized():
            _connect(self._address, self._code.root)
            self._connected = True
        self._opened = True
        for module in self._in_memory:
            cloudpickle.register_pickle_by_value(module)

    @functools.cached_property
    def _task(self) -> Callable[[bytes], Any]:
        """A function that hands a parcel to the cluster."""
        paths = shipping.find_import_paths(self._code.modules)
        variables = shipping.make_environment(paths, self._code.manifests)
        task = ray.remote(_run_task).options(num_cpus=1, max_retries=0, runtime_env={"env_vars": variables})
        versions = shipping.describe_platform()
        setup = ray.put(cloudpickle.dumps(self._setup(paths)))
        return lambda parcel: task.remote(versions, setup, parcel)

    def _setup(self, paths: Sequence[str]) -> _Setup:
        code = self._code
        whole = {module.__name__ for module in self._in_memory}
        shipped = self._connected and self._address != LOCAL
        below = [Path(path).relative_to(code.root) for path in paths if Path(path).is_relative_to(code.root)]
        # A node of a module that travels whole brings the driver's code with it; there is nothing to compare.
        checked = [
            node for node in code.nodes if node.name in code.manifests and node.where.module not in whole
        ]
        return _Setup(
            open_store=self._open_store,
            modules=tuple(module.__name__ for module in code.modules if module.__name__ not in whole),
            below=tuple(map(str, below)) if shipped else (),
            shipped=shipped,
            root=str(code.root),
            packages=dict(code.packages),
            watch=code.watch,
            nodes={node.name: _try_dumps((node, code.manifests[node.name])) for node in checked},
        )

    def submit(self, work: Work) -> None:
        """Hand the step to the cluster; one whose values cannot travel runs here when it is waited for."""
        self._open()
        if parcel := _try_dumps(self._worker.seal(work)):
            self._running[self._task(parcel)] = work
        else:
            self._here.append(work)

    def wait(self) -> list[tuple[str, Outcome]]:
        """Return the outcomes of all steps that have ended, after a second at most; on Ctrl-C cancel the others."""
        if self._here:
            work = self._here.popleft()
            return [(work.name, self._worker.run(work))]
        try:
            first, rest = ray.wait(list(self._running), num_returns=1, timeout=_A_WHILE)
            more, _ = ray.wait(rest, num_returns=len(rest), timeout=0) if rest else ([], [])
        except KeyboardInterrupt:
            self._cancel()
            raise
        outcomes = []
        for task in (*first, *more):
            work = self._running.pop(task)
            outcomes.append((work.name, self._read(task, work)))
        return outcomes

    def _read(self, task: Any, work: Work) -> Outcome:
        try:
            reply = ray.get(task)
        except (WorkerCrashedError, NodeDiedError, OutOfMemoryError) as error:
            return Failure("WorkerDied", _describe_death(error, work), "")
        except (RayTaskError, RayError) as error:
            return Failure(type(error).__name__, f"Ray could not run the step: {error}", "")
        if reply == packing.STAYS:
            return self._worker.run(work)
        outcome = packing.unpack(reply, cloudpickle.loads)
        if isinstance(outcome, Done) and outcome.put and outcome.record is not None:
            self._worker.adopt(outcome.record)  # the worker may be on another machine
        return outcome

    def _cancel(self) -> None:
        for task in self._running:
            ray.cancel(task, force=True)
        self._running.clear()
        self._here.clear()

    def close(self) -> None:
        """Cancel what runs, and let go of a cluster that was connected to here; one of our own stops with that."""
        if self._opened:
            self._opened = False
            self._cancel()
            for module in self._in_memory:
                cloudpickle.unregister_pickle_by_value(module)
        if self._connected:
            self._connected = False
            ray.shutdown()


def _connect(address: str, root: Path) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address == LOCAL:
            size = _OBJECT_STORE_BYTES
            ray.init(address, include_dashboard=False, object_store_memory=size, **quiet)
        else:
            _probe(address)
            ray.init(address, runtime_env={"working_dir": str(root)}, **quiet)
    except (OSError, RuntimeError, ValueError, RayError) as error:
        raise UserError(
            f"the Ray cluster '{address}' cannot be used: {error}",
            hint="look at 'address' under [executor], and at what `ray status` says there",
        ) from error
    # Seen on 2.60: words about a dead worker go to our standard output whatever log_to_driver says. They would spoil
    # what a command prints there, and the node's failure tells the same.
    if hasattr(ray._private.worker, "print_to_stdstream"):
        ray._private.worker.print_to_stdstream = lambda *_args, **_options: None


def _probe(address: str) -> None:
    """Raise OSError at once when nobody listens there; Ray itself, seen on 2.60, tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=5).close()


def _describe_death(error: Exception, work: Work) -> str:
    if isinstance(error, NodeDiedError):
        return f"the machine that ran '{work.name}' left the Ray cluster"
    return (
        f"the process that ran '{work.name}' was killed, probably because memory ran out: "
        "let fewer steps run side by side, or make the value smaller"
    )


# -- in the worker's process -----------------------------------------------------------------------------------------


def open_worker_store(cache: CacheSettings, remote: RemoteSettings | None) -> Store:
    """Open the store of a worker: in the driver's folder, or where DAGBUILD_WORKER_CACHE on its machine says."""
    said = os.environ.get("DAGBUILD_WORKER_CACHE")
    folder = check_folder("DAGBUILD_WORKER_CACHE", said) if said else cache.folder
    return open_store(folder, remote, fsync=cache.fsync, publishes=False)


@dataclass(frozen=True)
class _Setup:
    """What a worker process needs once: `below` are import paths relative to its working directory.

    `shipped`: that directory is a copy of the project's folder, and outputs lie there.
    """

    open_store: Callable[[], Store]
    modules: tuple[str, ...]
    below: tuple[str, ...]
    shipped: bool
    root: str
    packages: Mapping[str, str]
    watch: Watch | None
    nodes: Mapping[str, bytes]


@dataclass(frozen=True)
class _Site:
    """What a worker process keeps between steps; `differences` are those of its code from the driver's, by node."""

    store: Store
    worker: Worker
    differences: Mapping[str, list[str]]


def _run_task(versions: Mapping[str, str], setup: bytes, parcel: bytes) -> packing.Reply:
    """Run one step; everything that can go wrong is in the reply."""
    here = shipping.describe_platform()
    wrong = [
        f"{name} is {here[name]} there and {text} here"
        for name, text in versions.items()
        if here[name] != text
    ]
    if wrong:
        return packing.pack(_other_code(wrong), _try_dumps)
    try:
        site = _set_up(setup)
        work: Work = cloudpickle.loads(parcel)
    except (Exception, SystemExit) as error:
        return packing.pack(_other_code([name_error(error)]), _try_dumps)
    wrong = [line for node in (work.node, *work.views) for line in site.differences.get(node.name, ())]
    if wrong:
        return packing.pack(_other_code(wrong), _try_dumps)
    outcome = site.worker.run(work)
    if isinstance(outcome, Done) and (record := outcome.record) is not None:
        try:
            site.store.share()  # who reads the value next may be on another machine
            outcome = replace(outcome, record=site.worker.seal_record(record))
        except StoreError as error:
            told = f"the value of '{work.name}' could not be published: {error}"
            outcome = replace(outcome, notices=(*outcome.notices, told))
    return packing.pack(outcome, _try_dumps)


@functools.lru_cache(maxsize=1)
def _set_up(setup: bytes) -> _Site:
    wanted: _Setup = cloudpickle.loads(setup)
    if wanted.watch is None or wanted.watch.observes:
        exits.install()  # before the project's modules are imported
        state.install()
    shipping.add_import_paths([str(Path(path).resolve()) for path in wanted.below])
    memo = wanted.watch.memo if wanted.watch else None
    # On another machine the folder may not be there, and is not for us to make.
    files = FileDigests(Path(memo) if memo and Path(memo).is_dir() else None)
    places = wanted.watch.places if wanted.watch else PathNames(wanted.root)
    watches = wanted.watch is not None and wanted.watch.observes
    modules: list[ModuleType] = []
    load = functools.partial(_import, wanted, modules)
    reader, differences = watch_import(load, places, files, modules) if watches else load()
    store = wanted.open_store()
    code = ProjectCode(lambda: reader, places, files, observing=wanted.watch is None or wanted.watch.observes)
    root = os.getcwd() if wanted.shipped else wanted.root  # noqa: PTH109 - a text
    home = Home(root, memo) if memo else None
    # Ray tells the driver when this process ends.
    worker = Worker(Artifacts(store), code, files, wanted.watch, home, marked=False)
    worker.hold_on()
    return _Site(store, worker, differences)


def _import(wanted: _Setup, modules: list[ModuleType]) -> tuple[SourceReader, dict[str, list[str]]]:
    """Return what reads the code as it is imported here, and where it is not the driver's, by node."""
    modules += map(importlib.import_module, wanted.modules)
    hiding = wanted.watch.places.variables if wanted.watch else None
    reader = SourceReader(modules, wanted.root, hiding)
    # All nodes at once, before any has run: one that ran may have changed what a module holds.
    return reader, {
        name: _compare(packed, reader, wanted.packages) for name, packed in wanted.nodes.items() if packed
    }


def _compare(packed: bytes, reader: SourceReader, packages: Mapping[str, str]) -> list[str]:
    try:
        node, manifest = cloudpickle.loads(packed)
        return shipping.compare(node, manifest, reader, packages)
    except (Exception, SystemExit) as error:
        return [name_error(error)]


def _other_code(lines: Sequence[str]) -> Failure:
    return Failure(
        "OtherCode", f"the worker on {platform.node()} has not the driver's code: " + "; ".join(lines), ""
    )


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]  # ray says no types
    """Names a function by its place where a decorator stands before it there, instead of sending its code."""

    def reducer_override(self, value: Any) -> Any:
        place = shipping.find_place_behind(value)
        return (shipping.find_behind, place) if place else super().reducer_override(value)


def _try_dumps(value: Any) -> bytes:
    stream = io.BytesIO()
    try:
        _Pickler(stream).dump(value)
    except (Exception, SystemExit):
        return b""
    return stream.getvalue()
