"""A large blob that was seen whole is not read again, unless anything may have happened to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground import stamps
from dagbuild.ground.boot import boot_id
from dagbuild.ground.digest import digest_bytes
from dagbuild.ground.errors import BlobDamagedError
from dagbuild.ground.stamps import TICK_NS
from dagbuild.model.record import BlobRef
from dagbuild.store import blobs, checked_blobs
from dagbuild.store.checked_blobs import FROM, WORTH
from dagbuild.store.folder import CacheFolder
from dagbuild.store.gc import GRACE, collect_garbage
from dagbuild.store.local import LocalStore
from dagbuild.store.memo import Memo
from dagbuild.store.verify import verify_store
from dagbuild.testing.records import make_record
from tests.integration.test_store_damage import damage
from tests.support import noting

ROOT = Path(__file__).parents[2]
TABLE = Path("index", "1", "blobs")

pytestmark = pytest.mark.skipif(boot_id() is None, reason="this system does not say when it was started")


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    return tmp_path / "cache"


@pytest.fixture
def open_store(folder: Any) -> Iterator[Any]:
    """Open the store as a new process would."""
    stores = []

    def open_it() -> Any:
        stores.append(LocalStore(folder))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def digested(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The sizes of the blobs that were read to be digested."""
    sizes: list[int] = []
    monkeypatch.setattr(blobs, "digest_bytes", noting(sizes, len, digest_bytes))
    return sizes


def content(number: int = 0, size: int = WORTH) -> bytes:
    return bytes([number]) * size


def settle() -> None:
    """Wait until no file is so young that a further write might not show."""
    time.sleep(2 * TICK_NS / 1e9)


def keep(store: LocalStore, *data: bytes) -> list[BlobRef]:
    """Store blobs and end the process, which has lasted a little."""
    refs = [store.put_blob([each]) for each in data]
    settle()
    store.close()
    return refs


def path_of(store: LocalStore, ref: BlobRef) -> Path:
    return store.layout.blob(ref.digest)


def rows_of(folder: Path) -> dict[bytes, bytes]:
    return Memo(folder / TABLE, lambda _: None).recall_prefix(b"b")


def set_row(folder: Path, ref: BlobRef, row: bytes) -> None:
    memo = Memo(folder / TABLE, lambda _: None)
    memo.put({b"b" + ref.digest.encode(): row})
    memo.close()


def row_for(path: Path) -> bytes:
    """Return the row that says that the file was seen as it is now."""
    row = checked_blobs._row(path.stat())
    assert row is not None
    return row


def rewrite(path: Path, data: bytes) -> None:
    """Write other bytes in place, and leave nothing to see but the change time."""
    found = path.stat()
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(data)
    path.chmod(0o444)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


class TestUse:
    def test_what_was_written_is_not_read_by_the_next_process(self, open_store: Any, digested: Any) -> None:
        """Its digest was made of the bytes that were written."""
        (ref,) = keep(open_store(), content())

        assert open_store().get_blob(ref) == content()
        assert open_store().blob_path(ref).read_bytes() == content()
        assert digested == []

    def test_what_was_read_is_not_read_again(self, folder: Any, open_store: Any, digested: Any) -> None:
        """By one process after the other."""
        (ref,) = keep(open_store(), content())
        shutil.rmtree(folder / TABLE)
        for _ in range(3):
            store = open_store()
            assert store.get_blob(ref) == content()
            store.close()

        assert digested == [ref.size]

    def test_another_process_counts_on_it(self, folder: Any, open_store: Any) -> None:
        """A real one, that is told by its own count."""
        (ref,) = keep(open_store(), content())
        code = """
            import sys, pathlib
            from dagbuild.model.record import BlobRef
            from dagbuild.store import blobs
            from dagbuild.store.local import LocalStore
            sizes, original = [], blobs.digest_bytes
            blobs.digest_bytes = lambda view: sizes.append(len(view)) or original(view)
            store = LocalStore(pathlib.Path(sys.argv[1]))
            print(bytes(store.get_blob(BlobRef(sys.argv[2], int(sys.argv[3])))[:1]), sizes)
            store.close()
        """
        run = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), str(folder), ref.digest, str(ref.size)],
            cwd=ROOT, text=True, capture_output=True, check=True,
        )  # fmt: skip

        assert run.stdout == "b'\\x00' []\n"

    def test_many_are_asked_for_at_once(self, open_store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """And not one by one."""
        refs = keep(open_store(), *(content(number, FROM) for number in range(WORTH // FROM)))
        asked: list[int] = []
        find = Memo.find
        monkeypatch.setattr(Memo, "find", noting(asked, lambda self, keys: len(keys), find))
        store = open_store()
        store.expect_blobs(refs)
        for ref in refs:
            store.blob_path(ref)

        assert asked == [len(refs)]

    @pytest.mark.parametrize("columns", [None, ("a", "c")])
    def test_a_table_is_one_question(
        self, open_store: Any, monkeypatch: pytest.MonkeyPatch, columns: Any
    ) -> None:
        """Whether all of it is wanted or some columns."""
        import numpy as np
        import pandas as pd

        from dagbuild import Columns
        from dagbuild.artifacts import Artifacts

        store = open_store()
        frame = pd.DataFrame({name: np.random.default_rng().random(WORTH // 16) for name in "abcd"})
        artifact = Artifacts(store).save(frame)
        settle()
        store.close()
        asked: list[int] = []
        find = Memo.find
        monkeypatch.setattr(Memo, "find", noting(asked, lambda self, keys: len(keys), find))
        store = open_store()
        Artifacts(store).load(artifact, Columns(*columns) if columns else None)

        large = sum(ref.size >= FROM for ref in artifact.blobs)
        assert asked == [large // 2 if columns else large]

    def test_little_is_not_worth_a_table(self, folder: Any, open_store: Any) -> None:
        """Neither small blobs, however many, nor a few larger ones."""
        keep(open_store(), *(content(number, FROM - 1) for number in range(2 * WORTH // FROM)))
        keep(open_store(), content(1, WORTH // 2))

        assert not (folder / "index").exists()


class TestDamage:
    def flip(self, path: Path, other: Path) -> None:
        rewrite(path, b"\x01")

    def cut(self, path: Path, other: Path) -> None:
        path.chmod(0o600)
        os.truncate(path, 10)

    def replace(self, path: Path, other: Path) -> None:
        found = path.stat()
        new = path.with_name("new")
        new.write_bytes(content(3))
        new.chmod(0o444)
        os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))
        new.replace(path)

    def swap(self, path: Path, other: Path) -> None:
        aside = path.with_name("aside")
        path.rename(aside)
        other.rename(path)
        aside.rename(other)

    def copy(self, path: Path, other: Path) -> None:
        shutil.copystat(path, other)
        path.unlink()
        shutil.copy2(other, path)

    def link(self, path: Path, other: Path) -> None:
        path.unlink()
        path.hardlink_to(other)

    @pytest.mark.parametrize("read", ["get_blob", "open_blob"])
    @pytest.mark.parametrize("how", ["flip", "cut", "replace", "swap", "copy", "link"])
    def test_is_found_by_the_next_process(self, open_store: Any, how: Any, read: Any) -> None:
        """As if nobody had ever seen the blob."""
        ref, other = keep(open_store(), content(), content(1))
        store = open_store()
        getattr(self, how)(path_of(store, ref), path_of(store, other))
        settle()

        with pytest.raises(BlobDamagedError):
            getattr(store, read)(ref)
        assert open_store().has_blobs([ref]) == set()

    def test_is_found_by_a_process_that_knew_better(self, open_store: Any) -> None:
        """One that had looked the blob up before, but not read it."""
        (ref,) = keep(open_store(), content())
        store = open_store()
        store.expect_blobs([ref])
        rewrite(path_of(store, ref), b"\x01")
        settle()

        with pytest.raises(BlobDamagedError):
            store.get_blob(ref)

    def test_is_found_right_after_the_process_that_wrote(self, open_store: Any) -> None:
        """Within one tick of the file system's clock a second write may not show, so what is so young is not kept."""
        refs = []
        for number in range(20):
            store = open_store()
            refs.append(store.put_blob([content(number)]))
            store.close()
            rewrite(path_of(store, refs[-1]), b"\xff")
        settle()

        for ref in refs:
            with pytest.raises(BlobDamagedError):
                open_store().get_blob(ref)

    def test_is_found_by_verify_whatever_is_remembered(self, folder: Any, open_store: Any) -> None:
        """Damage that leaves the change time, as a failing disk's, is found by reading everything, and then by all."""
        (ref,) = keep(open_store(), content())
        path = path_of(open_store(), ref)
        rewrite(path, b"\x01")
        set_row(folder, ref, row_for(path))
        settle()
        assert open_store().get_blob(ref)[0] == 1, "nothing but reading can tell"

        assert verify_store(open_store()).damaged == (ref,)
        with pytest.raises(BlobDamagedError):
            open_store().get_blob(ref)


class TestDoubt:
    def test_another_boot_is_another_disk(
        self, open_store: Any, digested: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A power cut keeps from the disk what the system had taken, or the folder is seen from elsewhere."""
        (ref,) = keep(open_store(), content())
        monkeypatch.setattr(checked_blobs, "boot_id", lambda: "another")
        store = open_store()
        store.get_blob(ref)
        store.close()
        open_store().get_blob(ref)

        assert digested == [ref.size]

    def test_where_boots_have_no_name_all_is_read(
        self, folder: Any, open_store: Any, digested: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And nothing is written."""
        monkeypatch.setattr(checked_blobs, "boot_id", lambda: None)
        (ref,) = keep(open_store(), content())
        for _ in range(2):
            store = open_store()
            store.get_blob(ref)
            store.close()

        assert digested == [ref.size] * 2
        assert not (folder / "index").exists()

    def test_what_is_young_is_kept_later(
        self, open_store: Any, digested: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When the next build of the process ends."""
        monkeypatch.setattr(stamps, "TICK_NS", 10**12)
        store = open_store()
        ref = store.put_blob([content()])
        store.flush()
        monkeypatch.setattr(stamps, "TICK_NS", 0)
        open_store().get_blob(ref)
        assert digested == [ref.size]

        store.flush()
        open_store().get_blob(ref)
        assert digested == [ref.size]

    def test_a_clock_that_ran_backwards(
        self, open_store: Any, digested: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What seems to have changed in the future is young."""
        (ref,) = keep(open_store(), content())
        now = time.time_ns()
        monkeypatch.setattr(time, "time_ns", lambda: now - 10**12)
        open_store().get_blob(ref)

        assert digested == [ref.size]

    @pytest.mark.parametrize(
        "row", ["", "garbage", "\xff\x00", "cut", "long", "another inode", "another blob"]
    )
    def test_a_row_that_is_wrong_costs_reading(
        self, folder: Any, open_store: Any, digested: Any, row: Any
    ) -> None:
        """And nothing else; it is right again afterwards."""
        ref, other = keep(open_store(), content(), content(1))
        path = path_of(open_store(), ref)
        right = row_for(path)
        inode = f" {path.stat().st_ino}".encode()
        wrong = {
            "cut": right[:-1],
            "long": right * 10_000,
            "another inode": right.replace(inode, f" {path.stat().st_ino + 1}".encode()),
            "another blob": row_for(path_of(open_store(), other)),
        }
        set_row(folder, ref, wrong.get(row, row.encode("latin-1")))
        for _ in range(2):
            store = open_store()
            assert store.get_blob(ref) == content()
            store.close()

        assert digested == [ref.size]
        assert rows_of(folder)[b"b" + ref.digest.encode()] == right

    @pytest.mark.parametrize("how", ["deleted", "zeroed", "cut", "flipped", "garbage", "emptied", "cleared"])
    def test_a_lost_table_costs_reading(self, folder: Any, open_store: Any, digested: Any, how: Any) -> None:
        """Before a process opens it, or after."""
        refs = keep(open_store(), content(), content(1))
        store = open_store()
        store.get_blob(refs[0])
        damage(folder / TABLE, how)

        assert store.get_blob(refs[1]) == content(1)
        store.close()
        assert open_store().get_blob(refs[1]) == content(1)
        assert len(digested) <= 2

    def test_a_table_of_somebody_elses_runs_nothing(
        self, folder: Any, open_store: Any, digested: Any, tmp_path: Path
    ) -> None:
        """A row that names a file, or is to be unpickled, is not read."""
        (ref,) = keep(open_store(), content())
        bait = tmp_path / "bait"
        bait.write_bytes(b"bait")
        with sqlite3.connect(folder / TABLE / "cache.db") as db:
            db.execute("UPDATE Cache SET mode = 4, value = NULL, filename = ?", (str(bait),))

        assert open_store().get_blob(ref) == content()
        verify_store(open_store(), repair=True)
        assert digested == [ref.size]
        assert bait.exists()

    def test_a_table_that_cannot_be_made(self, folder: Any, open_store: Any, digested: Any) -> None:
        """As in a folder that cannot be written."""
        (folder / "index").mkdir(parents=True)
        (folder / TABLE.parent).write_text("")
        (ref,) = keep(open_store(), content())
        for _ in range(2):
            store = open_store()
            assert store.get_blob(ref) == content()
            store.close()

        assert digested == [ref.size] * 2

    def test_a_folder_that_is_gone_is_not_made_again(self, folder: Any, open_store: Any) -> None:
        """For the sake of a memo."""
        store = open_store()
        store.put_blob([content()])
        settle()
        shutil.rmtree(folder)
        store.close()

        assert not folder.exists()


class TestUpkeep:
    @pytest.mark.parametrize(
        "use",
        [lambda store, ref: store.get_blob(ref), lambda store, ref: os.close(store.open_blob(ref)),
         lambda store, ref: store.put_blob([content()])],
        ids=["get_blob", "open_blob", "put_blob"],
    )  # fmt: skip
    def test_a_use_that_is_noted_for_gc_is_no_change(
        self,
        open_store: Any,
        digested: Any,
        monkeypatch: pytest.MonkeyPatch,
        use: Callable[[LocalStore, BlobRef], object],
    ) -> None:
        """It alters the change time, which is looked at before and after."""
        (ref,) = keep(open_store(), content())
        store = open_store()
        before = path_of(store, ref).stat()
        monkeypatch.setattr(blobs, "TOUCH_AFTER", 0.0)
        use(store, ref)
        after = path_of(store, ref).stat()
        monkeypatch.undo()
        settle()
        store.close()

        assert after.st_mtime_ns > before.st_mtime_ns
        sizes: list[int] = []
        monkeypatch.setattr(blobs, "digest_bytes", noting(sizes, len, digest_bytes))
        assert open_store().get_blob(ref) == content()
        assert sizes == digested == []

    def test_a_use_of_what_was_damaged_makes_nothing_of_it(
        self, open_store: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That it is wanted again is noted, too, but not that it is whole."""
        (ref,) = keep(open_store(), content())
        store = open_store()
        rewrite(path_of(store, ref), b"\x01")
        monkeypatch.setattr(blobs, "TOUCH_AFTER", 0.0)
        store.put_blob([content()])
        settle()
        store.close()

        with pytest.raises(BlobDamagedError):
            open_store().get_blob(ref)

    def test_gc_forgets_what_it_removes(self, folder: Any, open_store: Any) -> None:
        """And remembers the rest."""
        store = open_store()
        refs = keep(store, content(), content(1))
        store = open_store()
        store.put_records([make_record(1, refs[0])])
        store.close()
        assert len(rows_of(folder)) == 2
        collect_garbage(open_store(), now=time.time() + 10 * GRACE)

        assert open_store().has_blobs(refs) == {refs[0]}
        assert set(rows_of(folder)) == {b"b" + refs[0].digest.encode()}

    def test_what_was_put_aside_is_whole_when_made_again(self, open_store: Any, digested: Any) -> None:
        """The new file is another one."""
        (ref,) = keep(open_store(), content())
        store = open_store()
        rewrite(path_of(store, ref), b"\x01")
        with pytest.raises(BlobDamagedError):
            store.get_blob(ref)
        keep(store, content())

        assert open_store().get_blob(ref) == content()
        assert digested == [ref.size]

    def test_each_boot_has_a_name(self) -> None:
        """The same one whenever it is asked."""
        assert boot_id() == boot_id.__wrapped__() != ""

    def test_the_table_lies_where_the_layout_says(self, folder: Any, open_store: Any) -> None:
        """Beside the other memos."""
        keep(open_store(), content())

        assert (CacheFolder(folder).index / "blobs" / "cache.db").is_file()
        assert digest_bytes(content()) in {key[1:].decode() for key in rows_of(folder)}
