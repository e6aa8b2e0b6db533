"""Making room and reading everything again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.digest import digest_bytes
from dagbuild.model.record import BlobRef
from dagbuild.store.gc import GRACE, GcReport, collect_garbage
from dagbuild.store.local import LocalStore
from dagbuild.store.verify import verify_store
from dagbuild.testing.records import make_key, make_record

LONG_AGO = time.time() - 100 * GRACE


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Any]:
    stores = []

    def open_it(**options: Any) -> Any:
        stores.append(LocalStore(tmp_path / "cache", **{"fold_bytes": 0, **options}))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


def put_value(store: Any, number: Any, *, size: Any = 10_000, age: Any = 0.0, **fields: Any) -> Any:
    """Store a value that was made `age` seconds after LONG_AGO; returns its record."""
    ref = store.put_blob([bytes([number]) * size])
    record = make_record(number, ref, **{"started": LONG_AGO + age, "run": f"run{number}", **fields})
    store.put_records([record])
    os.utime(store.blobs.path(ref), (LONG_AGO, LONG_AGO + age))
    return record


def nodes(store: Any) -> Any:
    return {record.node for record in store.iter_records()}


class TestGc:
    def test_without_limits_removes_nothing_that_is_named(self, open_store: Any) -> None:
        """Old values stay when there is room."""
        store = open_store()
        records = [put_value(store, n) for n in range(5)]
        store.close()
        report = collect_garbage(open_store())

        assert (report.records, report.blobs, report.kept) == (0, 0, 50_000)
        assert nodes(open_store()) == {r.node for r in records}

    def test_removes_old_large_and_cheap_first(self, open_store: Any) -> None:
        """What is dear to make again outlives what is cheap, the small the large, the young the old."""
        store = open_store()
        put_value(store, 1, duration=1000.0)
        put_value(store, 2, duration=1.0)
        put_value(store, 3, duration=1.0, size=1000)
        put_value(store, 4, duration=1.0, age=95 * GRACE)
        store.close()
        order = collect_garbage(open_store(), size=0, keep_runs=0, dry_run=True).nodes

        assert order == ("node2", "node3", "node4", "node1")
        report = collect_garbage(open_store(), size=21_000, keep_runs=0)
        assert report.nodes == ("node2",)
        assert nodes(open_store()) == {"node1", "node3", "node4"}
        assert verify_store(open_store()).clean

    def test_keeps_what_would_free_nothing(self, open_store: Any) -> None:
        """A value that is made of the blobs of one that stays, too, is no room won."""
        store = open_store()
        first = put_value(store, 1)
        put_value(store, 2)
        shared = make_record(3, *first.artifact.blobs, started=LONG_AGO, run="run3")
        store.put_records([shared])
        store.close()
        report = collect_garbage(open_store(), size=0, keep_runs=0, pins={first.artifact.digest})

        assert report.nodes == ("node2",)
        assert nodes(open_store()) == {"node1", "node3"}

    def test_a_cache_that_is_not_there_has_room(self, open_store: Any, tmp_path: Path) -> None:
        """Nothing is removed, and nothing is made."""
        assert collect_garbage(open_store(), size=0) == GcReport()
        assert not (tmp_path / "cache" / "segments").exists()

    def test_dry_run_changes_nothing(self, open_store: Any) -> None:
        """And says what would go."""
        store = open_store()
        record = put_value(store, 1)
        store.close()
        report = collect_garbage(open_store(), size=0, keep_runs=0, dry_run=True)

        assert (report.records, report.blobs, report.freed) == (1, 1, 10_000)
        assert open_store().has_blobs(record.artifact.blobs) == set(record.artifact.blobs)

    def test_age_removes_what_was_not_used(self, open_store: Any) -> None:
        """However much room there is; a look-up counts as use."""
        store = open_store()
        used, unused = put_value(store, 1), put_value(store, 2)
        store.close()
        store = open_store()
        store.find_records([used.content])
        store.close()
        collect_garbage(open_store(), age=30 * GRACE, keep_runs=0)

        assert nodes(open_store()) == {used.node}
        assert open_store().has_blobs(unused.artifact.blobs) == set()

    @pytest.mark.parametrize(
        "root", ["pin of an artifact", "pin of a blob", "last run", "live build", "lease", "young"]
    )
    def test_roots_stay(self, open_store: Any, root: Any) -> None:
        """Whatever the budget."""
        store = open_store()
        record = put_value(store, 1)
        pins, keep_runs = [], 0
        if root != "live build":
            store.close()
        if root == "pin of an artifact":
            pins = [record.artifact.digest]
        elif root == "pin of a blob":
            pins = [record.artifact.blobs[0].digest]
        elif root == "last run":
            keep_runs = 1
        elif root == "young":
            os.utime(store.blobs.path(record.artifact.blobs[0]))
        lease = open_store().lease(record.deep if root == "lease" else make_key("other"))
        with lease:
            report = collect_garbage(open_store(), size=0, age=0.0, pins=pins, keep_runs=keep_runs)

        assert report.records == 0
        assert open_store().has_blobs(record.artifact.blobs) == set(record.artifact.blobs)
        assert nodes(open_store()) == {record.node}

    def test_shared_blobs_stay_while_one_value_needs_them(self, open_store: Any) -> None:
        """A column that is in two frames goes with the last of them."""
        store = open_store()
        own, shared, other = (store.put_blob([text * 1000]) for text in (b"own", b"shared", b"other"))
        store.put_records(
            [
                make_record(1, own, shared, started=LONG_AGO, run="r1"),
                make_record(7, shared, other, started=LONG_AGO, duration=1e9, run="r7"),
            ]
        )
        for ref in (own, shared, other):
            os.utime(store.blobs.path(ref), (LONG_AGO, LONG_AGO))
        store.close()
        collect_garbage(open_store(), size=13_999, keep_runs=0)

        assert nodes(open_store()) == {"node7"}
        assert open_store().has_blobs([own, shared, other]) == {shared, other}

    def test_removes_orphans_after_the_grace_period(self, open_store: Any) -> None:
        """Blobs that no record names, and what killed writers left; a young one may be named any moment."""
        store = open_store()
        old, young = store.put_blob([b"old"]), store.put_blob([b"young"])
        os.utime(store.blobs.path(old), (LONG_AGO, LONG_AGO))
        part = store.blobs.new_part(old)
        part.write_bytes(b"half")
        os.utime(part, (LONG_AGO, LONG_AGO))
        report = collect_garbage(store)

        assert report.blobs == 1
        assert store.has_blobs([old, young]) == {young}
        assert not part.exists()

    def test_sweeps_what_killed_processes_left(self, open_store: Any, tmp_path: Path) -> None:
        """Half-written files anywhere, tables on their way out, locks that nobody holds; what is young or held stays."""
        store = open_store()
        record = put_value(store, 1)
        cache = tmp_path / "cache"
        old = [
            cache / ".README.md.0.part", cache / "segments" / "x.part", cache / "remote" / "a" / "segments" / "x.1.part",
            cache / "index" / "1" / "records.0.old" / "cache.db", cache / "aside" / "blob", cache / "locks" / "free",
        ]  # fmt: skip
        young = [cache / "segments" / "y.part", cache / "locks" / "young"]
        for path in [*old, *young]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        for path in [*old, cache / "index" / "1" / "records.0.old"]:
            os.utime(path, (LONG_AGO, LONG_AGO))
        with store.lease(record.content):
            held = cache / "locks" / record.content
            os.utime(held, (LONG_AGO, LONG_AGO))
            collect_garbage(store)

            assert held.exists()
        assert not any(path.exists() for path in [*old, cache / "index" / "1" / "records.0.old"])
        assert all(path.exists() for path in young)

    def test_merges_segments(self, open_store: Any, tmp_path: Path) -> None:
        """Many builds leave many segments; afterwards there is one, and open stores find everything in it."""
        records = []
        for number in range(20):
            store = open_store()
            records.append(put_value(store, number))
            store.close()
        reader = open_store()
        assert len(reader.find_records([r.deep for r in records])) == 20
        collect_garbage(open_store(), size=10**9)

        assert len(list((tmp_path / "cache" / "segments").iterdir())) == 1
        assert reader.find_records([r.deep for r in records]) == {r.deep: [r] for r in records}
        assert open_store().find_latest(["node3"]) == {"node3": [records[3]]}

    def test_uses_are_written_once_a_day(self, open_store: Any, tmp_path: Path) -> None:
        """A build that finds the same again writes nothing."""
        store = open_store()
        record = put_value(store, 1)
        for _ in range(3):
            store = open_store()
            store.find_records([record.deep])
            store.close()

        assert len(list((tmp_path / "cache" / "uses").iterdir())) == 1


class TestVerify:
    def test_clean_store(self, open_store: Any) -> None:
        """Counts, and nothing wrong."""
        store = open_store()
        for number in range(3):
            put_value(store, number)
        report = verify_store(store)

        assert report.clean
        assert (report.records, report.blobs, report.size) == (3, 3, 30_000)

    def test_finds_and_repairs_every_kind_of_damage(self, open_store: Any, tmp_path: Path) -> None:
        """A flipped bit, a lost file, a damaged line; orphans are named but are no damage."""
        store = open_store()
        flipped, lost, line, good = (put_value(store, n) for n in range(1, 5))
        orphan = store.put_blob([b"orphan"])
        path = store.blobs.path(flipped.artifact.blobs[0])
        path.chmod(0o600)
        path.write_bytes(b"\xff" + path.read_bytes()[1:])
        store.blobs.path(lost.artifact.blobs[0]).unlink()
        store.close()
        (segment,) = (tmp_path / "cache" / "segments").iterdir()
        segment.write_bytes(segment.read_bytes().replace(b'"node3"', b'"n\xffde3"'))

        report = verify_store(open_store())
        assert not report.clean
        assert report.damaged == flipped.artifact.blobs
        assert report.missing == ((lost.artifact.blobs[0], ("node2",)),)
        assert set(report.orphaned) == {orphan, *line.artifact.blobs}
        assert len(report.lines) == 1
        assert report.dropped == 0
        assert verify_store(open_store()) == report

        assert verify_store(open_store(), repair=True).dropped == 2
        assert verify_store(open_store()).clean
        assert nodes(open_store()) == {good.node}
        assert open_store().find_records([lost.deep, good.deep]) == {good.deep: [good]}

    def test_empty_folder(self, open_store: Any, tmp_path: Path) -> None:
        """Is clean, and not made by looking."""
        assert verify_store(open_store()).clean
        assert not (tmp_path / "cache").exists()

    def test_other_versions_survive_repair(self, open_store: Any, tmp_path: Path) -> None:
        """A record of a newer dagbuild is not ours to drop."""
        store = open_store()
        put_value(store, 1)
        store.put_records([make_record(2, BlobRef(digest_bytes(b"lost"), 4))])
        store.close()
        from dagbuild.store.lines import encode_data

        newer = encode_data({**make_record(3).to_json(), "format": 99})
        (segment,) = (tmp_path / "cache" / "segments").iterdir()
        segment.write_bytes(segment.read_bytes() + newer)
        verify_store(open_store(), repair=True)

        (segment,) = (tmp_path / "cache" / "segments").iterdir()
        assert newer in segment.read_bytes()
        assert nodes(open_store()) == {"node1"}
