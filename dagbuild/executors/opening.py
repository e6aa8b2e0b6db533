"""Open the executor that is asked for; ray is imported where it is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

from dagbuild.executors import exits
from dagbuild.executors.base import Executor
from dagbuild.executors.foreign import Means, open_foreign
from dagbuild.executors.forked import Forked
from dagbuild.executors.inline import InlineExecutor
from dagbuild.executors.local import LocalExecutor
from dagbuild.executors.memory import find_available
from dagbuild.executors.packing import SharedPickles
from dagbuild.executors.stepping import MakeWorker
from dagbuild.executors.streams import Capture, Log
from dagbuild.executors.unfinished import Unending
from dagbuild.executors.worker import Worker
from dagbuild.ground.errors import InputError
from dagbuild.model.node import Node
from dagbuild.model.record import Manifest
from dagbuild.settings import EXECUTORS, CacheSettings, RemoteSettings, Settings, find_key, is_foreign
from dagbuild.store.local import LocalStore
from dagbuild.store.salt import keep_salt, name_folder
from dagbuild.store.trust import Trust

if TYPE_CHECKING:
    from dagbuild.executors.spawned import Spawned
    from dagbuild.store.layered import LayeredStore

Code = tuple[Sequence[ModuleType], Sequence[Node], Mapping[str, Manifest]]


def open_executor(
    kind: str,
    settings: Settings,
    worker: Worker,
    *,
    jobs: int | None,
    named: bool,
    store: LocalStore | LayeredStore,
    make_worker: MakeWorker,
    find_code: Callable[[], Code],
    on_wait: Callable[[str, str], None],
    on_notice: Callable[[str], None],
) -> Executor:
    """Return the executor of a kind; raises InputError for one that is not known.

    `jobs` wins over the settings; with `named`, each line that steps print is shown behind their names, which `worker`
    does for those it runs. `worker` runs what is run in this process, with the `store`; `make_worker` gives what
    runs steps in a copy of it. `find_code` gives what others need of the project: its modules, nodes and their
    manifests. `on_wait` is told of a node and of whom its step waits for, `on_notice` what people are to know of how
    steps run.
    """
    worker.on_begin = Unending(on_notice)
    match kind:
        case "inline":
            return InlineExecutor(worker, on_wait)
        case "local":
            modules, nodes, manifests = find_code()
            pickles = SharedPickles([*nodes, *manifests.values()])
            cache, cores = settings.cache, count_cores()
            jobs = jobs or settings.executor.jobs or cores
            threads = max(1, cores // jobs)

            def spawn() -> Spawned:
                from dagbuild.executors.elsewhere import ShippedCode
                from dagbuild.executors.spawned import Spawned

                code = ShippedCode(settings.root, modules, nodes, manifests, settings.packages, worker.watch)
                return Spawned(code, cache.folder, cache.fsync, threads=threads)

            return LocalExecutor(
                worker,
                store,
                Forked(cache.folder, cache.fsync, pickles, make_worker, threads=threads),
                spawn=spawn,
                jobs=jobs,
                named=named,
                memory=settings.executor.memory or find_available(),
                on_wait=on_wait,
                on_notice=on_notice,
            )
        case "ray":
            from dagbuild.executors import ray
            from dagbuild.executors.elsewhere import ShippedCode
            from dagbuild.executors.worker_store import open_worker_store

            modules, nodes, manifests = find_code()
            code = ShippedCode(settings.root, modules, nodes, manifests, settings.packages, worker.watch)
            worker.flush()  # inputs that were saved are needed on other machines
            folder = settings.cache.folder
            with contextlib.suppress(OSError):  # who writes there is told
                folder.mkdir(parents=True, exist_ok=True)
                keep_salt(folder)  # by which workers know the folder
            name = name_folder(folder)
            opener = partial(open_worker_store, settings.cache, _for_workers(settings.remote), name)
            return ray.RayExecutor(
                opener,
                code,
                worker,
                address=settings.executor.address,
                options=settings.executor.options,
                named=named,
                on_notice=on_notice,
            )
        case foreign if is_foreign(foreign):
            copied = partial(open_copied, settings.cache, store.trust, make_worker)
            jobs = jobs or settings.executor.jobs or count_cores()
            said = settings.executor
            means = Means(worker, copied, jobs, said.address, said.options, on_wait, on_notice)
            return open_foreign(foreign, means)
        case other:
            raise InputError(
                f"there is no executor '{other}'", hint=f"{' or '.join(EXECUTORS)}, or module:Class"
            )


@contextlib.contextmanager
def open_copied(cache: CacheSettings, trust: Trust, make_worker: MakeWorker) -> Iterator[Worker]:
    """Open what runs steps in a copy of this process; what lies in the remote only is nowhere for it."""
    exits.lend_process()
    store = LocalStore(cache.folder, fsync=cache.fsync, trust=trust)  # type: ignore[arg-type]
    try:
        yield make_worker(store, lambda: Capture(Log()))
    finally:
        store.close()


def count_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def _for_workers(remote: RemoteSettings | None) -> RemoteSettings | None:
    """Return the remote as workers see it: they know this user's public key, for the private one stays here."""
    key = find_key() if remote else None
    if remote is None or key is None or key.public in remote.signers:
        return remote
    return replace(remote, trusted=(*remote.trusted, f"{key.name} {key.public}"))
