"""Parts of a shared store are merged by whoever writes, and nothing is lost on the way, whoever reads or merges beside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dagbuild.ground.signing import SigningKey
from dagbuild.model.record import Record
from dagbuild.store import merging, mirror
from dagbuild.store.compression import compress, decompress
from dagbuild.store.lines import encode_line
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.trust import Trust
from dagbuild.testing.records import make_record
from tests.servers.s3 import S3Server
from tests.servers.weather import run_weather

ADA = Trust(key=SigningKey.make("ada"))

Open = Callable[[str], RemoteStore]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    (folder / "records").mkdir(parents=True)
    return folder


@pytest.fixture
def machine(tmp_path: Path, shared: Path) -> Iterator[Open]:
    stores = []

    def open_it(name: str, refresh: float = 0) -> RemoteStore:
        remote = RemoteFolder(f"file://{shared}")
        stores.append(RemoteStore(remote, trust=ADA, mirror=tmp_path / name, refresh=refresh))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


def write_parts(shared: Path, count: int, start: int = 0) -> list[Record]:
    """Write parts as builds of others would, two records each, one of them the same in all."""
    records = [ADA.sign(make_record(number)) for number in range(start, start + count)]
    same = ADA.sign(make_record(10**6))
    for number, record in enumerate(records, start):
        data = encode_line(record) + encode_line(same)
        (shared / "records" / f"20260101T{number:06d}-abc-0001.jsonl.zst").write_bytes(compress(data))
    return [*records, same]


def parts(shared: Path) -> list[Path]:
    return sorted((shared / "records").iterdir())


def test_whoever_writes_merges(machine: Open, shared: Path) -> None:
    """Beyond so many parts; each line is kept once."""
    records = write_parts(shared, merging.MANY)
    writer, reader = machine("a"), machine("b")
    assert len(writer.find_records([record.deep for record in records])) == len(records)
    writer.tidy()
    assert len(parts(shared)) == merging.MANY
    records += write_parts(shared, 1, merging.MANY)[:1]
    assert reader.find_records([records[0].deep])
    assert writer.find_records([records[0].deep])

    writer.tidy()

    assert len(parts(shared)) == 1
    for store in (writer, reader, machine("c")):
        assert len(store.find_records([record.deep for record in records])) == len(records)
        assert len(list(store.iter_records())) == len(records)


def test_large_parts_are_not_looked_at_again(
    machine: Open, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of them years have left: a build that publishes neither reads nor asks for them."""
    monkeypatch.setattr(mirror, "LARGE", 100)
    records = write_parts(shared, merging.MANY + 5)
    before = parts(shared)
    writer = machine("a")
    writer.find_records([records[0].deep])
    monkeypatch.setattr(RemoteFolder, "may_remove", lambda _: pytest.fail("it asks"))
    monkeypatch.setattr(RemoteFolder, "list_objects", lambda *_: pytest.fail("it lists"))

    writer.tidy()

    assert parts(shared) == before


@pytest.mark.parametrize("damage", [b"garbage", compress(b"no record\n"), b""])
def test_what_is_not_whole_stays(machine: Open, shared: Path, damage: bytes) -> None:
    """Somebody else may be able to read it, now or later."""
    records = write_parts(shared, merging.MANY + 5)
    bad = parts(shared)[3]
    bad.write_bytes(damage)
    records.pop(3)
    writer = machine("a")
    writer.find_records([records[0].deep])

    writer.tidy()

    assert len(parts(shared)) == 2
    assert bad.read_bytes() == damage
    assert all(machine("b").find_records([record.deep]) for record in records)


def test_two_who_merge_at_once_lose_nothing(machine: Open, shared: Path) -> None:
    """Both write what they have read before either removes anything."""
    records = write_parts(shared, merging.MANY + 10)
    remote = RemoteFolder(f"file://{shared}")
    there = {
        path.name.removesuffix(".zst"): decompress(path.read_bytes(), ".zst", 1 << 20)
        for path in parts(shared)
    }
    both = threading.Barrier(2)

    def merge(name: str) -> None:
        def send(data: bytes) -> None:
            remote.write(f"records/{name}.jsonl.zst", compress(data))
            both.wait(20)

        merging.merge_parts(remote, there, send)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(merge, ("20260102T000000-a-0001", "20260102T000000-b-0001")))

    assert [path.name for path in parts(shared)] == [
        "20260102T000000-a-0001.jsonl.zst",
        "20260102T000000-b-0001.jsonl.zst",
    ]
    assert len(machine("c").find_records([record.deep for record in records])) == len(records)


def test_reader_in_the_middle_looks_again(
    machine: Open, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that it was told of is gone when it asks for it: what it was merged into is in the next list."""
    records = write_parts(shared, merging.MANY + 10)
    writer, reader = machine("a"), machine("b")
    writer.find_records([records[0].deep])
    read = RemoteFolder.read

    def read_late(self: RemoteFolder, name: str, size: int = 0) -> bytes:
        monkeypatch.setattr(RemoteFolder, "read", read)
        writer.tidy()  # between the list and the first part
        return read(self, name, size)

    monkeypatch.setattr(RemoteFolder, "read", read_late)

    assert len(reader.find_records([record.deep for record in records])) == len(records)


def test_where_nothing_may_be_removed_nothing_is_merged(tmp_path: Path, s3_server: S3Server) -> None:
    """Each merged part would be one more, and publishing goes on."""
    url = s3_server.make_bucket()
    with run_weather(s3_server.port) as weather:
        endpoint = {"client_kwargs": {"endpoint_url": f"http://127.0.0.1:{weather.port}"}}
        store = RemoteStore(RemoteFolder(url, {**s3_server.options, **endpoint}), trust=ADA, refresh=0)
        for number in range(merging.MANY + 1):
            store.put_records([make_record(number)])
            store.flush()
        weather.set(denied="DELETE")

        store.tidy()

        assert len(RemoteFolder(url, s3_server.options).list("records")) == merging.MANY + 1
        store.close()
