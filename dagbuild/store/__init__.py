"""Stores hold blobs and records: near (local) or shared (remote).

`open_store` is the door; what it does not need is not imported.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dagbuild.ground.digest import digest_text
from dagbuild.store.file_digests import FileDigests
from dagbuild.store.notices import Notice, log_notice

if TYPE_CHECKING:
    from dagbuild.ground.signing import SigningKey
    from dagbuild.settings.model import RemoteSettings
    from dagbuild.store.layered import LayeredStore
    from dagbuild.store.local import LocalStore


def open_store(
    folder: Path,
    remote: RemoteSettings | None = None,
    *,
    fsync: str = "build",
    on_notice: Notice = log_notice,
    find_key: Callable[[], SigningKey | None] = lambda: None,
    publishes: bool = True,
) -> LocalStore | LayeredStore:
    """Return the store in a cache folder, with the remote behind it where one is given. Raises StoreError.

    `find_key` gives the key to sign with what is published; without `publishes`, that is blobs and no records.
    """
    from dagbuild.store.local import LocalStore
    from dagbuild.store.trust import Trust

    trust = Trust(remote.signers, remote.takes_unsigned, find_key()) if remote else Trust()  # type: ignore[arg-type]
    local = LocalStore(folder, fsync=fsync, on_notice=on_notice, trust=trust)  # type: ignore[arg-type]
    if remote is None or remote.mode == "off":
        return local
    from dagbuild.store.layered import LayeredStore
    from dagbuild.store.remote import RemoteFolder
    from dagbuild.store.remote_store import Mode, RemoteStore
    from dagbuild.store.tiers import Tiers

    def open_folder(folder: str) -> RemoteStore:
        url = f"{remote.url.rstrip('/')}/{folder}" if folder else remote.url
        where = RemoteFolder(remote.url, remote.options, within=folder)
        mirror = local.layout.remotes / digest_text(url)
        return RemoteStore(where, trust=trust, mirror=mirror, on_notice=on_notice)

    folders = {name: open_folder(name) for name in (*(remote.read or ("",)), remote.write)}
    read = [folders[name] for name in remote.read or ("",)]
    own = folders[remote.write]
    shared = own if read == [own] else Tiers(read, own)
    mode: Mode = "read-write" if remote.mode == "write" else remote.mode  # type: ignore[assignment]
    fetches = remote.mode != "write"
    return LayeredStore(local, shared, mode=mode, on_notice=on_notice, publishes=publishes, fetches=fetches)


__all__ = ["FileDigests", "open_store"]
