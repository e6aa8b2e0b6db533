"""Run steps as tasks on a Ray cluster: one that is there, or a local one of our own.

The only file that knows ray. A task carries a node and the descriptions of what it takes; the worker reads and writes
the values through the store, so the driver moves no data. Only what exists in memory travels in the task.

Promise: a step runs on a worker only when the worker's code for it is the driver's.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import os
import platform
import socket
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dagbuild.executors import packing, parcels, shipping
from dagbuild.executors.base import Executor, Work
from dagbuild.executors.elsewhere import ShippedCode, Site, import_project, tell_other_code
from dagbuild.executors.failures import make_failure
from dagbuild.executors.shown import Shown, make_writer
from dagbuild.executors.state import Chance
from dagbuild.executors.unfinished import make_lost, make_overdue
from dagbuild.executors.worker import Worker
from dagbuild.ground.errors import StoreError, UserError
from dagbuild.ground.texts import name_error
from dagbuild.model.node import MODEST
from dagbuild.model.outcome import Done, Failure, Outcome
from dagbuild.settings import CacheSettings, RemoteSettings, check_folder
from dagbuild.store import open_store
from dagbuild.store.base import Store
from dagbuild.store.salt import name_folder

try:
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError
    from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_exists, _internal_kv_put
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


@dataclass
class _Limited:
    """A step with a time limit: the key under which the worker says that it has begun, and until when it may run."""

    key: str
    deadline: float | None = None
    overdue: bool = False


class RayExecutor(Executor):
    """Hands each step to Ray as one task, which Ray never retries behind our back.

    `open_store` is called once in each worker process: a function of a module that is installed there, or a partial
    of one. `here` runs the steps whose values cannot leave this process. Uses the
    cluster that this process is connected to, else the one at `address` or RAY_ADDRESS, else starts
    a local one; all of it when the first step is ready. With `named`, what a step has printed is shown once it has
    ended, each line behind its name. `on_notice` is told what people are to know of how steps run. UserError is raised
    when the first step is ready and there is no cluster at the address.
    """

    name = "ray"

    def __init__(
        self,
        open_store: Callable[[], Store],
        code: ShippedCode,
        here: Worker,
        *,
        address: str | None = None,
        named: bool = False,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._open_store = open_store
        self._code = code
        self._worker = here
        self._named = named
        self._address = address or os.environ.get("RAY_ADDRESS") or LOCAL
        self._on_notice = on_notice
        self._opened = self._connected = False
        self._held = contextlib.ExitStack()
        self._running: dict[Any, Work] = {}
        self._limited: dict[Any, _Limited] = {}
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
        self._held.enter_context(parcels.travelling_whole(self._code.in_memory))

    @functools.cached_property
    def _task(self) -> Callable[[bytes, Work, str], Any]:
        """A function that hands a parcel to the cluster, with the step in it and the key that tells of its begin."""
        paths = shipping.find_import_paths(self._code.modules)
        variables = shipping.make_environment(paths, self._code.manifests)
        task = ray.remote(_run_task)
        versions = shipping.describe_platform()
        shipped = self._connected and self._address != LOCAL
        root = self._code.root
        below = [str(Path(path).relative_to(root)) for path in paths if Path(path).is_relative_to(root)]
        code = self._code.make_setup(below if shipped else (), shipped=shipped)
        setup = ray.put(parcels.dumps((code, self._open_store)))
        chance = ray.put(self._held.enter_context(self._worker.hold()).chance)

        def hand(parcel: bytes, work: Work, begun: str) -> Any:
            # A process of other variables is another one: it is new, and no other try has left anything there.
            fresh = {"_DAGBUILD_TRY": uuid.uuid4().hex} if work.attempt > 1 else {}
            takes = work.node.resources
            chosen = task.options(
                num_cpus=takes.cpus,
                num_gpus=takes.gpus or None,
                memory=takes.memory,
                resources=dict(takes.custom) or None,
                max_retries=0,
                runtime_env={"env_vars": {**variables, **fresh}},
            )
            return chosen.remote(versions, setup, chance, parcel, begun)

        return hand

    def submit(self, work: Work) -> None:
        """Hand the step to the cluster; one whose values cannot travel runs here when it is waited for."""
        self._open()
        if parcel := parcels.dumps(self._worker.seal(work)):
            self._tell_missing(work)
            limited = _Limited(uuid.uuid4().hex) if work.node.timeout is not None else None
            task = self._task(parcel, work, limited.key if limited else "")
            self._running[task] = work
            if limited:
                self._limited[task] = limited
        else:
            self._here.append(work)

    def _tell_missing(self, work: Work) -> None:
        """Say of a step that it waits for what the cluster has not: Ray lets it wait, as machines may come."""
        takes = work.node.resources
        if takes is MODEST:
            return
        wanted = {"CPU": takes.cpus, "GPU": takes.gpus, "memory": takes.memory or 0, **takes.custom}
        there = ray.cluster_resources()
        missing = [
            f"{name} {count:g} of {there.get(name, 0):g}"
            for name, count in wanted.items()
            if count > there.get(name, 0)
        ]
        if missing:
            told = ", ".join(missing)
            self._on_notice(f"'{work.node.name}' waits for what the Ray cluster has not: {told}")

    def wait(self, most: float | None = None) -> list[tuple[str, Outcome]]:
        """Return the outcomes of all steps that have ended, after a second at most; on Ctrl-C cancel the others."""
        if self._here:
            work = self._here.popleft()
            return [(work.name, self._worker.run(work))]
        try:
            first, rest = ray.wait(list(self._running), num_returns=1, timeout=self._find_patience(most))
            more, _ = ray.wait(rest, num_returns=len(rest), timeout=0) if rest else ([], [])
        except KeyboardInterrupt:
            self._cancel()
            raise
        self._end_overdue(rest)
        outcomes = []
        for task in (*first, *more):
            work = self._running.pop(task)
            outcomes.append((work.name, self._read(task, work)))
        return outcomes

    def _read(self, task: Any, work: Work) -> Outcome:
        limited = self._limited.pop(task, None)
        if limited is not None:
            _internal_kv_del(limited.key)
        try:
            reply = ray.get(task)
        except (RayTaskError, RayError) as error:
            if limited is not None and limited.overdue:
                return make_overdue(work)
            if isinstance(error, WorkerCrashedError | NodeDiedError | OutOfMemoryError):
                return make_lost(work, _describe_death(error, work))
            return Failure(type(error).__name__, f"Ray could not run the step: {error}", "")
        if reply == packing.STAYS:
            return self._worker.run(work)
        outcome = packing.unpack(reply, parcels.loads)
        if self._named:
            _show_printed(work.name, outcome)
        if isinstance(outcome, Done) and outcome.put and outcome.record is not None:
            self._worker.adopt(outcome.record)  # the worker may be on another machine
        return outcome

    def _find_patience(self, most: float | None) -> float:
        """Return for how many seconds nothing has to be done unless a step ends."""
        deadlines = [each.deadline for each in self._limited.values() if each.deadline is not None]
        left = min(deadlines, default=math.inf) - time.monotonic()
        return max(min(_A_WHILE, left, math.inf if most is None else most), 0.0)

    def _end_overdue(self, tasks: Sequence[Any]) -> None:
        """End the steps that have taken longer than they may; that they have begun is seen a second late at most."""
        for task in tasks:
            if (limited := self._limited.get(task)) is None or limited.overdue:
                continue
            now = time.monotonic()
            if limited.deadline is None and _internal_kv_exists(limited.key):
                limited.deadline = now + (self._running[task].node.timeout or 0.0)
            if limited.deadline is not None and limited.deadline <= now:
                limited.deadline, limited.overdue = None, True
                ray.cancel(task, force=True)

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
            self._held.close()
        if self._connected:
            self._connected = False
            ray.shutdown()


def _show_printed(name: str, outcome: Outcome) -> None:
    """Show what a step has printed, line by line behind its name; from its worker nothing came while it ran."""
    record = outcome.record if isinstance(outcome, Done) else None
    printed = outcome.log if isinstance(outcome, Failure) else record.log if record else ""
    shown = Shown(make_writer(sys.stdout), name)
    shown.add(printed)
    shown.finish()
    sys.stdout.flush()


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
    name = work.name
    if isinstance(error, NodeDiedError):
        return f"the machine that ran '{name}' left the Ray cluster"
    if isinstance(error, OutOfMemoryError):
        return (
            f"Ray ended the process that ran '{name}', because memory ran out on its machine\n"
            "  try: make the value smaller, or let fewer steps run side by side"
        )
    return (
        f"the process that ran '{name}' is gone, and Ray does not tell why: it was killed, crashed in native code, "
        f"or ran out of memory\n  try: dagbuild build {work.node.name} --executor local, "
        "which tells how a process ended"
    )


# -- in the worker's process -----------------------------------------------------------------------------------------


def open_worker_store(cache: CacheSettings, remote: RemoteSettings | None, name: str | None) -> Store:
    """Open the store of a worker: in the driver's folder, or where DAGBUILD_WORKER_CACHE on its machine says.

    Raises UserError where that is not the driver's, which has that `name`, and there is no remote between them.
    """
    said = os.environ.get("DAGBUILD_WORKER_CACHE")
    folder = check_folder("DAGBUILD_WORKER_CACHE", said) if said else cache.folder
    if (remote is None or remote.mode == "off") and name_folder(folder) != name:
        raise UserError(
            f"{platform.node()} does not have the build's cache folder: '{folder}' is another there, or missing",
            hint="set a [remote] for values to travel by, or a cache folder that all machines share",
        )
    return open_store(folder, remote, fsync=cache.fsync, publishes=False)


def _run_task(
    versions: Mapping[str, str], setup: bytes, chance: Chance, parcel: bytes, begun: str
) -> packing.Reply:
    """Run one step; everything that can go wrong is in the reply. `begun` is where it is said that its time begins."""
    here = shipping.describe_platform()
    wrong = [
        f"{name} is {here[name]} there and {text} here"
        for name, text in versions.items()
        if here[name] != text
    ]
    if wrong:
        return packing.pack(_other_code(wrong), parcels.dumps)
    try:
        store, site, worker = _set_up(setup)
    except UserError as error:
        return packing.pack(make_failure(error, {}), parcels.dumps)
    except (Exception, SystemExit) as error:
        return packing.pack(_other_code([name_error(error)]), parcels.dumps)
    try:
        work: Work = parcels.loads(parcel)
    except (Exception, SystemExit) as error:
        return packing.pack(_other_code([name_error(error)]), parcels.dumps)
    if wrong := site.list_differences(work):
        return packing.pack(_other_code(wrong), parcels.dumps)
    worker.take_chance(chance)
    worker.on_begin = lambda _: _internal_kv_put(begun, b"1")
    outcome = worker.run(work)
    if isinstance(outcome, Done) and (record := outcome.record) is not None:
        try:
            store.share()  # who reads the value next may be on another machine
            outcome = replace(outcome, record=worker.seal_record(record))
        except StoreError as error:
            told = f"the value of '{work.name}' could not be published: {error}"
            outcome = replace(outcome, notices=(*outcome.notices, told))
    return packing.pack(outcome, parcels.dumps)


@functools.lru_cache(maxsize=1)
def _set_up(setup: bytes) -> tuple[Store, Site, Worker]:
    code, open_store = parcels.loads(setup)
    site = import_project(code)
    store = open_store()
    return store, site, site.make_worker(store, None)


def _other_code(lines: Sequence[str]) -> Failure:
    return Failure("OtherCode", tell_other_code(lines), "")
