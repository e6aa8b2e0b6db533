"""A shared store in trouble, and one that is not to be trusted: the build goes on, and says what it does without."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.boot import boot_id
from dagbuild.ground.digest import digest_chunks
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, StoreError
from dagbuild.ground.signing import SigningKey
from dagbuild.ground.stamps import TICK_NS, stamp_of
from dagbuild.model.record import BlobRef
from dagbuild.settings import RemoteSettings
from dagbuild.store import blobs, open_store
from dagbuild.store.checked_blobs import WORTH
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.object_names import iter_stored
from dagbuild.store.relay import RelayStore, answer
from dagbuild.store.remote import RemoteFolder, map_at_once
from dagbuild.store.remote_blobs import IN_MEMORY
from dagbuild.store.remote_errors import RemoteDeniedError, RemoteOutageError
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.remote_verify import verify_remote
from dagbuild.store.trust import Trust
from dagbuild.testing.records import make_key, make_record
from tests.servers.local import free_port
from tests.servers.s3 import S3Server
from tests.servers.sftp import SFTPServer, count_connections
from tests.servers.weather import run_weather
from tests.support import noting

ADA = Trust(key=SigningKey.make("ada"))
"""Whoever they are, all of them have this key."""


@pytest.fixture
def notices() -> Any:
    return []


@pytest.fixture
def machine(tmp_path: Path, notices: Any) -> Iterator[Any]:
    """Open a layered store as a machine with a cache folder of its own would."""
    stores = []

    def open_it(
        name: Any,
        url: Any,
        options: Any = None,
        *,
        mode: Any = "read-write",
        trust: Any = ADA,
        patience: Any = 60,
        **more: Any,
    ) -> Any:
        folder = tmp_path / name
        remote = RemoteStore(
            RemoteFolder(url, options, patience=patience),
            trust=trust,
            mirror=folder / "mirror",
            on_notice=notices.append,
            refresh=0,
        )
        local = LocalStore(folder / "cache", on_notice=notices.append, trust=trust)
        stores.append(LayeredStore(local, remote, mode=mode, on_notice=notices.append, **more))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def shared(tmp_path: Path) -> str:
    (tmp_path / "shared").mkdir(exist_ok=True)
    return f"file://{tmp_path}/shared"


def put_value(store: Any, number: Any, data: Any = None, **fields: Any) -> Any:
    ref = store.put_blob([data if data is not None else str(number).encode() * 1000])
    record = make_record(number, ref, **fields)
    store.put_records([record])
    return record


def objects(tmp_path: Path, pattern: Any) -> Any:
    return sorted((tmp_path / "shared").glob(pattern))


class TestTransport:
    def test_blobs_are_compressed_where_it_pays(self, machine: Any, shared: str, tmp_path: Path) -> None:
        """Under the digest of the uncompressed bytes."""
        store = machine("a", shared)
        small = put_value(store, 1, b"tiny").artifact.blobs[0]
        plain = put_value(store, 2, secrets.token_bytes(100_000)).artifact.blobs[0]
        packed = put_value(store, 3, b"compress me" * 10_000).artifact.blobs[0]
        store.flush()
        names = {path.name for path in objects(tmp_path, "blobs/*/*")}

        assert names == {f"{small.digest}.raw", f"{plain.digest}.raw", f"{packed.digest}.zst"}

    @pytest.mark.parametrize("what", ["values", "records"])
    def test_what_sends_ends_with_the_store(self, machine: Any, shared: str, what: str) -> None:
        """A process that opens many keeps none of their threads, nor what those hold."""
        before = set(threading.enumerate())
        store = machine("a", shared)
        if what == "records":
            put_value(store, 1)
            store.flush()
        else:
            store.put_blob([b"1" * 1000])
            store.share()
        started = set(threading.enumerate()) - before

        store.close()

        for thread in started:
            thread.join(10)
        assert started
        assert not [thread.name for thread in started if thread.is_alive()]

    @pytest.mark.parametrize("who", ["driver", "step"])
    def test_a_blob_that_only_the_remote_has_is_opened_here(
        self, machine: Any, shared: str, tmp_path: Path, who: str
    ) -> None:
        """It is brought near first; also where the file that was here is not what it was."""
        data = secrets.token_bytes(100_000)
        writer = machine("a", shared)
        record = put_value(writer, 1, data)
        writer.flush()
        near = machine("b", shared)
        ((found,),) = near.find_records([record.deep]).values()
        (ref,) = found.artifact.blobs
        with contextlib.ExitStack() as after:
            reader = near
            if who == "step":
                reader = RelayStore(tmp_path / "b" / "cache", partial(answer, near), on_notice=lambda _: None)
                after.callback(reader.close)
            for _ in range(2):
                with open(reader.open_blob(ref), "rb") as opened:
                    assert opened.read() == data
                path = near.local.blob_path(ref)
                path.chmod(0o644)
                path.write_bytes(b"y" * len(data))

    @pytest.mark.parametrize("kind", ["random", "repeating"])
    def test_large_blobs_travel_through_files(self, machine: Any, s3_server: S3Server, kind: Any) -> None:
        """They are too large to hold in memory."""
        size = IN_MEMORY * 2 + 12_345
        data = secrets.token_bytes(size) if kind == "random" else (b"%d," * (size // 3 + 1))[:size]
        remote = s3_server.make_bucket(), s3_server.options
        writer = machine("a", *remote)
        ref = put_value(writer, 1, data).artifact.blobs[0]
        writer.flush()
        reader = machine("b", *remote)

        assert reader.get_blob(ref) == data
        assert reader.has_blobs([ref], local=True) == {ref}
        assert not list(reader.local.layout.objects.glob("*/*.part"))

    def test_one_object_answers_many_look_ups(self, machine: Any, shared: str, tmp_path: Path) -> None:
        """Records travel together, and are copied once."""
        store = machine("a", shared, flush_seconds=60)
        records = [make_record(number) for number in range(1000)]
        store.put_records(records)
        store.flush()
        assert len(objects(tmp_path, "records/*")) == 1
        reader = machine("b", shared)
        assert reader.find_records([r.deep for r in records]) == {r.deep: [r] for r in records}
        objects(tmp_path, "records/*")[0].write_bytes(b"not read again")

        assert len(machine("b", shared).find_records([r.deep for r in records])) == 1000

    def test_what_is_there_is_not_sent_again(self, machine: Any, shared: str, tmp_path: Path) -> None:
        """Neither by the same machine, nor by another."""
        first = machine("a", shared)
        put_value(first, 1, b"same" * 1000)
        first.flush()
        (path,) = objects(tmp_path, "blobs/*/*")
        before = path.stat().st_mtime_ns
        for name in ("a", "b"):
            store = machine(name, shared)
            put_value(store, 2, b"same" * 1000)
            store.flush()

        assert path.stat().st_mtime_ns == before

    def test_nothing_half_is_left_on_plain_folders(self, machine: Any, shared: str, tmp_path: Path) -> None:
        """Objects are written beside and renamed."""
        store = machine("a", shared)
        for number in range(20):
            put_value(store, number)
        store.flush()

        assert not objects(tmp_path, "**/*.part")

    def test_records_are_visible_while_the_build_goes_on(self, machine: Any, shared: str) -> None:
        """After a few seconds, not only at the end."""
        store = machine("a", shared, flush_seconds=0.1)
        record = put_value(store, 1)
        reader = machine("b", shared)
        deadline = time.monotonic() + 10
        while not reader.find_records([record.deep]) and time.monotonic() < deadline:
            time.sleep(0.05)

        assert reader.find_records([record.deep]) == {record.deep: [record]}

    def test_a_worker_elsewhere_sends_what_it_stored(self, machine: Any, shared: str) -> None:
        """Its driver, on another machine, puts the record; the blobs are there by then."""
        worker, driver = machine("a", shared), machine("b", shared)
        ref = worker.put_blob([b"made by the worker" * 1000])
        worker.share()
        (sealed,) = worker.seal(make_record(1, ref).artifact).blobs
        record = make_record(1, sealed)
        driver.adopt(record)
        driver.close()
        reader = machine("c", shared)

        assert reader.find_records([record.deep]) == {record.deep: [record]}
        assert reader.get_blob(ref) == b"made by the worker" * 1000

    def test_what_a_worker_elsewhere_made_is_had_without_fetching(self, machine: Any, shared: str) -> None:
        """It is of this build; what others have published is neither looked for nor had."""
        others = put_value(machine("a", shared), 2)
        machine("a", shared).push()
        worker, driver = (
            machine("b", shared, publishes=False, fetches=False),
            machine("c", shared, fetches=False),
        )
        ref = worker.put_blob([b"made by the worker" * 1000])
        worker.share()
        (sealed,) = worker.seal(make_record(1, ref).artifact).blobs
        driver.adopt(make_record(1, sealed))

        assert driver.has_blobs([sealed, *others.artifact.blobs]) == {sealed}
        assert driver.get_blob(sealed) == b"made by the worker" * 1000
        with pytest.raises(BlobMissingError):
            driver.get_blob(others.artifact.blobs[0])
        assert driver.find_records([others.deep]) == {}
        assert driver.find_latest([others.node]) == {}
        assert machine("d", shared, publishes=False, fetches=False).get_blob(sealed) == driver.get_blob(
            sealed
        )

    def test_fetched_records_stay_when_the_remote_is_gone(
        self, machine: Any, shared: str, tmp_path: Path
    ) -> None:
        """What was read is kept, with the record that names it."""
        record = put_value(machine("a", shared), 1)
        machine("a", shared).push()
        reader = machine("b", shared)
        reader.find_records([record.deep])
        reader.get_blob(record.artifact.blobs[0])
        reader.close()
        alone = LocalStore(tmp_path / "b" / "cache", trust=ADA)

        assert alone.find_records([record.content]) == {record.content: [record]}
        assert alone.has_blobs(record.artifact.blobs) == set(record.artifact.blobs)

    def test_what_was_fetched_is_known_to_be_whole(
        self, machine: Any, shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was checked on the way; the next process need not read it."""
        data = secrets.token_bytes(WORTH)
        (ref,) = put_value(machine("a", shared), 1, data).artifact.blobs
        machine("a", shared).push()
        reader = machine("b", shared)
        assert reader.get_blob(ref) == data
        time.sleep(2 * TICK_NS / 1e9)
        reader.close()
        sizes: list[int] = []
        monkeypatch.setattr(blobs, "digest_bytes", noting(sizes, len, lambda view: ref.digest))

        assert machine("b", shared).get_blob(ref) == data
        assert sizes == ([] if boot_id() else [ref.size])


class TestDamage:
    @pytest.mark.parametrize("how", ["flipped", "cut", "other bytes", "bomb"])
    @pytest.mark.parametrize("kind", ["random", "repeating"])
    @pytest.mark.parametrize("size", [100_000, IN_MEMORY + 100_000])
    def test_damaged_blob_is_missed_and_replaced(
        self, machine: Any, shared: str, tmp_path: Path, notices: Any, how: Any, kind: Any, size: Any
    ) -> None:
        """It never reaches the local store, and the next maker sends a good one."""
        data = secrets.token_bytes(size) if kind == "random" else (b"abc" * size)[:size]
        writer = machine("a", shared)
        record = put_value(writer, 1, data)
        writer.flush()
        (path,) = objects(tmp_path, "blobs/*/*")
        spoil(path, how, size)
        reader = machine("b", shared)
        ref = record.artifact.blobs[0]
        assert reader.find_records([record.deep])

        with pytest.raises(BlobDamagedError):
            reader.get_blob(ref)
        assert reader.has_blobs([ref]) == set()
        assert any("damaged" in notice for notice in notices)

        put_value(reader, 1, data)
        reader.flush()
        assert machine("c", shared).get_blob(ref) == data

    def test_damage_here_is_not_sent(self, machine: Any, shared: str, tmp_path: Path, notices: Any) -> None:
        """Not even where the blob is taken for whole: nobody would send it again."""
        data = secrets.token_bytes(100_000)
        record = put_value(LocalStore(tmp_path / "a" / "cache"), 1, data)
        (ref,) = record.artifact.blobs
        store = machine("a", shared)
        path = store.local.layout.blob(ref.digest)
        path.chmod(0o600)
        path.write_bytes(data[:-1] + b"?")
        store.local.blobs._verified[ref.digest] = stamp_of(path.stat())
        store.push()

        assert objects(tmp_path, "blobs/*/*") == []
        assert store.has_blobs([ref], local=True) == set()
        assert any("damaged" in notice for notice in notices)
        assert store.unsent == 1

    def test_missing_blob_behind_a_record_is_a_miss(self, machine: Any, shared: str, tmp_path: Path) -> None:
        """And asked for once."""
        writer = machine("a", shared)
        record = put_value(writer, 1)
        writer.flush()
        objects(tmp_path, "blobs/*/*")[0].unlink()
        reader = machine("b", shared)
        assert reader.find_records([record.deep])

        with pytest.raises(BlobMissingError):
            reader.get_blob(record.artifact.blobs[0])
        assert reader.has_blobs(record.artifact.blobs) == set()

    def test_what_a_worker_elsewhere_makes_again_is_sent(
        self, machine: Any, shared: str, tmp_path: Path
    ) -> None:
        """It knows records that name the blob, and not that its driver has missed it."""
        data = secrets.token_bytes(100_000)
        writer = machine("a", shared)
        record = put_value(writer, 1, data)
        writer.flush()
        objects(tmp_path, "blobs/*/*")[0].unlink()
        worker, driver = machine("w", shared, publishes=False), machine("d", shared)
        (ref,) = driver.find_records([record.deep])[record.deep][0].artifact.blobs
        with pytest.raises(BlobMissingError):
            driver.get_blob(ref)
        made = worker.put_blob([data])
        worker.share()
        again = make_record(2, *worker.seal(make_record(2, made).artifact).blobs)
        driver.adopt(again)
        driver.flush()

        assert driver.unsent == 0
        assert driver.get_blob(ref) == data
        assert machine("c", shared).find_records([again.deep]) == {again.deep: [again]}

    def test_damaged_records_are_skipped(
        self, machine: Any, shared: str, tmp_path: Path, notices: Any
    ) -> None:
        """The other parts are found."""
        for number in (1, 2):
            store = machine("a", shared)
            put_value(store, number)
            store.close()
        bad = next(path for path in objects(tmp_path, "records/*"))
        bad.write_bytes(b"garbage")
        (tmp_path / "shared" / "records" / "..%2f..%2fevil.jsonl.zst").write_bytes(b"garbage")
        reader = machine("b", shared)

        assert len(reader.find_records([make_key("deep 1"), make_key("deep 2")])) == 1
        assert any("damaged" in notice for notice in notices)


def spoil(path: Any, how: Any, size: Any) -> None:
    data = bytearray(path.read_bytes())
    if how == "flipped":
        data[len(data) // 2] ^= 1
    elif how == "cut":
        del data[len(data) // 2 :]
    elif how == "other bytes":
        data = bytearray(b"x" * len(data))
    else:
        from dagbuild.store.compression import compress

        data = bytearray(compress(bytes(size * 20)))
    path.write_bytes(data)


class TestTrust:
    def test_what_nobody_trusted_has_signed_is_not_used(
        self, machine: Any, shared: str, notices: Any
    ) -> None:
        """Said once a node, with what to do; as data where the project takes that."""
        nobody, eve = Trust(), Trust(key=SigningKey.make("eve"))
        for started, (name, trust) in enumerate((("a", nobody), ("b", eve))):
            writer = machine(name, shared, trust=trust)
            model = put_value(writer, 1, code=True, started=started)
            table = put_value(writer, 2, started=started)
            writer.flush()
        reader = machine("c", shared)
        for _ in range(2):
            assert reader.find_records([model.deep, model.content, table.deep]) == {}
        assert reader.find_latest(["node1", "node2"]) == {}
        assert list(reader.iter_records()) == []
        (told,) = (notice for notice in notices if "'node1' is not used" in notice)
        assert "its signer is not trusted: ed25519-" in told
        assert "dagbuild key" in told

        found = machine("d", shared, trust=Trust(unsigned="data")).find_records([model.deep, table.deep])
        assert list(found) == [table.deep]
        assert all(record.artifact.data_only for record in found[table.deep])

        knowing = machine("e", shared, trust=Trust({eve.own or "": "eve"}))
        assert knowing.find_records([model.deep]) == {model.deep: [model]}


class TestModes:
    def test_read_sends_nothing(self, machine: Any, shared: str, tmp_path: Path) -> None:
        """Not even a probe."""
        store = machine("a", shared, mode="read")
        put_value(store, 1)
        store.close()

        assert store.mode == "read"
        assert objects(tmp_path, "**/*") == []

    def test_wrong_secret_is_said_and_lived_with(
        self, machine: Any, s3_server: S3Server, notices: Any
    ) -> None:
        """The local store serves the build."""
        options = {**s3_server.options, "secret": "wrong" * 8}
        store = machine("a", s3_server.make_bucket(), options)
        record = put_value(store, 1)

        assert store.mode == "off"
        assert store.find_records([record.deep]) == {record.deep: [record]}
        assert len(notices) == 1
        assert "going on without it" in notices[0]

    def test_missing_bucket_is_not_taken_for_an_empty_one(
        self, machine: Any, s3_server: S3Server, notices: Any
    ) -> None:
        """The probe tells."""
        store = machine("a", "s3://no-such-bucket/team", s3_server.options)
        put_value(store, 1)

        assert store.mode == "off"
        assert "not even a bucket" in notices[0]

    def test_write_protected_remote_is_read(
        self, machine: Any, shared: str, tmp_path: Path, notices: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And said so."""
        writer = machine("a", shared)
        record = put_value(writer, 1)
        writer.flush()

        def deny(self: Any, name: Any, data: Any) -> None:
            raise RemoteDeniedError("writing is not allowed")

        monkeypatch.setattr(RemoteFolder, "write", deny)
        reader = machine("b", shared)
        assert reader.mode == "read"
        assert reader.find_records([record.deep]) == {record.deep: [record]}
        assert bytes(reader.get_blob(record.artifact.blobs[0]))
        put_value(reader, 2)
        reader.close()
        assert notices == ["remote: it can only be read here; nothing will be published"]

    @pytest.mark.parametrize("url", ["nosuchprotocol://x", "s3://"])
    def test_impossible_url_is_said_and_lived_with(self, machine: Any, url: Any, notices: Any) -> None:
        """A remote never fails a build."""
        store = machine("a", url)
        record = put_value(store, 1)

        assert store.find_records([record.deep]) == {record.deep: [record]}
        assert len(notices) == 1

    def test_settings_open_the_right_store(self, tmp_path: Path) -> None:
        """Nothing for "off", and no driver is imported before it is needed."""

        (tmp_path / "shared").mkdir(exist_ok=True)
        remote = RemoteSettings(f"file://{tmp_path}/shared", mode="read-write", trusted=(f"ada {ADA.own}",))
        store = open_store(tmp_path / "a", remote, fsync="none", find_key=lambda: ADA.key)
        record = put_value(store, 1)
        store.close()
        assert isinstance(store, LayeredStore)
        other = open_store(tmp_path / "b", remote)
        assert other.find_records([record.deep]) == {record.deep: [record]}
        other.close()
        off = dataclasses.replace(remote, mode="off")
        assert isinstance(open_store(tmp_path / "c", off), LocalStore)
        assert isinstance(open_store(tmp_path / "c"), LocalStore)


class TestOutage:
    def test_in_mid_build_costs_nothing_but_the_sharing(
        self, machine: Any, own_s3_server: S3Server, notices: Any
    ) -> None:
        """Said once when it happens and once at the end; `push` makes good for it."""
        url = own_s3_server.make_bucket()
        store = machine("a", url, own_s3_server.options, flush_seconds=0.1)
        before = put_value(store, 1)
        store.flush()
        own_s3_server.kill()
        started = time.monotonic()
        after = [put_value(store, number) for number in range(2, 12)]
        assert store.find_records([r.deep for r in after]) == {r.deep: [r] for r in after}
        assert store.has_blobs([r.artifact.blobs[0] for r in after], local=True)
        store.close()
        assert time.monotonic() - started < 60
        assert len([n for n in notices if "going on without it" in n]) == 1
        assert notices[-1].startswith("remote: 10 results are not published")

        own_s3_server.start()
        again = machine("a", url, own_s3_server.options)
        assert again.push() == (10, 0)
        reader = machine("b", url, own_s3_server.options)
        everything = [before, *after]
        assert reader.find_records([r.deep for r in everything]) == {r.deep: [r] for r in everything}
        assert all(bytes(reader.get_blob(r.artifact.blobs[0])) for r in everything)

    def test_before_the_build(self, machine: Any, notices: Any) -> None:
        """A port on which nobody listens."""
        options = {
            "key": "key", "secret": "secret",
            "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{free_port()}"},
            "config_kwargs": {"connect_timeout": 1, "retries": {"max_attempts": 1}},
        }  # fmt: skip
        store = machine("a", "s3://bucket/team", options)
        record = put_value(store, 1)

        assert store.find_records([record.deep]) == {record.deep: [record]}
        assert store.mode == "off"

    def test_server_that_hangs(self, machine: Any, notices: Any) -> None:
        """A server that takes the connection and never answers is an outage, after the timeout."""
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(50)
            options = {
                "key": "key", "secret": "secret",
                "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{silent.getsockname()[1]}"},
                "config_kwargs": {"connect_timeout": 1, "read_timeout": 1, "retries": {"max_attempts": 1}},
            }  # fmt: skip
            store = machine("a", "s3://bucket/team", options, patience=2)
            started = time.monotonic()
            record = put_value(store, 1)

            assert store.find_records([record.deep]) == {record.deep: [record]}
            store.close()
            assert time.monotonic() - started < 20
        assert "going on without it" in notices[0]

    def test_answers_are_classified(self, s3_server: S3Server) -> None:
        """A miss is a miss, a refusal a refusal, all else an outage."""
        there = RemoteFolder(s3_server.make_bucket(), s3_server.options)
        with pytest.raises(FileNotFoundError):
            there.read("nothing")
        assert there.size("nothing") is None
        assert there.list("nothing") == []
        stranger = RemoteFolder(there.url, {**s3_server.options, "secret": "wrong" * 8})
        with pytest.raises(RemoteDeniedError):
            stranger.read("nothing")
        with pytest.raises(RemoteOutageError):
            RemoteFolder("nosuchprotocol://x").read("nothing")


class TestSFTP:
    """A driver that stands no two calls at once, keeps connections, and makes folders as people do."""

    def test_many_at_once_in_a_new_folder(self, sftp_server: SFTPServer) -> None:
        """Whoever is first makes the folders; nobody gets another's answer, and nothing half is left."""
        there = RemoteFolder(sftp_server.make_folder(), sftp_server.options, within="user/ada")
        names = [f"blobs/{number % 3}/{number}" for number in range(60)]

        map_at_once(lambda name: there.write(name, name.encode() * 10_000), names)

        assert map_at_once(there.read, names) == [name.encode() * 10_000 for name in names]
        assert sorted(
            f"blobs/{each}/{name}" for each in range(3) for name in there.list(f"blobs/{each}")
        ) == (sorted(names))

    def test_what_is_there_is_replaced_at_once(self, sftp_server: SFTPServer, tmp_path: Path) -> None:
        """Readers see the one or the other, whole, also of what takes many messages."""
        there = RemoteFolder(sftp_server.make_folder(), sftp_server.options)
        (tmp_path / "new").write_bytes(b"new" * 2_000_000)
        there.write("a", b"old" * 2_000_000)
        found = map_at_once(
            lambda name: there.write_file("a", tmp_path / "new") if name == "write" else there.read("a"),
            ["read", "write", *["read"] * 3],
        )
        there.read_to("a", tmp_path / "copy", 6_000_000)

        assert {data for data in found if data} <= {b"old" * 2_000_000, b"new" * 2_000_000}
        assert (tmp_path / "copy").read_bytes() == b"new" * 2_000_000
        assert there.read_range("a", 1, 4) == b"ewne"
        assert there.read_range("a", 5_999_999, 4) == b"w"
        assert there.list("") == ["a"]

    def test_answers_are_classified(self, sftp_server: SFTPServer) -> None:
        """A miss is a miss; a wrong password, a wrong key and a folder that is not there are told, without secrets."""
        options = sftp_server.options
        nobody = {name: value for name, value in options.items() if name != "password"}
        there = RemoteFolder(sftp_server.make_folder(), options)
        with pytest.raises(FileNotFoundError):
            there.read("nothing")
        assert there.size("nothing") is None
        assert there.list("nothing") == []
        with pytest.raises(RemoteDeniedError, match=r"no folder 'sftp://\*\*\*@127.0.0.1:\d+/team-\w+/more'"):
            RemoteFolder(f"{there.url}/more", options).write("a", b"")
        url = there.url.replace("ada@", "ada:open-sesame@")
        wrong = {**options, "password": "open-sesame"}
        for stranger in (RemoteFolder(there.url, wrong), RemoteFolder(url, nobody)):
            with pytest.raises(RemoteDeniedError, match="Authentication failed") as denied:
                stranger.list("nothing")
            assert "sesame" not in str(denied.value)
        for mistake, told in (
            ({"key_filename": "/no/key"}, "there is no '/no/key'"),
            ({"speed": 1}, "'speed'"),
        ):
            with pytest.raises(RemoteOutageError, match=told) as outage:
                RemoteFolder(there.url, {**nobody, **mistake}).list("nothing")
            assert outage.value.lasting

    def test_server_that_was_started_again(
        self, machine: Any, own_sftp_server: SFTPServer, notices: Any
    ) -> None:
        """What is sent meanwhile stays here; then the connections of before are let go, whoever holds them."""
        url = own_sftp_server.make_folder()
        there = RemoteFolder(url, own_sftp_server.options)
        map_at_once(lambda number: there.write(str(number), b"x"), range(20))
        unchecked = RemoteFolder(url, own_sftp_server.options)
        assert unchecked.size("nothing") is None
        store = machine("a", url, own_sftp_server.options, flush_seconds=0.1)
        before = put_value(store, 1)
        store.flush()
        own_sftp_server.kill()
        started = time.monotonic()
        after = put_value(store, 2)
        assert store.find_records([after.deep]) == {after.deep: [after]}
        store.close()
        assert time.monotonic() - started < 60
        assert len([n for n in notices if "going on without it" in n]) == 1
        assert "not published" in notices[-1]

        own_sftp_server.start()
        unchecked.write("a", b"x")  # a connection that broke tells nothing of folders
        assert map_at_once(there.read, [str(number) for number in range(20)]) == [b"x"] * 20
        assert machine("a", url, own_sftp_server.options).push() == (1, 0)
        reader = machine("b", url, own_sftp_server.options)
        assert reader.find_records([before.deep, after.deep]) == {before.deep: [before], after.deep: [after]}
        assert all(bytes(reader.get_blob(r.artifact.blobs[0])) for r in (before, after))

    def test_connections_that_fail_are_closed(self, sftp_server: SFTPServer) -> None:
        """However often somebody writes where nobody can."""
        folder = RemoteFolder(sftp_server.make_folder(), sftp_server.options, patience=1)
        folder.write("taken", b"x")
        before = count_connections()
        for _ in range(3):
            with pytest.raises(StoreError):
                folder.write("taken/below", b"x")

        assert count_connections() <= before + 1

    def test_server_that_hangs(self, machine: Any, sftp_server: SFTPServer, notices: Any) -> None:
        """Before anybody is let in, and afterwards: it is given up, also by who waits for a connection."""
        with run_weather(sftp_server.port) as weather:
            url = sftp_server.make_folder().replace(str(sftp_server.port), str(weather.port))
            there = RemoteFolder(url, sftp_server.options, patience=1)
            there.write("a", b"x")
            weather.set(stall_answers=True)
            for folder in (there, RemoteFolder(url, sftp_server.options, patience=1)):
                started = time.monotonic()
                with pytest.raises(RemoteOutageError, match=r"does not answer|SSH could not connect"):
                    map_at_once(folder.read, ["a"] * 12)
                assert time.monotonic() - started < 8


class TestLost:
    @pytest.mark.parametrize("key", ["signed", "unsigned"])
    def test_what_a_server_has_lost_is_sent(self, machine: Any, s3_server: S3Server, key: str) -> None:
        """Packs and blobs, of which records are left here and there; what is whole is looked at only."""
        trust = ADA if key == "signed" else Trust(unsigned="data")
        sizes = [5000] * 6 + [70_000] * 2
        values = [secrets.token_bytes(size) for size in sizes]
        url = f"{s3_server.make_bucket()}/team"
        with run_weather(s3_server.port) as weather:
            endpoint = {"client_kwargs": {"endpoint_url": f"http://127.0.0.1:{weather.port}"}}
            options = {**s3_server.options, **endpoint}
            remote = RemoteFolder(url, options)

            def make_again(name: str) -> tuple[list[Any], list[str]]:
                """Want values that records name, put them as a build does; return the records, and what that asked."""
                store = machine(name, url, options, trust=trust)
                refs = [BlobRef(digest_chunks([value]), len(value)) for value in values]
                records = [make_record(n, ref, run=name) for n, ref in enumerate(refs)]
                known = store.find_records([record.deep for record in records])
                for ref in store.has_blobs(refs if known else []):
                    with contextlib.suppress(BlobMissingError):
                        store.get_blob(ref)
                for value in values:
                    store.put_blob([value])
                weather.requests()
                store.put_records(records)
                store.flush()
                assert store.unsent == 0
                return records, weather.requests()

            make_again("a")
            _, looked = make_again("b")
            for stored in [stored for some in iter_stored(remote) for stored in some]:
                remote.remove(stored.path)
            records, sent = make_again("c")
            report = verify_remote(remote, trust, read=True)
            found = machine("d", url, options, trust=trust).find_records([record.deep for record in records])

        written = [line for line in looked if line.startswith("PUT")]
        assert [line for line in written if "/blobs/" in line or "/packs/" in line] == []
        assert len([line for line in looked if line.startswith("HEAD")]) <= 1 + 2 * 2
        assert len([line for line in sent if line.startswith("HEAD")]) <= 1 + 2 * 2
        assert (report.clean, report.records, len(found)) == (True, 3 * len(values), len(values))
