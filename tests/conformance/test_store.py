"""Our stores keep what every store promises."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.signing import SigningKey
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.notices import log_notice
from dagbuild.store.relay import RelayStore, answer
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.trust import Trust
from dagbuild.testing import MemoryStore, StoreContract, make_record
from tests.servers.s3 import S3Server
from tests.servers.sftp import SFTPServer

ADA = Trust(key=SigningKey.make("ada"))


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    @pytest.fixture
    def again(self, store: Any) -> Any:
        return lambda: store


@pytest.fixture
def opened() -> Iterator[Any]:
    """Close what a test opens."""
    stores: list[Any] = []

    def note(store: Any) -> Any:
        stores.append(store)
        return store

    yield note
    for store in stores:
        store.close()


class TestLocalStore(StoreContract):
    fold_bytes = 10**9

    @pytest.fixture
    def again(self, tmp_path: Path, opened: Any) -> Any:
        return lambda: opened(LocalStore(tmp_path / "cache", fold_bytes=self.fold_bytes))

    @pytest.fixture
    def store(self, again: Any) -> Any:
        return again()


class TestLocalStoreWithIndex(TestLocalStore):
    """Everything is folded into the index at once."""

    fold_bytes = 0


class TestRelayStore(StoreContract):
    """Of a process that runs steps, with the other end in this one."""

    @pytest.fixture
    def again(self, tmp_path: Path, opened: Any) -> Any:
        def open_relay() -> RelayStore:
            ask = partial(answer, opened(LocalStore(tmp_path / "cache")))
            return opened(RelayStore(tmp_path / "cache", ask, on_notice=log_notice))  # type: ignore[no-any-return]

        return open_relay

    @pytest.fixture
    def store(self, again: Any) -> Any:
        return again()


class RemoteContract(StoreContract):
    @pytest.fixture
    def again(self, remote: Any, opened: Any) -> Any:
        return lambda: opened(RemoteStore(RemoteFolder(*remote), refresh=0, trust=ADA))

    @pytest.fixture
    def store(self, again: Any) -> Any:
        return again()


class LayeredContract(StoreContract):
    @pytest.fixture
    def again(self, remote: Any, tmp_path: Path, opened: Any) -> Any:
        def open_layered() -> Any:
            local = LocalStore(tmp_path / "cache", trust=ADA)
            folder = tmp_path / "cache" / "mirror"
            far = RemoteStore(RemoteFolder(*remote), refresh=0, mirror=folder, trust=ADA)
            return opened(LayeredStore(local, far))

        return open_layered

    @pytest.fixture
    def store(self, again: Any) -> Any:
        return again()

    def test_another_machine_finds_all(self, store: Any, remote: Any, tmp_path: Path, opened: Any) -> None:
        """What was put is there for a machine with an empty cache folder."""
        ref = store.put_blob([b"value" * 10_000])
        record = make_record(1, ref)
        store.put_records([record])
        store.flush()
        there = RemoteStore(RemoteFolder(*remote), mirror=tmp_path / "other" / "mirror", trust=ADA)
        other = opened(LayeredStore(LocalStore(tmp_path / "other", trust=ADA), there))

        assert other.find_records([record.deep]) == {record.deep: [record]}
        assert other.has_blobs([ref], local=True) == set()
        assert other.has_blobs([ref]) == {ref}
        assert bytes(other.get_blob(ref)) == b"value" * 10_000
        assert other.has_blobs([ref], local=True) == {ref}


class TestRemoteStoreOnFiles(RemoteContract):
    @pytest.fixture
    def remote(self, tmp_path: Path) -> Any:
        (tmp_path / "shared").mkdir(exist_ok=True)
        return f"file://{tmp_path}/shared", {}


class TestRemoteStoreOnS3(RemoteContract):
    @pytest.fixture
    def remote(self, s3_server: S3Server) -> Any:
        return f"{s3_server.make_bucket()}/team", s3_server.options


class TestRemoteStoreOnSFTP(RemoteContract):
    @pytest.fixture
    def remote(self, sftp_server: SFTPServer) -> Any:
        return sftp_server.make_folder(), sftp_server.options


class TestRemoteStoreInMemory(RemoteContract):
    @pytest.fixture
    def remote(self) -> Any:
        return f"memory://{secrets.token_hex(4)}", {}


class TestLayeredStoreOnFiles(LayeredContract):
    @pytest.fixture
    def remote(self, tmp_path: Path) -> Any:
        (tmp_path / "shared").mkdir(exist_ok=True)
        return f"file://{tmp_path}/shared", {}


class TestLayeredStoreOnS3(LayeredContract):
    @pytest.fixture
    def remote(self, s3_server: S3Server) -> Any:
        return f"{s3_server.make_bucket()}/team", s3_server.options


class TestLayeredStoreOnSFTP(LayeredContract):
    @pytest.fixture
    def remote(self, sftp_server: SFTPServer) -> Any:
        return sftp_server.make_folder(), sftp_server.options
