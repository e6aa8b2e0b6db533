"""What one process has put is found by the next look-up of another, whoever has folded it into the index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dagbuild.ground.digest import digest_bytes
from dagbuild.model.record import BlobRef
from dagbuild.store import index, record_log
from dagbuild.store.lines import decode_line
from dagbuild.store.local import LocalStore
from dagbuild.store.segments import SegmentReader
from dagbuild.testing.records import make_record
from tests.support import noting


@pytest.mark.parametrize("folds", [True, False], ids=["folded", "not folded"])
def test_records_of_others_are_found_by_who_knew_of_none(tmp_path: Path, folds: bool) -> None:
    """Also when they are in the index, which was empty when this process looked at it."""
    first = LocalStore(tmp_path / "cache")
    assert first.find_records([make_record(0).deep]) == {}
    records = [make_record(number) for number in range(50)]
    other = LocalStore(tmp_path / "cache", fold_bytes=1 if folds else 10**9)
    other.put_records(records)
    other.close()
    mine = make_record(100)
    first.put_records([mine])

    for record in (*records, mine):
        assert first.find_records([record.deep])[record.deep] == [record]
        assert first.find_latest([record.node])[record.node][0].started >= record.started
    third = LocalStore(tmp_path / "cache")
    third.put_records([make_record(200)])
    assert first.find_records([make_record(200).deep])
    for store in (first, third):
        store.close()


@pytest.mark.parametrize("sizes", [[0], [3], [4], [7, 2, 0, 5], [1] * 7, [2, 2, 9, 1], [3, 3, 3]], ids=str)
def test_many_segments_are_folded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int]
) -> None:
    """No more entries at once than others may wait for; who reads the index finds all, and reads no segment again."""
    monkeypatch.setattr(index, "ENTRIES_AT_ONCE", 3)
    records = [make_record(number) for number in range(sum(sizes))]
    left = list(records)
    for size in sizes:
        writer = LocalStore(tmp_path / "cache", fold_bytes=10**9)
        writer.put_records([left.pop(0) for _ in range(size)])
        writer.close()
    together: list[int] = []
    fold = noting(together, lambda _, pieces: sum(len(piece.entries) for piece in pieces), index.Index.fold)
    monkeypatch.setattr(index.Index, "fold", fold)
    reader = LocalStore(tmp_path / "cache", fold_bytes=1)
    keys = [record.deep for record in records]
    assert reader.find_records(keys) == {record.deep: [record] for record in records}
    reader.close()
    again: list[str] = []
    monkeypatch.setattr(SegmentReader, "scan", noting(again, lambda _, name, *more: name, SegmentReader.scan))
    late = LocalStore(tmp_path / "cache")

    assert late.find_records(keys) == {record.deep: [record] for record in records}
    assert again == []
    assert sum(together) == len(records)
    assert all(count <= 3 for count in together)
    assert len(together) <= -(-len(records) // 3)
    late.close()


def test_a_long_line_is_parsed_once_and_read_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of a long table, which a session asks for again and again; a bit that flips meanwhile is found."""
    blobs = tuple(BlobRef(digest_bytes(str(number).encode()), number) for number in range(300))
    record = make_record(0)
    record = replace(record, artifact=replace(record.artifact, blobs=blobs))
    writer = LocalStore(tmp_path / "cache")
    writer.put_records([record])
    writer.close()
    parsed: list[int] = []
    monkeypatch.setattr(record_log, "decode_line", noting(parsed, len, decode_line))
    store = LocalStore(tmp_path / "cache")

    for _ in range(3):
        assert store.find_records([record.deep]) == {record.deep: [record]}
    assert len(parsed) == 1

    (segment,) = (tmp_path / "cache" / "segments").iterdir()
    data = bytearray(segment.read_bytes())
    data[data.index(blobs[7].digest.encode()) + 8] ^= 1
    segment.write_bytes(data)
    assert store.find_records([record.deep]) == {}
    store.close()
