"""Very many records: what looks at all of them holds a few at once, and who wants some reads little more than those."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.digest import digest_text
from dagbuild.model.record import Manifest, Part
from dagbuild.store import record_log, segments
from dagbuild.store.gc import collect_garbage
from dagbuild.store.lines import encode_data, encode_line
from dagbuild.store.local import LocalStore
from dagbuild.store.makers import Makers
from dagbuild.store.usage import measure
from dagbuild.testing.records import make_record
from tests.support import count_lines, noting

NODES = 10
MANIFEST = Manifest(tuple(Part("package", f"p{n}", digest_text(f"p{n}"), "1.0", "a.py:1") for n in range(60)))


def fill(folder: Path, count: int) -> LocalStore:
    """Return a store with so many records of ten nodes in one segment, as gc leaves it."""
    store = LocalStore(folder)
    store.put_records(
        [make_record(n, node=f"node{n % NODES}", run=f"r{n // 50}", manifest=MANIFEST) for n in range(count)]
    )
    store.close()
    return LocalStore(folder)


def peak(call: Callable[[], object]) -> int:
    """Return by how many bytes Python's memory grew at most during a call."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def lose_index(store: LocalStore) -> None:
    shutil.rmtree(store.layout.index, ignore_errors=True)
    LocalStore(store.layout.folder).find_latest(["node1"])


def take_few(store: LocalStore, *nodes: str) -> list[str]:
    found = store.iter_newest(nodes or None)
    return [next(found).node for _ in range(5)]


def find_maker(store: LocalStore) -> None:
    """Ask who made a value as `lineage` does where what is used today is another one."""
    makers = Makers(store, ["node1", "node3"])
    taker = make_record(1000, node="node1")
    for number in (3, 4):  # of one of these, and of a node that nobody has named
        made = make_record(number, node=f"node{number}", run="r0", manifest=MANIFEST)
        assert makers.find(made.node, made.artifact.digest, taker) is not None


LOOKS: dict[str, Callable[[LocalStore], object]] = {
    "stats": measure,
    "gc --dry-run": lambda store: collect_garbage(store, dry_run=True),
    "log": take_few,
    "log NODE": lambda store: take_few(store, "node3"),
    "lost index": lose_index,
    "lineage": find_maker,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))
def test_of_many_records_few_are_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Callable[[LocalStore], object]
) -> None:
    """The memory that each more takes is a small part of what it is."""
    monkeypatch.setattr(segments, "READ_BYTES", 50_000)
    monkeypatch.setattr(record_log, "ENTRIES_AT_ONCE", 10)
    size = len(encode_line(make_record(1, manifest=MANIFEST)))
    few, many = fill(tmp_path / "few", 100), fill(tmp_path / "many", 500)
    look(fill(tmp_path / "first", 60))  # imports what it needs

    each = (peak(lambda: look(many)) - peak(lambda: look(few))) / 400

    assert size > 4_000
    assert each < size / 5
    for store in (few, many):
        store.close()


@pytest.mark.parametrize("piece", [1, 4_000, 10_000])
@pytest.mark.parametrize("folds", [1, 10**9])
def test_a_segment_read_in_pieces_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, folds: int
) -> None:
    """Wherever a piece ends, and whether it can be folded into the index or not."""
    monkeypatch.setattr(segments, "READ_BYTES", piece)
    monkeypatch.setattr(record_log, "ENTRIES_AT_ONCE", 3)
    fill(tmp_path / "cache", 25).close()
    (file,) = (tmp_path / "cache" / "segments").glob("*.jsonl")
    file.chmod(0o600)
    with file.open("ab") as torn:
        torn.write(b"xxh3-torn")
    shutil.rmtree(tmp_path / "cache" / "index", ignore_errors=True)

    store = LocalStore(tmp_path / "cache", fold_bytes=folds)
    keys = [make_record(n).deep for n in range(25)]
    found = store.find_records(keys)

    assert [found[key][0].node for key in keys] == [f"node{n % NODES}" for n in range(25)]
    latest = store.find_latest(["node3"])["node3"]
    assert latest[0].deep == make_record(23).deep
    store.close()


@pytest.mark.parametrize("nodes", [(), ("node3",)], ids=["all", "one"])
def test_the_newest_few_are_read_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nodes: tuple[str, ...]
) -> None:
    """The others are passed by as bytes."""
    store = fill(tmp_path / "cache", 300)
    read: list[Any] = []
    one = segments.SegmentReader.read
    monkeypatch.setattr(segments.SegmentReader, "read", noting(read, lambda _, position: position, one))

    assert take_few(store, *nodes) == ["node3"] * 5 if nodes else [f"node{n}" for n in (9, 8, 7, 6, 5)]
    assert len(read) <= 6
    store.close()


@pytest.mark.parametrize("look", [measure, take_few, find_maker], ids=["stats", "log", "lineage"])
def test_each_record_is_as_much_work_as_the_one_before(
    tmp_path: Path, look: Callable[[LocalStore], object]
) -> None:
    """Four times as many take about four times as many lines."""
    few, many = fill(tmp_path / "few", 100), fill(tmp_path / "many", 400)
    look(few)

    assert count_lines(lambda: look(many)) < 4.6 * count_lines(lambda: look(few))
    for store in (few, many):
        store.close()


def test_records_come_in_order_of_time_wherever_they_lie(tmp_path: Path) -> None:
    """Also those whose texts hold what looks like another time, and those that are written in another way."""
    moments = [5, 1, 9, 3, 7, 2, 8]
    records = [
        make_record(
            n,
            node="started",
            log='"started":99999999999.0,"format":7',
            upstream={"started": digest_text("x")},
        )
        for n in moments
    ]
    for one in records[:5]:
        store = LocalStore(tmp_path / "cache")
        store.put_records([one])
        store.close()
    odd = [encode_data({"b": 1, **record.to_json()}) for record in records[5:]]
    (tmp_path / "cache" / "segments" / "odd.jsonl").write_bytes(b"".join(odd))
    store = LocalStore(tmp_path / "cache")

    newest = [record.started - 1_700_000_000 for record in store.iter_newest()]

    assert newest == sorted(moments, reverse=True)
    assert [record.started - 1_700_000_000 for record in store.iter_records()] == sorted(moments)
    assert [record.started for record in store.iter_newest(["other"])] == []
    assert len(list(store.iter_newest(["started", "other"]))) == len(moments)
    store.close()


def test_what_cannot_be_read_is_said_and_passed_by(tmp_path: Path) -> None:
    """A damaged line, one of a newer dagbuild, and the rest of one that was never finished."""
    notices: list[str] = []
    store = LocalStore(tmp_path / "cache", on_notice=notices.append)
    store.put_records([make_record(n) for n in range(3)])
    store.close()
    (file,) = (tmp_path / "cache" / "segments").glob("*.jsonl")
    first, second, third = file.read_bytes().splitlines(keepends=True)
    newer = encode_data({**make_record(4).to_json(), "format": 99})
    file.chmod(0o600)
    file.write_bytes(first + second.replace(b"node1", b"node9") + newer + third + first[:40])
    store = LocalStore(tmp_path / "cache", on_notice=notices.append)

    assert [record.node for record in store.iter_newest()] == ["node2", "node0"]
    assert [record.node for record in store.scan_records()] == ["node0", "node2"]
    assert [text for text in notices if "is damaged" in text]
    assert [text for text in notices if "another version" in text]
    store.close()
