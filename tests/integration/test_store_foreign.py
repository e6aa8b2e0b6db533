"""Blobs from elsewhere lie under their strong digest; whoever looks after the folder knows both kinds of names."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.signing import SigningKey
from dagbuild.store.gc import GRACE, collect_garbage
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.trust import Trust
from dagbuild.store.usage import measure
from dagbuild.store.verify import verify_store
from dagbuild.testing.records import make_record

ADA = SigningKey.make("ada")
DATA = b"value" * 100_000


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[LayeredStore]:
    """A store into which a value of ada's was fetched."""
    stores = [
        open_layered(tmp_path, "mine", Trust(key=ADA)),
        open_layered(tmp_path, "yours", Trust({ADA.public: "ada"})),
    ]
    mine, yours = stores
    record = make_record(1, mine.put_blob([DATA]), node="table")
    mine.put_records([record])
    mine.flush()
    (found,) = yours.find_records([record.deep])[record.deep]
    assert yours.get_blob(found.artifact.blobs[0]) == DATA
    yield yours
    for store in stores:
        store.close()


def open_layered(folder: Path, name: str, trust: Trust) -> LayeredStore:
    (folder / "shared").mkdir(parents=True, exist_ok=True)
    remote = RemoteFolder(f"file://{folder}/shared")
    far = RemoteStore(remote, trust=trust, mirror=folder / name / "mirror", refresh=0)
    return LayeredStore(LocalStore(folder / name / "cache", trust=trust), far)


def blob_files(store: LayeredStore) -> list[Path]:
    return sorted(path for path in store.local.layout.objects.glob("*/*") if path.is_file())


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def test_lies_under_its_strong_digest(reader: LayeredStore) -> None:
    """So that a blob of one's own with the same xxh3 is written beside it."""
    (path,) = blob_files(reader)
    assert path.name.startswith("sha256-")

    own = reader.local.put_blob([DATA])

    assert len(blob_files(reader)) == 2
    assert reader.local.get_blob(own) == DATA


def test_is_counted_and_verified(reader: LayeredStore) -> None:
    """By what names it."""
    report = verify_store(reader.local)
    usage = measure(reader.local)

    assert (report.clean, report.blobs, report.orphaned) == (True, 1, ())
    assert (usage.size, usage.unnamed) == (len(DATA), 0)


def test_damage_is_found_and_mended(reader: LayeredStore) -> None:
    """From who is trusted, under the same name."""
    (path,) = blob_files(reader)
    damage(path)

    found = verify_store(reader.local)
    mended = verify_store(reader.local, repair=True, shared=reader)

    assert [ref.size for ref in found.lost] == [len(DATA)]
    assert list(found.nodes.values()) == [("table",)]
    assert mended.clean and len(mended.fetched) == 1 and not mended.dropped
    assert blob_files(reader) == [path]
    assert verify_store(reader.local).clean


def test_damage_is_mended_when_it_is_read(reader: LayeredStore) -> None:
    """By this process or by the next one."""
    (path,) = blob_files(reader)
    (record,) = reader.local.iter_records()
    damage(path)

    assert bytes(reader.get_blob(record.artifact.blobs[0])) == DATA
    assert verify_store(reader.local).clean


@pytest.mark.parametrize("kept", [True, False])
def test_is_kept_or_removed_with_its_record(reader: LayeredStore, kept: bool) -> None:
    """As one's own blobs are."""
    (record,) = reader.local.iter_records()
    reader.local.close()
    later: dict[str, Any] = {"now": time.time() + 10 * GRACE, "keep_runs": 0, "size": 0}
    pins = [record.artifact.digest] if kept else []

    report = collect_garbage(reader.local, pins=pins, **later)

    assert report.blobs == (0 if kept else 1)
    assert len(blob_files(reader)) == (1 if kept else 0)
