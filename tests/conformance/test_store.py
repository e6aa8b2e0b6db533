"""Our stores keep what every store promises."""

from __future__ import annotations

import secrets

import pytest

from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_store import RemoteStore
from dagbuild.testing import MemoryStore, StoreContract, make_record


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore()

    @pytest.fixture
    def again(self, store):
        return lambda: store


@pytest.fixture
def opened():
    """Close what a test opens."""
    stores = []
    yield lambda store: stores.append(store) or store
    for store in stores:
        store.close()


class TestLocalStore(StoreContract):
    fold_bytes = 10**9

    @pytest.fixture
    def again(self, tmp_path, opened):
        return lambda: opened(LocalStore(tmp_path / "cache", fold_bytes=self.fold_bytes))

    @pytest.fixture
    def store(self, again):
        return again()


class TestLocalStoreWithIndex(TestLocalStore):
    """Everything is folded into the index at once."""

    fold_bytes = 0


class RemoteContract(StoreContract):
    @pytest.fixture
    def again(self, remote, opened):
        return lambda: opened(RemoteStore(RemoteFolder(*remote), refresh=0))

    @pytest.fixture
    def store(self, again):
        return again()


class LayeredContract(StoreContract):
    @pytest.fixture
    def again(self, remote, tmp_path, opened):
        def open_layered():
            local = LocalStore(tmp_path / "cache")
            far = RemoteStore(RemoteFolder(*remote), refresh=0, mirror=tmp_path / "cache" / "mirror")
            return opened(LayeredStore(local, far))

        return open_layered

    @pytest.fixture
    def store(self, again):
        return again()

    def test_another_machine_finds_all(self, store, remote, tmp_path, opened):
        """What was put is there for a machine with an empty cache folder."""
        ref = store.put_blob([b"value" * 10_000])
        record = make_record(1, ref)
        store.put_records([record])
        store.flush()
        there = RemoteStore(RemoteFolder(*remote), mirror=tmp_path / "other" / "mirror")
        other = opened(LayeredStore(LocalStore(tmp_path / "other"), there))

        assert other.find_records([record.deep]) == {record.deep: [record]}
        assert other.has_blobs([ref], local=True) == set()
        assert other.has_blobs([ref]) == {ref}
        assert bytes(other.get_blob(ref)) == b"value" * 10_000
        assert other.has_blobs([ref], local=True) == {ref}


class TestRemoteStoreOnFiles(RemoteContract):
    @pytest.fixture
    def remote(self, tmp_path):
        return f"file://{tmp_path}/shared", {}


class TestRemoteStoreOnS3(RemoteContract):
    @pytest.fixture
    def remote(self, s3_server):
        return f"{s3_server.make_bucket()}/team", s3_server.options


class TestRemoteStoreInMemory(RemoteContract):
    @pytest.fixture
    def remote(self):
        return f"memory://{secrets.token_hex(4)}", {}


class TestLayeredStoreOnFiles(LayeredContract):
    @pytest.fixture
    def remote(self, tmp_path):
        return f"file://{tmp_path}/shared", {}


class TestLayeredStoreOnS3(LayeredContract):
    @pytest.fixture
    def remote(self, s3_server):
        return f"{s3_server.make_bucket()}/team", s3_server.options
