"""Open the executor that is asked for; ray is imported where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType

from dagbuild.artifacts import Artifacts
from dagbuild.executors.base import Executor
from dagbuild.executors.local import LocalExecutor
from dagbuild.ground.errors import InputError
from dagbuild.model.node import Node
from dagbuild.model.record import Manifest
from dagbuild.settings import Settings
from dagbuild.store.base import Store

Code = tuple[Sequence[ModuleType], Sequence[Node], Mapping[str, Manifest]]


def open_executor(
    kind: str,
    settings: Settings,
    store: Store,
    artifacts: Artifacts,
    *,
    find_code: Callable[[], Code],
    on_wait: Callable[[str, str], None],
) -> Executor:
    """Return the executor of a kind; raises InputError for one that is not known.

    `find_code` gives what other machines need of the project: its modules, nodes and their manifests.
    """
    match kind:
        case "local":
            return LocalExecutor(store, artifacts, on_wait)
        case "ray":
            from dagbuild.executors import ray

            modules, nodes, manifests = find_code()
            code = ray.Code(settings.root, modules, nodes, manifests, settings.packages)
            store.flush()  # inputs that were saved are needed on other machines
            opener = partial(ray.open_worker_store, settings.cache, settings.remote)
            return ray.RayExecutor(opener, code, address=settings.executor.address)
        case other:
            raise InputError(f"there is no executor '{other}'", hint="local or ray")
