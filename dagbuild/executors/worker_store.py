"""The store of a process that runs steps on another machine than the driver's, perhaps. Knows no cluster."""

from __future__ import annotations

import os
import platform

from dagbuild.ground.errors import UserError
from dagbuild.settings import CacheSettings, RemoteSettings, check_folder
from dagbuild.store import open_store
from dagbuild.store.base import Store
from dagbuild.store.salt import name_folder


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
