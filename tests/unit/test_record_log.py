"""What one process has put is found by the next look-up of another, whoever has folded it into the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild.store.local import LocalStore
from dagbuild.testing.records import make_record


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
