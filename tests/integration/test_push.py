"""`push` finds what the remote lacks: by asking for the little that is here, or by reading all that is there once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagbuild.model.record import Record
from dagbuild.store import mirror, pushing
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.trust import Trust
from dagbuild.testing.records import make_record

Open = Callable[[str], LayeredStore]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Open]:
    (tmp_path / "shared").mkdir()
    stores: list[LayeredStore] = []

    def open_it(name: str) -> LayeredStore:
        trust = Trust(unsigned="data")
        remote = RemoteStore(
            RemoteFolder(f"file://{tmp_path}/shared"),
            trust=trust,
            mirror=tmp_path / name / "mirror",
            refresh=0,
        )
        stores.append(LayeredStore(LocalStore(tmp_path / name / "cache", trust=trust), remote))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


def put(store: LayeredStore, numbers: range, run: str = "run") -> list[Record]:
    """Put records here alone, each with a blob of its own."""
    records = [make_record(n, store.local.put_blob([str(n).encode() * 9]), run=run) for n in numbers]
    store.local.put_records(records)
    return records


@pytest.mark.parametrize("dearer", [0, 10**9], ids=["asked for", "read"])
@pytest.mark.parametrize("few", [0, 10**9], ids=["listed", "one by one"])
def test_what_is_not_there_is_sent(
    machine: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dearer: int, few: int
) -> None:
    """Records that are not there and blobs that are gone; of one key all records count, however many they are."""
    monkeypatch.setattr(pushing, "_DEARER", dearer)
    monkeypatch.setattr(pushing, "FEW", few)
    monkeypatch.setattr(pushing, "AT_ONCE", 7)
    monkeypatch.setattr(mirror, "_NEWEST", 2)
    store = machine("a")
    put(store, range(20))
    for turn in range(4):
        put(store, range(1), f"again{turn}")
    assert store.push() == (24, 0)
    put(store, range(20, 25))
    (gone, *_) = sorted((tmp_path / "shared").glob("packs/*/*"))
    gone.unlink()

    sent, again = machine("a").push()

    assert sent == 5
    assert again > 0
    assert machine("a").push() == (0, 0)
    reader = machine("b")
    found = reader.find_records([make_record(n).deep for n in range(25)])
    assert {bytes(reader.get_blob(each[0].artifact.blobs[0])) for each in found.values()} == {
        str(n).encode() * 9 for n in range(25)
    }


def test_who_has_little_asks_for_little(machine: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the records of others those are read that are under the keys that are here, and no listing is made."""
    put(others := machine("a"), range(60))
    others.push()
    put(mine := machine("b"), range(55, 65))
    monkeypatch.setattr(RemoteStore, "iter_own", None)
    monkeypatch.setattr(RemoteStore, "list_names", None)

    assert mine.push() == (5, 0)
