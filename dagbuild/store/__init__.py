"""Stores hold blobs and records: near (local) or shared (remote).

`open_store` is the door; what it does not need is not imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dagbuild.ground.digest import digest_text
from dagbuild.store.file_digests import FileDigests
from dagbuild.store.notices import Notice, log_notice

if TYPE_CHECKING:
    from dagbuild.settings.model import RemoteSettings
    from dagbuild.store.layered import LayeredStore
    from dagbuild.store.local import LocalStore


def open_store(
    folder: Path,
    remote: RemoteSettings | None = None,
    *,
    fsync: str = "build",
    on_notice: Notice = log_notice,
) -> LocalStore | LayeredStore:
    """Return the store in a cache folder, with the remote behind it where one is given. Raises StoreError."""
    from dagbuild.store.local import LocalStore

    local = LocalStore(folder, fsync=fsync, on_notice=on_notice)  # type: ignore[arg-type]
    if remote is None or remote.mode == "off":
        return local
    from dagbuild.store.layered import LayeredStore
    from dagbuild.store.remote import RemoteFolder
    from dagbuild.store.remote_store import RemoteStore

    shared = RemoteStore(
        RemoteFolder(remote.url, remote.options),
        trust=remote.trust,  # type: ignore[arg-type]
        mirror=local.layout.remotes / digest_text(remote.url),
        on_notice=on_notice,
    )
    return LayeredStore(local, shared, mode=remote.mode, on_notice=on_notice)  # type: ignore[arg-type]


__all__ = ["FileDigests", "open_store"]
