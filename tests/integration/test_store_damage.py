"""What a local store does with damage, losses and kills: nothing wrong is ever given, nothing finished is lost."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.digest import Digest, digest_bytes
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, StoreError
from dagbuild.model.record import BlobRef
from dagbuild.store.lease import held_locks
from dagbuild.store.lines import encode_line
from dagbuild.store.local import LocalStore
from dagbuild.testing.records import make_key, make_record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    return tmp_path / "cache"


@pytest.fixture
def notices() -> Any:
    return []


@pytest.fixture
def open_store(folder: Any, notices: Any) -> Iterator[Any]:
    """Open the store as a new process would, with everything folded into the index."""
    stores = []

    def open_it(**options: Any) -> Any:
        stores.append(LocalStore(folder, **{"fold_bytes": 0, "on_notice": notices.append, **options}))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


def fill(store: Any, count: Any = 100) -> Any:
    """Put records and close, so that all is in the index."""
    records = [make_record(number) for number in range(count)]
    store.put_records(records)
    store.close()
    return records


def assert_finds(store: Any, records: Any) -> None:
    keys = [key for record in records for key in (record.deep, record.content)]
    assert store.find_records(keys) == {key: [r] for r in records for key in (r.deep, r.content)}
    assert store.find_latest([r.node for r in records]) == {r.node: [r] for r in records}


def segment_of(folder: Any) -> Any:
    (path,) = (folder / "segments").iterdir()
    return path


def run_python(code: Any, *arguments: Any, **options: Any) -> Any:
    """Start another process that runs `code` with the project on its path."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)], cwd=ROOT, text=True, **options
    )


class TestBlobs:
    def test_flipped_bit_is_found_and_put_aside(self, folder: Any, open_store: Any, notices: Any) -> None:
        """A blob that does not match its name is never handed out, and is missing from then on."""
        ref = open_store().put_blob([b"x" * 100_000])
        path = open_store().blobs.path(ref)
        path.chmod(0o600)
        data = bytearray(path.read_bytes())
        data[50_000] ^= 1
        path.write_bytes(data)
        store = open_store()

        assert store.has_blobs([ref]) == {ref}
        with pytest.raises(BlobDamagedError):
            store.get_blob(ref)
        assert store.has_blobs([ref]) == set()
        assert open_store().has_blobs([ref]) == set()
        assert len(list((folder / "aside").iterdir())) == 1
        assert "damaged" in notices[0]

        store.put_blob([b"x" * 100_000])
        assert bytes(store.get_blob(ref)) == b"x" * 100_000

    @pytest.mark.parametrize("read", ["get_blob", "open_blob"])
    def test_damage_after_the_first_read_is_found(self, open_store: Any, read: Any) -> None:
        """A store remembers which files it has verified, but not past a write to one of them."""
        store = open_store()
        ref = store.put_blob([b"x" * 100_000])
        path = store.blob_path(ref)
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.write(b"y")

        with pytest.raises(BlobDamagedError):
            getattr(store, read)(ref)

    def test_a_write_that_takes_little_is_gone_on_with(
        self, open_store: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The system may take fewer bytes than it was given; all of them get there."""
        monkeypatch.setattr(os, "writev", lambda file, views: os.write(file, b"".join(views)[:1]))
        store = open_store()

        parts = [bytes([number % 256]) * (number % 5) for number in range(2000)]
        assert bytes(store.get_blob(store.put_blob(parts))) == b"".join(parts)

    def test_wrong_size_is_missing_and_not_mapped(self, open_store: Any) -> None:
        """A file that is too short would kill whoever reads its mapping."""
        ref = open_store().put_blob([b"x" * 100_000])
        path = open_store().blobs.path(ref)
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.truncate(10)
        store = open_store()

        assert store.has_blobs([ref]) == set()
        with pytest.raises(BlobDamagedError):
            store.get_blob(ref)

    def test_what_is_read_is_the_file_that_was_looked_at(self, folder: Any, open_store: Any) -> None:
        """Whatever takes its place after that, even if it is as long."""
        store = open_store()
        ref = store.put_blob([b"x" * 100_000])
        path = store.blob_path(ref)
        file = store.open_blob(ref)
        (folder / "other").write_bytes(b"y" * 100_000)
        (folder / "other").replace(path)

        with open(file, "rb") as opened:
            assert opened.read() == b"x" * 100_000
        with pytest.raises(BlobDamagedError):
            store.open_blob(ref)

    @pytest.mark.skipif(sys.platform != "linux", reason="no list of open files")
    @pytest.mark.parametrize("size", [100, 100_000])
    @pytest.mark.parametrize("damage", ["removed", "cut", "flipped", "a folder"])
    def test_no_file_of_what_cannot_be_read_stays_open(self, open_store: Any, size: int, damage: str) -> None:
        """However it is asked for, and whatever is wrong with it."""
        store = open_store()
        ref = store.put_blob([b"x" * size])
        path = store.blob_path(ref)
        path.unlink()
        if damage == "a folder":
            path.mkdir()
        elif damage != "removed":
            path.write_bytes(b"y" * (size - (damage == "cut")))
        before = os.listdir("/proc/self/fd")

        for read in (store.get_blob, store.open_blob, store.blob_path):
            with pytest.raises((BlobMissingError, BlobDamagedError)):
                read(ref)
        assert os.listdir("/proc/self/fd") == before

    def test_files_are_read_only_and_private(self, folder: Any, open_store: Any) -> None:
        """Blobs are 0444, the folder is 0700."""
        path = open_store().blob_path(open_store().put_blob([b"x"]))

        assert path.stat().st_mode & 0o777 == 0o444
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_names_from_records_never_leave_the_folder(self, tmp_path: Path, open_store: Any) -> None:
        """A name that is no digest is no blob."""
        (tmp_path / "secret").write_bytes(b"secret")
        ref = BlobRef(Digest("xxh3-../../../secret"), 6)
        store = open_store()

        assert store.has_blobs([ref]) == set()
        for read in (store.get_blob, store.open_blob):
            with pytest.raises(StoreError):
                read(ref)
        with pytest.raises(StoreError):
            store.lease("../../lock")

    def test_mapped_blob_survives_removal(self, folder: Any, open_store: Any) -> None:
        """Bytes that were handed out stay readable when gc removes the file."""
        store = open_store()
        ref = store.put_blob([b"x" * 100_000])
        view = store.get_blob(ref)
        shutil.rmtree(folder)

        assert bytes(view) == b"x" * 100_000
        with pytest.raises(BlobMissingError):
            store.get_blob(ref)


class TestSegments:
    def test_torn_tail_is_dropped(self, folder: Any, open_store: Any, notices: Any) -> None:
        """What a killed writer left of a line is no record, and no reason for a word."""
        records = fill(open_store())
        path = segment_of(folder)
        path.write_bytes(path.read_bytes() + encode_line(make_record(1000))[:-20])
        shutil.rmtree(folder / "index")

        store = open_store()
        assert_finds(store, records)
        assert list(store.iter_records()) == records
        assert not notices

    @pytest.mark.parametrize("index", ["kept", "lost"])
    def test_flipped_bit_costs_one_record(
        self, folder: Any, open_store: Any, notices: Any, index: Any
    ) -> None:
        """The damaged line is skipped and named; the others are found."""
        records = fill(open_store())
        path = segment_of(folder)
        data = bytearray(path.read_bytes())
        data[data.index(b'"node50"') + 3] ^= 1
        path.write_bytes(data)
        if index == "lost":
            shutil.rmtree(folder / "index")

        store = open_store()
        others = [record for record in records if record.node != "node50"]
        assert store.find_records([records[50].deep]) == {}
        assert_finds(store, others)
        assert store.find_latest(["node50"]) == {}
        assert any(path.name in notice and "damaged" in notice for notice in notices)

    def test_newer_records_are_skipped(self, folder: Any, open_store: Any, notices: Any) -> None:
        """A record of a format that is not known yet is not read, and said once."""
        records = fill(open_store())
        path = segment_of(folder)
        from dagbuild.ground.digest import canonical_json

        body = canonical_json({**make_record(1).to_json(), "format": 99})
        path.write_bytes(path.read_bytes() + digest_bytes(body).encode() + b" " + body + b"\n")
        shutil.rmtree(folder / "index")

        store = open_store()
        assert_finds(store, records)
        assert [notice for notice in notices if "another version" in notice] == notices[:1]

    def test_segments_removed_while_open(self, folder: Any, open_store: Any) -> None:
        """Records of a removed segment are gone, the others stay."""
        fill(open_store())
        gone = segment_of(folder)
        records = [make_record(number) for number in range(500, 510)]
        other = open_store()
        other.put_records(records)
        other.close()
        store = open_store()
        assert len(store.find_records([make_record(1).deep])) == 1
        gone.unlink()

        assert store.find_records([make_record(1).deep]) == {}
        assert_finds(store, records)


class TestIndex:
    def test_is_not_opened_for_little(self, folder: Any, open_store: Any) -> None:
        """A small project never pays for the index."""
        records = fill(open_store(fold_bytes=10**9))

        assert not (folder / "index").exists()
        assert_finds(open_store(fold_bytes=10**9), records)

    def test_holds_what_is_finished(self, folder: Any, open_store: Any) -> None:
        """A second process reads no segment at all to find a record."""
        fill(open_store())
        store = open_store()
        store.find_records([make_key("other")])

        assert (folder / "index" / "1" / "records" / "cache.db").exists()
        assert not store._log._tails

    def test_table_layout_is_the_one_that_is_read(self, folder: Any, open_store: Any) -> None:
        """The columns that the bulk read relies on."""
        fill(open_store())
        with sqlite3.connect(folder / "index" / "1" / "records" / "cache.db") as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(Cache)")]
            kinds = set(db.execute("SELECT typeof(key), raw, mode, filename, typeof(value) FROM Cache"))

        assert {"key", "raw", "mode", "filename", "value"} <= set(columns)
        assert kinds == {("blob", 1, 1, None, "blob")}

    @pytest.mark.parametrize("moment", ["before", "while open"])
    @pytest.mark.parametrize(
        "how", ["deleted", "zeroed", "cut", "flipped", "garbage", "schema", "emptied", "cleared"]
    )
    def test_lost_or_damaged_costs_time_only(
        self, folder: Any, open_store: Any, how: Any, moment: Any
    ) -> None:
        """Every record is found, whatever happened to the index."""
        records = fill(open_store(), 300)
        store = open_store()
        if moment == "while open":
            store.find_records([records[0].deep])
        damage(folder / "index" / "1" / "records", how)

        assert_finds(store, records)
        assert_finds(open_store(), records)
        store.put_records([make_record(1000)])
        assert_finds(open_store(), [*records, make_record(1000)])

    def test_random_damage_gives_no_wrong_record(self, folder: Any, open_store: Any) -> None:
        """Bytes changed anywhere in the index never give a record to a key that is not its own."""
        records = fill(open_store(), 200)
        database = folder / "index" / "1" / "records" / "cache.db"
        whole = database.read_bytes()
        generator = random.Random(5)
        for _ in range(20):
            data = bytearray(database.read_bytes() if database.exists() else whole)
            for _ in range(20):
                data[generator.randrange(len(data))] = generator.randrange(256)
            database.parent.mkdir(parents=True, exist_ok=True)
            database.write_bytes(data)
            store = open_store()

            found = store.find_records([record.deep for record in records])
            assert all(found.get(record.deep, [record]) == [record] for record in records)
            store.close()

    @pytest.mark.parametrize("column", ["value", "key", "file"])
    def test_pickle_in_a_row_is_refused(
        self, folder: Any, open_store: Any, tmp_path: Path, column: Any, notices: Any
    ) -> None:
        """Somebody who can write to the index cannot make us run code, nor open or remove a file."""
        records = fill(open_store())
        trap, bait = tmp_path / "trap", tmp_path / "bait"
        bait.write_bytes(b"bait")
        database = folder / "index" / "1" / "records" / "cache.db"
        evil = pickle.dumps(Evil(str(trap)))
        with sqlite3.connect(database) as db:
            key = b"k" + records[5].deep.encode()
            if column == "value":
                db.execute("UPDATE Cache SET mode = 4, value = ? WHERE key = ?", (evil, key))
            elif column == "key":
                db.execute(
                    "UPDATE Cache SET raw = 0, key = ? WHERE key = ?",
                    (evil, b"s" + segment_of(folder).name.encode()),
                )
            else:
                db.execute(
                    "UPDATE Cache SET mode = 4, value = NULL, filename = ? WHERE key = ?", (str(bait), key)
                )

        store = open_store()
        assert_finds(store, records)
        again = make_record(5, content=make_key("new content"), started=5.0)
        store.put_records([again])
        store.close()
        assert len(open_store().find_records([again.deep])[again.deep]) == 2
        assert not trap.exists()
        assert bait.exists()

    def test_rows_are_made_into_no_values(self) -> None:
        """diskcache's own way from rows to values, which unpickles and opens files, is closed."""
        from dagbuild.store.memo import _no_disk

        disk = _no_disk()("folder")
        refused: list[Callable[[], object]] = [
            lambda: disk.put(b"key"),
            lambda: disk.get(b"key", 1),
            lambda: disk.store(b"value", False, key=b"key"),
            lambda: disk.fetch(4, None, pickle.dumps(1), False),
            lambda: disk.remove("../file"),
        ]
        for attempt in refused:
            with pytest.raises(ValueError, match="no row"):
                attempt()

    def test_two_stores_fold_the_same_segments_once(self, folder: Any, open_store: Any) -> None:
        """Each record is in the index once, however many processes see it."""
        writer = open_store(fold_bytes=10**9)
        readers = [open_store() for _ in range(3)]
        for number in range(30):
            writer.put_records([make_record(number)])
            readers[number % 3].find_records([make_record(number).deep])
        writer.close()

        assert_finds(open_store(), [make_record(number) for number in range(30)])
        with sqlite3.connect(folder / "index" / "1" / "records" / "cache.db") as db:
            rows = [
                value for (value,) in db.execute("SELECT value FROM Cache WHERE key >= 'k' AND key < 'l'")
            ]
        assert all(value.count(b".jsonl") == 1 for value in rows)


class Evil:
    def __init__(self, path: Any) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (self.path, "w"))


def damage(index: Any, how: Any) -> None:
    database = index / "cache.db"
    data = bytearray(database.read_bytes())
    if how == "deleted":
        shutil.rmtree(index)
    elif how == "zeroed":
        database.write_bytes(bytes(len(data)))
    elif how == "cut":
        database.write_bytes(data[: len(data) // 2])
    elif how == "flipped":
        for place in range(100, len(data), 97):
            data[place] ^= 0x40
        database.write_bytes(data)
    elif how == "cleared":
        # As when a process sets up anew, in the same file, what somebody has emptied.
        with sqlite3.connect(database) as db:
            db.execute("DELETE FROM Cache")
    elif how == "emptied":
        database.write_bytes(b"")
    elif how == "schema":
        # SQLite quotes the name in its message, which is no text then.
        broken = data.replace(b"Cache_key_raw", b"Cache\xc5key_raw")
        database.write_bytes(broken.replace(b"CREATE UNIQUE INDEX", b"CREATE UNIQUE_INDEX"))
    else:
        database.write_bytes(b"garbage" * 1000)


class TestProcesses:
    WRITER = """
        import sys, pathlib
        from dagbuild.store.local import LocalStore
        from dagbuild.testing.records import make_record
        store = LocalStore(pathlib.Path(sys.argv[1]), fold_bytes=int(sys.argv[3]))
        for number in range(int(sys.argv[2]), int(sys.argv[2]) + 100_000):
            ref = store.put_blob([str(number).encode() * 3000])
            store.put_records([make_record(number, ref)])
            print(number, flush=True)
    """

    def test_killed_writer_loses_nothing_acknowledged(self, folder: Any, open_store: Any) -> None:
        """Records put before `kill -9` are found, with their blobs; no half of anything is."""
        for start in (0, 1_000_000, 2_000_000):
            writer = run_python(self.WRITER, folder, start, 0, stdout=subprocess.PIPE)
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(40)]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.readlines()
            writer.wait()

            store = open_store()
            records = [make_record(int(n), BlobRef(digest_bytes(n.strip().encode() * 3000), len(n.strip()) * 3000))
                       for n in lines if n.endswith("\n")]  # fmt: skip
            assert_finds(store, records)
            assert all(bytes(store.get_blob(r.artifact.blobs[0])) for r in records)

    def test_writers_side_by_side(self, folder: Any, open_store: Any) -> None:
        """Several processes write and find what the others wrote, all at once."""
        code = """
            import sys, pathlib
            from dagbuild.store.local import LocalStore
            from dagbuild.testing.records import make_record
            store = LocalStore(pathlib.Path(sys.argv[1]), fold_bytes=0)
            start = int(sys.argv[2])
            for number in range(start, start + 200):
                record = make_record(number, store.put_blob([b"shared" * 5000]))
                store.put_records([record])
                assert store.find_records([record.deep])[record.deep] == [record]
            store.close()
        """
        writers = [run_python(code, folder, 1000 * n) for n in range(4)]
        assert [writer.wait(timeout=120) for writer in writers] == [0] * 4

        ref = BlobRef(digest_bytes(b"shared" * 5000), 30_000)
        assert_finds(open_store(), [make_record(1000 * n + m, ref) for n in range(4) for m in range(200)])

    def test_others_see_records_at_once(self, folder: Any, open_store: Any) -> None:
        """A store that is open finds what another process appends, without being opened again."""
        store = open_store()
        assert store.find_records([make_record(3).deep]) == {}
        code = """
            import sys, pathlib
            from dagbuild.store.local import LocalStore
            from dagbuild.testing.records import make_record
            store = LocalStore(pathlib.Path(sys.argv[1]))
            for number in range(5):
                store.put_records([make_record(number)])
                print(number, flush=True)
                sys.stdin.readline()
        """
        writer = run_python(code, folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert writer.stdin is not None and writer.stdout is not None
        for number in range(5):
            assert int(writer.stdout.readline()) == number
            assert make_record(number).deep in store.find_records([make_record(number).deep])
            writer.stdin.write("\n")
            writer.stdin.flush()
        writer.communicate()

        assert writer.returncode == 0


class TestLease:
    HOLDER = """
        import sys, pathlib, time
        from dagbuild.store.local import LocalStore
        store = LocalStore(pathlib.Path(sys.argv[1]))
        with store.lease(sys.argv[2]):
            print("held", flush=True)
            time.sleep(60)
    """

    def test_is_freed_when_its_holder_is_killed(self, folder: Any, open_store: Any) -> None:
        """And until then the wait says for whom."""
        key = make_key("k")
        holder = run_python(self.HOLDER, folder, key, stdout=subprocess.PIPE)
        assert holder.stdout is not None
        holder.stdout.readline()
        told = []

        def on_wait(text: Any) -> None:
            told.append(text)
            holder.kill()

        started = time.monotonic()
        with open_store().lease(key, on_wait) as waited:
            assert waited is True
        assert time.monotonic() - started < 20
        assert len(told) == 1
        assert f"process {holder.pid}" in told[0]
        holder.wait()

    def test_one_at_a_time(self, folder: Any, open_store: Any) -> None:
        """However many processes want it, one has it."""
        code = """
            import sys, pathlib
            from dagbuild.store.local import LocalStore
            store, count = LocalStore(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[3])
            for _ in range(100):
                with store.lease(sys.argv[2]):
                    count.write_text(str(int(count.read_text()) + 1))
        """
        count = folder.parent / "count"
        count.write_text("0")
        runs = [run_python(code, folder, make_key("k"), count) for _ in range(4)]
        assert [run.wait(timeout=60) for run in runs] == [0] * 4

        assert count.read_text() == "400"
        left = [path.name for path in (folder / "locks").iterdir()]
        assert all(name.startswith("spare.") for name in left), (
            "what these processes, which closed no store, kept"
        )

    def test_a_closed_store_leaves_no_lock(self, folder: Any) -> None:
        """What a process keeps for its next lease goes with the store."""
        store = LocalStore(folder)
        with store.lease(make_key("k")), store.lease(make_key("other")):
            assert len(list((folder / "locks").iterdir())) == 4
        store.close()

        assert list((folder / "locks").iterdir()) == []

    def test_a_lease_is_held_again_after_it_was_swept(self, folder: Any, open_store: Any) -> None:
        """gc may remove what nobody holds at the moment."""
        store = open_store()
        with store.lease(make_key("k")):
            pass
        for path in (folder / "locks").iterdir():
            path.unlink()

        with store.lease(make_key("k")) as waited:
            assert waited is False
            assert held_locks(folder / "locks") >= {make_key("k")}
            assert len(list((folder / "locks").glob("spare.*"))) == 1

    def test_is_freed_while_its_holder_goes_on(self, folder: Any, open_store: Any) -> None:
        """Who waits gets in when the lease ends, and not only when the process does."""
        code = """
            import sys, pathlib
            from dagbuild.store.local import LocalStore
            store = LocalStore(pathlib.Path(sys.argv[1]))
            with store.lease(sys.argv[2]):
                print("held", flush=True)
                sys.stdin.readline()
            sys.stdin.readline()
        """
        key = make_key("k")
        holder = run_python(code, folder, key, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdin is not None and holder.stdout is not None
        holder.stdout.readline()
        end = threading.Timer(20, holder.kill)

        def on_wait(_: Any) -> None:
            holder.stdin.write("\n")
            holder.stdin.flush()
            end.start()

        with open_store().lease(key, on_wait) as waited:
            end.cancel()
            assert waited is True
            assert holder.poll() is None
        holder.kill()
        holder.communicate()

    def test_a_forked_process_has_locks_of_its_own(self, folder: Any, open_store: Any) -> None:
        """Else it would share those of the process that it was forked from."""
        store = open_store()
        with store.lease(make_key("k")):
            pass
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            with store.lease(make_key("k")):
                os.read(told, 1)
            os._exit(0)
        while not held_locks(folder / "locks") >= {make_key("k")}:
            time.sleep(0.01)
        with store.lease(make_key("k"), lambda _: os.write(tell, b"w")) as waited:
            os.write(tell, b".")  # should nobody have waited
            assert waited is True
        assert os.waitpid(child, 0)[1] == 0
