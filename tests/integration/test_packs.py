"""Small blobs share an object on their way to a shared store: in few requests, and none is lost or mistaken for another."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, StoreError
from dagbuild.ground.signing import SigningKey
from dagbuild.ground.stamps import stamp_of
from dagbuild.model.place import LARGEST_PACKED, PackPlace
from dagbuild.model.record import BlobRef, Record
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.packs import FULL, SMALL
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_blobs import RemoteBlobs
from dagbuild.store.remote_errors import RemoteDeniedError
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.tiers import Tiers
from dagbuild.store.trust import Trust
from dagbuild.store.verify import verify_store
from dagbuild.testing.records import make_record
from tests.security.attacks import make_twin
from tests.servers.s3 import S3Server
from tests.servers.weather import Weather, run_weather

ADA, BOB = (SigningKey.make(name) for name in ("ada", "bob"))
TRUSTED = {ADA.public: "ada", BOB.public: "bob"}

Open = Callable[..., LayeredStore]


@pytest.fixture
def notices() -> list[str]:
    return []


@pytest.fixture
def weather(s3_server: S3Server) -> Iterator[Weather]:
    with run_weather(s3_server.port) as weather:
        yield weather


@pytest.fixture(params=["folder", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> RemoteFolder:
    if request.param == "folder":
        (tmp_path / "shared").mkdir()
        return RemoteFolder(f"file://{tmp_path}/shared")
    server: S3Server = request.getfixturevalue("s3_server")
    return RemoteFolder(server.make_bucket(), server.options)


@pytest.fixture
def shared(tmp_path: Path) -> RemoteFolder:
    (tmp_path / "shared").mkdir()
    return RemoteFolder(f"file://{tmp_path}/shared")


@pytest.fixture
def watched(s3_server: S3Server, weather: Weather) -> RemoteFolder:
    """A bucket behind a proxy that counts."""
    return RemoteFolder(s3_server.make_bucket(), watch(s3_server, weather))


def watch(server: S3Server, weather: Weather) -> dict[str, Any]:
    """Return the options of a server behind a proxy."""
    return {**server.options, "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{weather.port}"}}


@pytest.fixture
def machine(tmp_path: Path, notices: list[str]) -> Iterator[Open]:
    """Open a layered store as a machine with a cache folder of its own would; each remote after the first is read."""
    stores = []

    def open_it(name: str, *remotes: RemoteFolder, key: SigningKey = ADA, **more: Any) -> LayeredStore:
        trust = Trust(TRUSTED, key=key)
        tiers = [
            RemoteStore(
                each,
                trust=trust,
                mirror=tmp_path / name / f"mirror{number}",
                on_notice=notices.append,
                refresh=0,
            )
            for number, each in enumerate(remotes)
        ]
        far = tiers[0] if len(tiers) == 1 else Tiers(tiers[1:], tiers[0])
        local = LocalStore(tmp_path / name / "cache", on_notice=notices.append, trust=trust)
        stores.append(LayeredStore(local, far, on_notice=notices.append, **more))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


def make_values(count: int, size: int = 1000) -> list[bytes]:
    """Return values some of which shrink."""
    return [(secrets.token_bytes(size) if n % 2 else b"%4d" % n * (size // 4)) for n in range(count)]


def put(store: LayeredStore, values: Sequence[bytes], first: int = 0) -> list[Record]:
    records = [make_record(n, store.put_blob([value])) for n, value in enumerate(values, first)]
    store.put_records(records)
    return records


def find(store: LayeredStore, records: Sequence[Record]) -> list[BlobRef]:
    """Return the blobs of records as they are found."""
    found = store.find_records([record.deep for record in records])
    return [ref for record in records for ref in found[record.deep][-1].artifact.blobs]


def look(remote: RemoteFolder, folder: str = "packs") -> list[str]:
    """Return the names of all objects in folders of a folder."""
    return [
        f"{folder}/{each}/{name}"
        for each in sorted(remote.list(folder))
        for name in remote.list(f"{folder}/{each}")
    ]


def spoil(remote: RemoteFolder, ref: BlobRef) -> None:
    """Change a byte of a blob in its pack."""
    place = PackPlace.parse(ref.place)
    assert place is not None
    data = bytearray(remote.read(place.object))
    data[place.offset + place.length // 2] ^= 1
    remote.write(place.object, bytes(data))


def lead_astray(refs: Sequence[BlobRef], size: int) -> Iterator[BlobRef]:
    """Yield blobs of a pack of this size with places where they are not."""
    for ref in refs:
        place = PackPlace.parse(ref.place)
        assert place is not None
        for astray in (
            place._replace(offset=10_000_000),
            place._replace(offset=size - 3),
            place._replace(offset=size),
            place._replace(length=LARGEST_PACKED),
            place._replace(offset=place.end),
            place._replace(pack="0" * 64),
            place._replace(pack="f" * 64),
        ):
            yield replace(ref, place=str(astray))


class TestPublishing:
    def test_small_blobs_are_one_object(self, machine: Open, remote: RemoteFolder) -> None:
        """What is larger is one of its own, and what is there not sent again; all come back."""
        values = [*make_values(20), secrets.token_bytes(SMALL), b""]
        writer = machine("a", remote)
        records = put(writer, values)
        writer.flush()
        (pack,) = look(remote)
        assert len(look(remote, "blobs")) == 2
        again = machine("b", remote)
        put(again, values)
        again.flush()
        reader = machine("c", remote)
        refs = find(reader, records)

        assert look(remote) == [pack]
        assert {pack} == {place.object for ref in refs if (place := PackPlace.parse(ref.place))}
        assert [bytes(reader.get_blob(ref)) for ref in refs[:3]] == values[:3]
        reader.expect_blobs(refs)
        assert reader.has_blobs(refs, local=True) == set(refs)
        assert [bytes(reader.get_blob(ref)) for ref in refs] == values

    def test_a_pack_is_sent_when_it_is_full(self, machine: Open, shared: RemoteFolder) -> None:
        """And takes no more memory than that."""
        writer = machine("a", shared, flush_seconds=60)
        records = put(writer, [secrets.token_bytes(60_000) for _ in range(FULL // 60_000 + 20)])
        writer.flush()
        reader = machine("b", shared)

        assert len(look(shared)) == 2
        reader.expect_blobs(refs := find(reader, records))
        assert reader.has_blobs(refs, local=True) == set(refs)

    def test_one_alone_is_an_object_of_its_own(self, machine: Open, remote: RemoteFolder) -> None:
        """Under its own name, where anybody finds it."""
        writer = machine("a", remote)
        records = put(writer, [b"alone" * 100])
        writer.flush()

        assert look(remote) == []
        assert machine("b", remote).get_blob(*find(machine("b", remote), records)) == b"alone" * 100

    def test_what_others_have_signed_is_found_by_name(
        self, machine: Open, shared: RemoteFolder, tmp_path: Path
    ) -> None:
        """Their records say where it lay; in another store no pack lies there."""
        (tmp_path / "other").mkdir()
        other = RemoteFolder(f"file://{tmp_path}/other")
        values = make_values(4)
        writer = machine("a", shared)
        records = put(writer, values)
        writer.flush()
        carrier = machine("b", shared, key=BOB)
        carrier.expect_blobs(find(carrier, records))
        carrier.close()
        machine("b", other, key=BOB).push()
        reader = machine("c", other)

        assert len(look(other, "blobs")) == 4
        assert [bytes(reader.get_blob(ref)) for ref in find(reader, records)] == values

    def test_a_pin_needs_no_place(self, machine: Open, shared: RemoteFolder) -> None:
        """It names a blob by its bytes; where it lies is known of records, or it lies under its name."""
        values = make_values(3)
        writer = machine("a", shared)
        (pin, *_) = (ref for record in put(writer, values) for ref in writer.seal(record.artifact).blobs)
        writer.flush()
        assert pin.place == ""
        assert bytes(machine("b", shared).get_blob(pin)) == values[0]

        machine("a", shared).push([pin])
        for part in shared.list("records"):
            shared.remove(f"records/{part}")

        assert bytes(machine("c", shared).get_blob(pin)) == values[0]

    def test_a_worker_finds_its_value_in_a_pack(self, machine: Open, shared: RemoteFolder) -> None:
        """The driver, which has never seen it, publishes the record that names it."""
        values = make_values(3)
        put(first := machine("a", shared), values)
        first.flush()
        worker, driver = machine("w", shared), machine("d", shared)
        refs = [worker.put_blob([value]) for value in values]
        worker.share()
        records = [
            make_record(9 + n, *worker.seal(make_record(9, ref).artifact).blobs) for n, ref in enumerate(refs)
        ]
        for record in records:
            driver.adopt(record)
        driver.close()
        reader = machine("c", shared)

        assert driver.unsent == 0
        assert [bytes(reader.get_blob(ref)) for ref in find(reader, records)] == values

    def test_two_publishers_do_not_harm_each_other(self, machine: Open, remote: RemoteFolder) -> None:
        """Each has packs of its own, which hold the same blobs in another order."""
        values = make_values(30)
        stores = [machine(name, remote, key=key) for name, key in (("a", ADA), ("b", BOB))]
        orders = values, values[::-1]
        records = [
            put(store, order, 100 * n) for n, (store, order) in enumerate(zip(stores, orders, strict=True))
        ]
        threads = [threading.Thread(target=store.flush) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        reader = machine("c", remote)

        for theirs, order in zip(records, orders, strict=True):
            assert [bytes(reader.get_blob(ref)) for ref in find(reader, theirs)] == order

    def test_a_pack_without_records_is_nobodys_harm(
        self, machine: Open, shared: RemoteFolder, tmp_path: Path
    ) -> None:
        """Records cannot be written, or their writer was killed before: all is sent by the next push."""
        values = make_values(5)
        (tmp_path / "shared" / "records").write_bytes(b"no folder")
        writer = machine("a", shared)
        records = put(writer, values)
        writer.flush()
        writer.close()
        (pack,) = look(shared)
        (tmp_path / "shared" / "records").unlink()
        assert machine("b", shared).find_records([record.deep for record in records]) == {}
        assert machine("a", shared).push() == (5, 0)
        reader = machine("b", shared)

        assert look(shared) == [pack]
        assert [bytes(reader.get_blob(ref)) for ref in find(reader, records)] == values

    def test_damage_here_is_not_sent(self, machine: Open, shared: RemoteFolder, notices: list[str]) -> None:
        """What lies beside it is."""
        values = make_values(4)
        store = machine("a", shared, flush_seconds=60)
        records = put(store, values)
        (ref,) = records[1].artifact.blobs
        path = store.local.layout.blob(ref.digest)
        path.chmod(0o600)
        path.write_bytes(bytes(1000))
        store.local.blobs._verified[ref.digest] = stamp_of(path.stat())  # it is taken for whole
        store.flush()

        assert store.unsent == 1
        assert store.has_blobs([ref], local=True) == set()
        assert any("damaged" in notice for notice in notices)
        assert len(machine("b", shared).find_records([record.deep for record in records])) == 3

    def test_rights_that_end_are_said_once(
        self, machine: Open, shared: RemoteFolder, notices: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many records a pack was for; reading goes on."""
        store = machine("a", shared)
        write = RemoteFolder.write

        def deny(self: RemoteFolder, name: str, data: bytes) -> None:
            if name.startswith("packs/"):
                raise RemoteDeniedError("writing is not allowed")
            write(self, name, data)

        monkeypatch.setattr(RemoteFolder, "write", deny)
        put(store, make_values(5))
        store.flush()

        assert store.mode == "read"
        assert store.unsent == 5
        assert notices == ["remote: nothing more will be published: writing is not allowed"]


class TestReading:
    def test_neighbours_are_read_together(
        self, machine: Open, watched: RemoteFolder, weather: Weather
    ) -> None:
        """One request brings what lies side by side, whoever wants it."""
        writer = machine("a", watched)
        records = put(writer, make_values(100))
        writer.flush()
        sent = [line for line in weather.requests() if line.startswith("PUT")]
        reader = machine("b", watched)
        refs = find(reader, records)
        weather.requests()
        reader.expect_blobs([*refs[:40], *refs[60:]])
        asked = weather.requests()

        assert len(sent) == 3  # the probe, a pack and its records
        assert len(asked) == 1
        assert "/packs/" in asked[0]
        assert len(reader.has_blobs(refs, local=True)) == 80
        reader.get_blob(refs[50])
        assert len(weather.requests()) == 1

    def test_a_pack_is_asked_for_once(self, machine: Open, watched: RemoteFolder, weather: Weather) -> None:
        """Whether blobs are there, when no record of it was read."""
        writer = machine("a", watched)
        records = put(writer, make_values(50))
        writer.flush()
        refs = find(machine("b", watched), records)
        (place, *_) = (place for ref in refs if (place := PackPlace.parse(ref.place)))
        beyond = replace(refs[0], place=str(place._replace(offset=1 << 20)), strong="sha256-" + "0" * 64)
        weather.requests()
        fresh = RemoteBlobs(watched, print)

        assert fresh.has(refs[:25]) == set(refs[:25])
        assert [fresh.has([ref]) for ref in refs] == [{ref} for ref in refs]
        assert [line.partition(" ")[0] for line in weather.requests()] == ["HEAD"]
        assert fresh.has([beyond]) == set()

    def test_a_pack_that_is_gone_is_missed_once(
        self, machine: Open, watched: RemoteFolder, weather: Weather
    ) -> None:
        """Each of its blobs is sought under its name then, and lost if it is not there."""
        values = make_values(6)
        writer = machine("a", watched)
        records = put(writer, values)
        writer.flush()
        (pack,) = look(watched)
        watched.remove(pack)
        reader = machine("b", watched)
        refs = find(reader, records)
        weather.requests()
        reader.expect_blobs(refs)
        asked = weather.requests()

        assert len([line for line in asked if "/packs/" in line]) == 1
        with pytest.raises(BlobMissingError):
            reader.get_blob(refs[0])
        assert reader.has_blobs(refs) == set()
        assert reader.mode == "read-write"
        again = put(reader, values)
        reader.flush()
        assert [
            bytes(machine("c", watched).get_blob(ref)) for ref in find(machine("d", watched), again)
        ] == values

    def test_damage_is_of_one_blob(self, machine: Open, shared: RemoteFolder, notices: list[str]) -> None:
        """The others of its pack are good; it is sent again under its name, where old records find it, too."""
        values = make_values(6)
        writer = machine("a", shared)
        records = put(writer, values)
        writer.flush()
        reader = machine("b", shared)
        refs = find(reader, records)
        for ref in refs[2:4]:
            spoil(shared, ref)
        reader.expect_blobs(refs)

        assert reader.has_blobs(refs, local=True) == {*refs[:2], *refs[4:]}
        for ref in refs[2:4]:
            with pytest.raises(BlobDamagedError):
                reader.get_blob(ref)
        assert any("damaged" in notice for notice in notices)
        put(reader, values)
        reader.flush()
        assert len(look(shared)) == 1
        assert len(look(shared, "blobs")) == 2
        assert [bytes(machine("c", shared).get_blob(ref)) for ref in refs] == values

    def test_a_twin_in_a_pack_is_damage(self, machine: Open, shared: RemoteFolder) -> None:
        """Bytes that somebody has written down to have the xxh3 of others are not taken for these."""
        values = [secrets.token_bytes(3000) for _ in range(3)]
        writer = machine("a", shared)
        records = put(writer, values)
        writer.flush()
        reader = machine("b", shared)
        refs = find(reader, records)
        (pack,) = look(shared)
        shared.write(pack, shared.read(pack).replace(values[1], make_twin(values[1], b"evil")))
        reader.expect_blobs(refs)

        assert reader.has_blobs(refs, local=True) == {refs[0], refs[2]}
        with pytest.raises(BlobDamagedError):
            reader.get_blob(refs[1])

    def test_places_that_lead_astray(self, machine: Open, remote: RemoteFolder) -> None:
        """Whoever has signed them: a blob is missed, or had from under its name, and the store stays in use."""
        values = make_values(4, 3000)
        writer = machine("a", remote)
        records = put(writer, values)
        writer.flush()
        refs = find(machine("b", remote), records)
        (size,) = (remote.size(name) or 0 for name in look(remote))
        remote.write(f"packs/00/{'0' * 64}", secrets.token_bytes(size))
        forger = RemoteStore(remote, trust=Trust(key=BOB), refresh=0)
        forged = [make_record(10 + n, ref) for n, ref in enumerate(lead_astray(refs[:2], size))]
        forger.put_records([forger.trust.sign(record) for record in forged])
        forger.close()
        reader = machine("c", remote)
        lost = find(reader, forged)
        assert {ref.place for ref in lost}.isdisjoint(ref.place for ref in refs)
        for ref in lost:
            reader.expect_blobs([ref, lost[0]])
            with pytest.raises(StoreError):
                reader.get_blob(ref)
        assert reader.mode == "read-write"
        put(reader, values[:2], 8)
        reader.flush()

        found = machine("d", remote)
        for ref in lost:
            assert bytes(found.get_blob(ref)) == values[refs.index(ref)]

    def test_repair_takes_from_packs(self, machine: Open, watched: RemoteFolder, weather: Weather) -> None:
        """What was lost here or is damaged comes back together, also after a restart, when no record was read yet."""
        values = make_values(20)
        put(writer := machine("a", watched), values)
        writer.close()
        reader = machine("b", watched)
        refs = find(reader, [make_record(n) for n in range(20)])
        reader.expect_blobs(refs)
        paths = [reader.local.layout.blob(ref.foreign.digest) for ref in refs]
        for path in paths[:5]:
            path.unlink()
        for path in paths[5:10]:
            path.chmod(0o600)
            path.write_bytes(bytes(1000))
        reader.close()
        again = machine("b", watched)
        weather.requests()
        report = verify_store(again.local, repair=True, shared=again)

        assert report.clean
        assert len(report.fetched) == 10
        assert len([line for line in weather.requests() if "/packs/" in line]) == 1

    def test_a_server_without_ranges_sends_all(
        self, machine: Open, shared: RemoteFolder, tmp_path: Path
    ) -> None:
        """And of that, what was asked for is taken."""
        values = make_values(6)
        writer = machine("a", shared)
        records = put(writer, values)
        writer.flush()
        serve = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "shared"))
        with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            reader = machine("b", RemoteFolder(f"http://127.0.0.1:{server.server_port}"), mode="read")
            refs = find(reader, records)
            alone = bytes(reader.get_blob(refs[5]))
            reader.expect_blobs(refs)
            server.shutdown()

        assert alone == values[5]
        assert [bytes(reader.get_blob(ref)) for ref in refs] == values

    def test_each_folder_has_packs_of_its_own(
        self, machine: Open, s3_server: S3Server, weather: Weather
    ) -> None:
        """What is read comes from where its record lies."""
        url, options = s3_server.make_bucket(), watch(s3_server, weather)
        mine, theirs = (RemoteFolder(url, options, within=within) for within in ("mine", "theirs"))
        values = make_values(8)
        put(first := machine("a", theirs), values[:4])
        first.flush()
        put(second := machine("b", mine), values[4:], 4)
        second.flush()
        reader = machine("c", mine, theirs)
        refs = find(reader, [make_record(n) for n in range(8)])
        weather.requests()
        reader.expect_blobs(refs)

        assert len(weather.requests()) == 2
        assert [bytes(reader.get_blob(ref)) for ref in refs] == values
