"""Folders that cannot be written, disks that fill up, folders that vanish, clocks that jump, other versions."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.errors import StoreError
from dagbuild.store.blobs import sync_folder
from dagbuild.store.gc import GRACE, collect_garbage
from dagbuild.store.local import LocalStore
from dagbuild.testing.records import make_key, make_record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    return tmp_path / "cache"


def run_python(code: Any, *arguments: Any) -> Any:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT, text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Any]:
    """A function that mounts a small file system, where this machine lets us."""
    mounted = []

    def mount(options: Any) -> Any:
        place = tmp_path / "mount"
        place.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if (
            shutil.which("mount") is None
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("cannot mount file systems here")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=False)


class TestReadOnly:
    @pytest.mark.parametrize("fold_bytes", [0, 10**9])
    def test_reads_work_and_writes_say_why(self, tmpfs: Any, fold_bytes: Any) -> None:
        """On a read-only file system, with and without an index."""
        place = tmpfs("size=20m")
        store = LocalStore(place / "cache", fold_bytes=fold_bytes)
        ref = store.put_blob([b"x" * 100_000])
        record = make_record(1, ref)
        store.put_records([record])
        store.close()
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)

        store = LocalStore(place / "cache", fold_bytes=fold_bytes)
        assert store.find_records([record.deep]) == {record.deep: [record]}
        assert store.find_latest([record.node]) == {record.node: [record]}
        assert bytes(store.get_blob(ref)) == b"x" * 100_000
        assert store.put_blob([b"x" * 100_000]) == ref
        for write in (lambda: store.put_blob([b"new"]), lambda: store.put_records([make_record(2)])):
            with pytest.raises(StoreError, match="cannot write"):
                write()
        with store.lease(make_key("k")) as waited:
            assert waited is False
        store.close()

    def test_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        """Its parent is a file."""
        (tmp_path / "file").write_text("")
        store = LocalStore(tmp_path / "file" / "cache")

        assert store.find_records([make_key("k")]) == {}
        for write in (lambda: store.put_blob([b"x"]), lambda: store.put_records([make_record(1)])):
            with pytest.raises(StoreError, match=r"cannot write(.|\n)*move that away"):
                write()

    def test_a_file_where_the_folder_belongs_is_told(self, tmp_path: Path) -> None:
        """Also a link that leads nowhere: a cache that is empty looks the same."""
        (tmp_path / "file").write_text("")
        (tmp_path / "link").symlink_to("nowhere")
        for name in ("file", "link", "absent"):
            told: list[str] = []
            store = LocalStore(tmp_path / name, on_notice=told.append)

            assert store.find_records([make_key("k")]) == {}
            assert [f"'{tmp_path / name}' is no folder" in text for text in told] == [True] * (
                name != "absent"
            )


class TestDenied:
    """Folders of somebody else: what `sudo dagbuild` leaves behind."""

    @pytest.fixture
    def denied(self, folder: Any) -> Any:
        """A store with an old value whose files this user may not touch; runs code on it, with `name` denied."""
        drop = "-dac_override,-dac_read_search"
        unprivileged = (
            ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"] if os.geteuid() == 0 else []
        )
        if unprivileged and shutil.which("setpriv") is None:
            pytest.skip("permissions do not bind this user")
        store = LocalStore(folder, fold_bytes=0)
        store.put_records([make_record(1, store.put_blob([b"x" * 100_000]))])
        store.close()
        for path in folder.glob("objects/*/*"):
            os.utime(path, (1e9, 1e9))

        def run(name: Any, code: Any) -> Any:
            for path in folder.glob(name):
                path.chmod(0)
            try:
                ended = subprocess.run(
                    [*unprivileged, sys.executable, "-c", textwrap.dedent(code), str(folder)],
                    cwd=ROOT, text=True, capture_output=True, timeout=60, check=False,
                )  # fmt: skip
            finally:
                for path in folder.glob(name):
                    path.chmod(0o700)
            assert ended.returncode == 0, ended.stderr
            return ended.stdout

        return run

    @pytest.mark.parametrize("name", ["", "segments"])
    def test_records_that_cannot_be_read_are_none_and_told_once(self, denied: Any, name: Any) -> None:
        """A build goes on without them."""
        told = denied(
            name or "../cache",
            """
            import pathlib, sys
            from dagbuild.ground.errors import StoreError
            from dagbuild.store.local import LocalStore
            from dagbuild.testing.records import make_key, make_record
            store = LocalStore(pathlib.Path(sys.argv[1]), on_notice=print)
            assert store.find_records([make_record(1).deep]) == {}
            assert store.find_latest(["node1"]) == {}
            try:
                store.put_records([make_record(2)])
            except StoreError as error:
                assert "owner and permissions" in str(error)
            store.close()
            """,
        )

        assert told.count("cannot read the cache folder") == 1
        assert "owner and permissions" in told
        assert "damaged" not in told

    @pytest.mark.parametrize("name", ["../cache", "segments", "objects", "segments/*"])
    def test_what_cannot_be_read_is_neither_fine_nor_garbage(
        self, denied: Any, folder: Any, name: Any
    ) -> None:
        """Nobody knows what records need that cannot be read: nothing goes, and each command says why."""
        told = denied(
            name,
            """
            import pathlib, sys
            from dagbuild.ground.errors import StoreError
            from dagbuild.store.gc import collect_garbage
            from dagbuild.store.local import LocalStore
            from dagbuild.store.usage import measure
            from dagbuild.store.verify import verify_store
            for look in (collect_garbage, measure, verify_store):
                store = LocalStore(pathlib.Path(sys.argv[1]), on_notice=print)
                try:
                    look(store)
                except StoreError as error:
                    print("refused:", error)
            """,
        )

        assert told.count("refused:") == (1 if "*" in name else 3)
        assert told.count("owner and permissions") == told.count("refused:")
        assert len(list(folder.glob("objects/*/*"))) == 1


class TestFullDisk:
    def test_says_so_and_goes_on_when_there_is_room_again(self, tmpfs: Any) -> None:
        """Nothing half is left: neither a blob, nor a record, nor the end of a segment that a later one would spoil."""
        place = tmpfs("size=2m")
        store = LocalStore(place / "cache", fold_bytes=0)
        first = store.put_blob([b"1" * 500_000])
        store.put_records([make_record(1, first)])
        with pytest.raises(StoreError, match="No space left") as caught:
            store.put_blob([b"2" * 3_000_000])
        assert "disk is full" in str(caught.value)
        filler = place / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(b"x" * 1000)
        with pytest.raises(StoreError, match="No space left"):
            store.put_records([make_record(n, log="l" * 1000) for n in range(100, 200)])
        assert store.find_records([make_record(1).deep])

        filler.unlink()
        store.put_records([make_record(2, store.put_blob([b"3" * 1000]))])
        store.close()
        again = LocalStore(place / "cache", fold_bytes=0)
        assert [record.node for record in again.iter_records()] == ["node1", "node2"]
        assert not list((place / "cache" / "objects").glob("*/*.part"))
        again.close()

    def test_makes_room_on_a_disk_that_has_none(self, tmpfs: Any) -> None:
        """Records are written anew when some go, and that takes room, which the blobs must give first."""
        place = tmpfs("size=3m")
        store = LocalStore(place / "cache", fold_bytes=0)
        long_ago = time.time() - 100 * GRACE
        for number in (1, 2):
            ref = store.put_blob([bytes([number]) * 500_000])
            store.put_records(
                [make_record(number, ref, log="l" * 5000, started=long_ago, run=f"run{number}")]
            )
            os.utime(store.blobs.path(ref), (long_ago, long_ago))
        store.close()
        with (place / "filler").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(b"x" * 1000)

        for size, left in ((10**6, {"node1", "node2"}), (600_000, {"node2"})):
            store = LocalStore(place / "cache", fold_bytes=0)
            collect_garbage(store, size=size, keep_runs=0)
            assert {record.node for record in store.iter_records()} == left
            assert len(list((place / "cache" / "objects").glob("*/*"))) == len(left)
            assert not list((place / "cache" / "segments").glob("*.part"))
            store.close()

    def test_limit_on_file_size(self, folder: Any) -> None:
        """A limit of the shell is told as what it is."""
        code = """
            import pathlib, resource, sys
            from dagbuild.ground.errors import StoreError
            from dagbuild.store.local import LocalStore
            from dagbuild.testing.records import make_record
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            store = LocalStore(pathlib.Path(sys.argv[1]))
            try:
                store.put_blob([b"x" * 200_000])
            except StoreError as error:
                print(error)
            ref = store.put_blob([b"x" * 1000])
            store.put_records([make_record(1, ref)])
            try:
                store.put_records([make_record(2, log="x" * 200_000)])
            except StoreError as error:
                print(error)
            store.put_records([make_record(3)])
            store.close()
        """
        result = run_python(code, folder)

        assert result.returncode == 0, result.stderr
        assert result.stdout.count("ulimit -f") == 2
        assert [record.node for record in LocalStore(folder).iter_records()] == ["node1", "node3"]


class TestVanishingFolder:
    def test_deleted_while_open(self, folder: Any) -> None:
        """What was there is missing, what is put afterwards is there."""
        store = LocalStore(folder, fold_bytes=0)
        ref = store.put_blob([b"x" * 1000])
        record = make_record(1, ref)
        store.put_records([record])
        assert store.find_records([record.deep])
        shutil.rmtree(folder)

        assert store.find_records([record.deep]) == {}
        assert store.has_blobs([ref]) == set()
        ref = store.put_blob([b"x" * 1000])
        store.put_records([make_record(2, ref)])
        assert store.find_records([make_record(2).deep])
        store.close()
        again = LocalStore(folder, fold_bytes=0)
        assert [record.node for record in again.iter_records()] == ["node2"]
        assert (folder / "CACHEDIR.TAG").exists()
        again.close()


class TestFolder:
    def test_is_made_with_what_belongs_in_it(self, folder: Any) -> None:
        """And only when something is put."""
        store = LocalStore(folder)
        store.find_records([make_key("k")])
        assert not folder.exists()
        store.put_blob([b"x"])
        store.close()

        assert (
            (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
        )
        assert (folder / ".gitignore").read_text() == "*\n"
        assert "dagbuild" in (folder / "README.md").read_text()
        assert (folder / "format").read_text().startswith("1 xxh3-")

    def test_of_a_newer_dagbuild_is_left_alone(self, folder: Any) -> None:
        """With a message that says what to do."""
        LocalStore(folder).put_blob([b"x"])
        (folder / "format").write_text("2\n")

        with pytest.raises(StoreError, match="newer dagbuild") as caught:
            LocalStore(folder)
        assert "upgrade" in str(caught.value)

    @pytest.mark.parametrize("number", ["3", "", "x", "1\n1"])
    def test_whose_number_is_damaged_is_used(self, folder: Any, number: Any) -> None:
        """One flipped bit makes a 3 of a 1; only a whole number counts, or one that stands alone."""
        ref = LocalStore(folder).put_blob([b"x"])
        file = folder / "format"
        text = file.read_text()
        file.write_text(number + text[1:])
        told: list[str] = []
        store = LocalStore(folder, on_notice=told.append)
        store.put_blob([b"y"])
        store.put_records([make_record(1, ref)])
        store.close()

        assert len(told) == 1
        assert "damaged" in told[0]
        assert file.read_text() == text
        assert LocalStore(folder).has_blobs([ref]) == {ref}

    def test_is_made_by_many_threads_at_once(self, tmp_path: Path) -> None:
        """Whoever comes first: all of them can write."""
        errors = []
        for number in range(30):
            store = LocalStore(tmp_path / str(number), fsync="none")
            start = threading.Barrier(6)

            def put(store: Any = store, start: Any = start) -> None:
                start.wait()
                try:
                    store.put_blob([secrets.token_bytes(100)])
                except StoreError as error:
                    errors.append(error)

            threads = [threading.Thread(target=put) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert not errors

    def test_files_of_the_user_stay(self, folder: Any) -> None:
        """A README that is there is not replaced."""
        folder.mkdir()
        (folder / "README.md").write_text("ours")
        LocalStore(folder).put_blob([b"x"])

        assert (folder / "README.md").read_text() == "ours"


class TestClock:
    def test_that_ran_ahead_once(self, folder: Any) -> None:
        """A record from the future is found, but is not the newest for ever."""
        store = LocalStore(folder, fold_bytes=0)
        future = make_record(1, node="daily", started=time.time() + 10**9)
        today = make_record(2, node="daily", started=time.time())
        store.put_records([future])
        assert store.find_latest(["daily"]) == {"daily": [future]}
        store.put_records([today])

        assert store.find_records([future.deep]) == {future.deep: [future]}
        assert store.find_latest(["daily"]) == {"daily": [today]}
        store.close()

    def test_that_goes_backwards(self, folder: Any) -> None:
        """Segments made at an earlier time than those before are seen like others."""
        store = LocalStore(folder)
        store.put_records([make_record(1)])
        reader = LocalStore(folder)
        assert reader.find_records([make_record(1).deep])
        past = time.time() - 10**6
        other = LocalStore(folder)
        other.put_records([make_record(2)])
        for path in [*folder.glob("segments/*"), folder / "segments"]:
            os.utime(path, (past, past))

        assert reader.find_records([make_record(2).deep])
        for opened in (store, reader, other):
            opened.close()


class TestDurability:
    @pytest.mark.parametrize("fsync", ["none", "build", "always"])
    def test_every_policy_keeps_everything(self, folder: Any, fsync: Any) -> None:
        """The setting changes when bytes reach the disk, not what is there."""
        store = LocalStore(folder, fsync=fsync)
        ref = store.put_blob([b"x" * 1000])
        store.put_records([make_record(1, ref)])
        store.close()

        assert bytes(LocalStore(folder).get_blob(ref)) == b"x" * 1000

    def test_sync_of_a_missing_folder_is_nothing(self, folder: Any) -> None:
        """It may be gone by then."""
        sync_folder(folder)
