"""The net under file reads: what is seen of readers that no hook and no wrapping tells of."""

import ctypes
import importlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import h5py
import joblib
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest

from dagbuild.ground.digest import digest_bytes
from dagbuild.ground.stamps import file_clock
from dagbuild.observe import net
from dagbuild.observe.observer import Observer
from dagbuild.observe.places import ABSENT, PathNames
from dagbuild.shortcut.import_watch import ImportObserver
from dagbuild.store.file_digests import FileDigests
from tests.unit.observe.support import digests, names, watch

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such net"),
    pytest.mark.leaves_threads,
]

duckdb: Any = importlib.import_module("duckdb")  # whose stubs say that a query may give nothing

_LIBC = ctypes.CDLL(None)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    monkeypatch.chdir(root)
    (root / "data" / "k.csv").write_text("a\n1\n")
    return root


def read_in_c(path: str | Path) -> bytes:
    """Return what is in a file, by a reader of which Python knows nothing."""
    fd = _LIBC.open(os.fsencode(path), os.O_RDONLY)
    assert fd >= 0
    try:
        return os.read(fd, 999)
    finally:
        os.close(fd)


def write_in_c(path: str | Path, text: bytes) -> int:
    """Make or overwrite a file, by a writer of which Python knows nothing."""
    tick()
    fd: int = _LIBC.open(os.fsencode(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        return os.write(fd, text)
    finally:
        os.close(fd)


def tick() -> bool:
    """Return when what is written from now on is noted as later than the call's beginning."""
    now = time.time_ns()
    while file_clock() <= now:
        pass
    return True


def read_text(path: str) -> str:
    return Path(path).read_text()


def _in_process(how: str) -> str:
    with get_context(how).Pool(1) as pool:
        return str(pool.map(read_text, ["data/k.csv"])[0])


def _at(name: str) -> bytes:
    folder = os.open("data", os.O_RDONLY)
    fd = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(fd, 99)
    finally:
        os.close(fd)
        os.close(folder)


_QUIET = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]

READERS: dict[str, Callable[[], Any]] = {
    "ctypes": lambda: read_in_c("data/k.csv"),
    "ctypes fopen": lambda: _LIBC.fclose(ctypes.c_void_p(_fopen(b"data/k.csv"))),
    "dir_fd": lambda: _at("k.csv"),
    "pyarrow.input_stream": lambda: pa.input_stream("data/k.csv").read(),
    "pyarrow.OSFile": lambda: pa.OSFile("data/k.csv").read(),
    "pyarrow.fs": lambda: pyarrow.fs.LocalFileSystem().open_input_file("data/k.csv").read(),
    "polars SQL": lambda: pl.sql("select * from read_csv('data/k.csv')", eager=True),
    "duckdb, quoted as a name": lambda: duckdb.query('select * from "data/k.csv"').fetchall(),
    "duckdb, bound": lambda: duckdb.execute("select * from read_csv($1)", ["data/k.csv"]).fetchall(),
    "duckdb, comment": lambda: duckdb.sql("select * -- it's\nfrom 'data/k.csv'").fetchall(),
    "subprocess": lambda: subprocess.check_output(["cat", "data/k.csv"]),
    "shell": lambda: os.system("cat data/k.csv > /dev/null"),
    "posix_spawn": lambda: os.waitpid(
        os.posix_spawnp("cat", ["cat", "data/k.csv"], {}, file_actions=_QUIET), 0
    ),
    "joblib": lambda: joblib.Parallel(n_jobs=2)(joblib.delayed(read_text)(p) for p in ["data/k.csv"] * 2),
    "fork": lambda: _in_process("fork"),
    "spawn": lambda: _in_process("spawn"),
}


def _fopen(path: bytes) -> Any:
    fopen = _LIBC.fopen
    fopen.restype = ctypes.c_void_p
    return fopen(path, b"r")


@pytest.mark.parametrize("reader", READERS)
def test_whoever_reads_a_file_it_is_observed(root: Path, reader: str) -> None:
    seen = watch(root, READERS[reader])

    found = digests(seen)
    assert found.pop("data/k.csv") == digest_bytes(b"a\n1\n")
    # A worker imports this file; its folder is watched where a test before has read there.
    inside = sorted(name for name in found if not name.startswith(str(Path(__file__).parents[3])))
    # Python does not tell which folder an open one is that a path is taken from.
    assert inside == (["data/*.csv", "k.csv"] if reader == "dir_fd" else [])
    assert not seen.unstable


def test_external_link_of_hdf5(root: Path) -> None:
    with h5py.File("data/v.h5", "w") as file:
        file["v"] = np.arange(3)
    with h5py.File("main.h5", "w") as file:
        file["linked"] = h5py.ExternalLink("data/v.h5", "/v")

    seen = watch(root, lambda: h5py.File("main.h5", "r")["linked"][:].sum())

    assert names(seen) == ["data/v.h5", "main.h5"]


def test_attached_database_and_its_wal(root: Path) -> None:
    for name in ("one.db", "two.db"):
        with sqlite3.connect(name) as database:
            database.execute("create table t (a)")
    database.close()

    def call() -> None:
        with sqlite3.connect("one.db") as database:
            database.execute("attach 'two.db' as two")
            database.execute("select * from two.t").fetchall()
        database.close()

    assert digests(watch(root, call)) == {
        "one.db": digest_bytes(Path("one.db").read_bytes()),
        "one.db-wal": ABSENT,
        "two.db": digest_bytes(Path("two.db").read_bytes()),
        "two.db-wal": ABSENT,
    }


def test_project_that_was_moved_away_and_made_anew_is_watched(root: Path) -> None:
    watch(root, lambda: None)
    root.parent.rename(root.parent.parent / f"{root.parent.name}-moved")
    (root / "data").mkdir(parents=True)
    (root / "data" / "k.csv").write_text("2")

    assert names(watch(root, lambda: read_in_c(root / "data" / "k.csv"))) == ["data/k.csv"]


def test_project_that_was_removed_and_made_anew_is_watched(root: Path) -> None:
    watch(root, lambda: None)
    shutil.rmtree(root)
    (root / "data").mkdir(parents=True)
    (root / "data" / "k.csv").write_text("2")

    assert names(watch(root, lambda: read_in_c(root / "data" / "k.csv"))) == ["data/k.csv"]


# -- whose work it is ------------------------------------------------------------------------------------------------


def _make_in_process() -> None:
    subprocess.check_call("cp data/k.csv new.csv; cat new.csv > other.csv; rm other.csv", shell=True)


def _make_and_rename() -> None:
    write_in_c("new.tmp", b"1")
    os.replace("new.tmp", "new.csv")
    read_in_c("new.csv")


OWN: dict[str, Callable[[], Any]] = {
    "made in C": lambda: (write_in_c("new.csv", b"1"), read_in_c("new.csv")),
    "made by Python, read in C": lambda: (Path("new.csv").write_text("1"), read_in_c("new.csv")),
    "made and removed": lambda: (write_in_c("new.csv", b"1"), read_in_c("new.csv"), _LIBC.unlink(b"new.csv")),
    "written over": lambda: write_in_c("data/k.csv", b"2"),
    "written over by Python, then read in C": lambda: (
        Path("data/k.csv").write_text("2"),
        read_in_c("data/k.csv"),
    ),
    "appended to by a process": lambda: (tick(), subprocess.check_call("echo 1 >> data/k.csv", shell=True)),
    "in a folder of its own": lambda: subprocess.check_call("mkdir d; echo 1 > d/x; cat d/x", shell=True),
    "parquet": lambda: (pq.write_table(pa.table({"a": [1]}), "new.parquet"), read_in_c("new.parquet")),
}


@pytest.mark.parametrize("what", OWN)
def test_what_the_call_made_is_its_own(root: Path, what: str) -> None:
    seen = watch(root, OWN[what])

    assert digests(seen) == {} and seen.unstable == ()


def test_what_a_process_made_of_a_file_is_its_own(root: Path) -> None:
    assert names(watch(root, _make_in_process)) == ["data/k.csv"]


CHANGED: dict[str, Callable[[], Any]] = {
    "in C": lambda: write_in_c("data/k.csv", b"2"),
    "by Python": lambda: Path("data/k.csv").write_text("2"),
    "by a process": lambda: subprocess.check_call("echo 2 > data/k.csv", shell=True),
    "by rename": lambda: (write_in_c("new", b"2"), _LIBC.rename(b"new", b"data/k.csv")),
    "by Python's rename": lambda: (write_in_c("new", b"2"), Path("new").replace("data/k.csv")),
    "by removal": lambda: _LIBC.unlink(b"data/k.csv"),
    "by Python's removal": lambda: Path("data/k.csv").unlink(),
}


@pytest.mark.parametrize("how", CHANGED)
def test_file_that_is_read_and_then_changed(root: Path, how: str) -> None:
    """What Python is about to change is digested before; else nobody knows what was read."""
    seen = watch(root, lambda: (read_in_c("data/k.csv"), CHANGED[how]()))

    if "Python" in how:
        assert digests(seen) == {"data/k.csv": digest_bytes(b"a\n1\n")} and seen.unstable == ()
    else:
        assert digests(seen) == {} and seen.unstable == ("data/k.csv",)


@pytest.mark.parametrize("how", [how for how in CHANGED if "removal" not in how])
def test_file_that_was_there_is_changed_and_then_read(root: Path, how: str) -> None:
    """It may be another's change: what is there in the end counts, unless Python tells that it is the call's own."""
    seen = watch(root, lambda: (CHANGED[how](), read_in_c("data/k.csv")))

    assert digests(seen) == (
        {} if how == "by Python" else {"data/k.csv": digest_bytes(b"2" if how != "by a process" else b"2\n")}
    )
    assert seen.unstable == ()


def test_declared_file_and_the_cache_do_not_count(root: Path) -> None:
    (root / "cache").mkdir()
    (root / "cache" / "blob").write_text("1")

    seen = watch(root, lambda: (read_in_c("data/k.csv"), read_in_c("cache/blob")), declared=["data"])

    assert seen.observations == () and seen.unstable == ()


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "CACHEDIR.TAG", ".git"])
def test_folder_of_no_data_is_not_looked_at(root: Path, mark: str) -> None:
    folder = root / (mark if mark == ".git" else "some")
    folder.mkdir()
    (folder / mark).write_text("")
    (folder / "x").write_text("1")

    assert watch(root, lambda: read_in_c(folder / "x")).observations == ()


# -- ways to a file --------------------------------------------------------------------------------------------------


def test_path_that_goes_up_from_behind_a_link(root: Path) -> None:
    """`link/..` is the folder above where the link leads."""
    (root / "far" / "away").mkdir(parents=True)
    (root / "far" / "k.csv").write_text("2")
    (root / "link").symlink_to(root / "far" / "away")
    (root / "k.csv").write_text("3")

    for read in (lambda: open("link/../k.csv").read(), lambda: read_in_c("link/../k.csv")):
        assert digests(watch(root, read)) == {"far/k.csv": digest_bytes(b"2")}


def test_linked_file_counts_by_the_link(root: Path) -> None:
    outside = root.parent / "outside.csv"
    outside.write_text("2")
    (root / "link.csv").symlink_to(outside)

    seen = watch(root, lambda: read_in_c("link.csv"))

    assert digests(seen) == {"link.csv": digest_bytes(b"2")}


def test_linked_folder_counts_by_the_link(root: Path) -> None:
    """A link is often what is switched: from one release of the data to the next."""
    for name in ("v1", "v2"):
        (root.parent / name / "deep").mkdir(parents=True)
        (root.parent / name / "deep" / "x.csv").write_text(name)
    (root / "current").symlink_to(root.parent / "v1")
    read = lambda: read_in_c("current/deep/x.csv")  # noqa: E731

    first = watch(root, read)
    (root / "current").unlink()
    (root / "current").symlink_to(root.parent / "v2")
    second = watch(root, read)

    assert digests(first) == {"current/deep/x.csv": digest_bytes(b"v1")}
    assert digests(second) == {"current/deep/x.csv": digest_bytes(b"v2")}


def test_links_in_a_circle_end(root: Path) -> None:
    (root / "data" / "back").symlink_to(root)
    (root / "data" / "self").symlink_to(root / "data")

    assert "data/k.csv" in names(watch(root, lambda: read_in_c("data/self/k.csv")))


def test_folder_that_appears_between_calls_is_watched(root: Path) -> None:
    watch(root, lambda: None)
    (root / "new" / "deep").mkdir(parents=True)
    (root / "new" / "deep" / "x").write_text("1")
    (root / "data").rename(root / "moved")

    seen = watch(root, lambda: (read_in_c("new/deep/x"), read_in_c("moved/k.csv")))

    assert names(seen) == ["moved/k.csv", "new/deep/x"]


def test_file_outside_is_seen_once_one_of_its_folder_was(root: Path) -> None:
    other = root.parent / "other"
    other.mkdir()
    (other / "a").write_text("1")
    (other / "b").write_text("2")

    watch(root, lambda: (other / "a").read_text())

    assert names(watch(root, lambda: read_in_c(other / "b"))) == [str(other / "b")]


def test_file_outside_is_seen_that_a_call_is_given(root: Path) -> None:
    other = root.parent / "other.bin"
    other.write_text("1")
    observer = Observer(PathNames(root), FileDigests())
    observer.call(lambda path: read_in_c(path), path=str(other))

    assert names(observer.finish()) == [str(other)]


# -- listings --------------------------------------------------------------------------------------------------------


def test_names_count_where_files_are_found_by_them(root: Path) -> None:
    seen = watch(root, lambda: duckdb.sql('select * from "data/*.csv"').fetchall())

    assert names(seen) == ["data/k.csv"] and names(seen, "listing") == ["data/*.csv"]


def test_names_further_up_count_where_folders_are_found_by_them(root: Path) -> None:
    for year in ("2020", "2021"):
        (root / "data" / year).mkdir()
        (root / "data" / year / "x.bin").write_text(year)

    seen = watch(root, lambda: subprocess.check_output("cat $(find data -name '*.bin')", shell=True))

    assert names(seen) == ["data/2020/x.bin", "data/2021/x.bin"]
    assert names(seen, "listing") == [
        "*/*/*.bin",  # find looks into the current folder, too
        "data/*/*.bin",
        "data/2020/*.bin",
        "data/2021/*.bin",
    ]


def test_names_alone_do_not_count(root: Path) -> None:
    """Shells, editors and version control list folders all the time."""
    assert watch(root, lambda: subprocess.check_output("ls data", shell=True)).observations == ()


# -- code ------------------------------------------------------------------------------------------------------------


def test_program_of_the_project_counts(root: Path) -> None:
    (root / "tool.py").write_text("import lib; print(lib.f())")
    (root / "lib.py").write_text("def f(): return 1")

    def call() -> None:
        subprocess.check_call([sys.executable, "tool.py"], stdout=subprocess.DEVNULL)

    assert names(watch(root, call)) == ["lib.py", "tool.py"]
    assert names(watch(root, call)) == ["lib.py", "tool.py"]  # also when it opens what it compiled before


_BESIDE = """
import subprocess, sys; from pathlib import Path; from tests.unit.observe.support import watch
program = "import sys; sys.path[:0] = ['.']; sys.stdin.read(); import lib; print(lib.X, open('data/k.csv').read())"
subprocess.run(["sh", "-c", '"$0" -c "$1" < ../go > ../done &', sys.executable, program])

def call():
    Path("../go").open("w").close()
    return Path("../done").read_text()

print(watch(Path.cwd(), call).observations)
"""


def test_what_others_read_says_nothing(root: Path) -> None:
    """Another build that imports the project, an editor: while no process of the call's own is there."""
    (root / "lib.py").write_text("X = 1")
    for name in ("go", "done"):
        os.mkfifo(root.parent / name)
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})"

    told = subprocess.run([sys.executable, "-c", path + _BESIDE], capture_output=True, text=True, check=False)

    assert told.stdout == "()\n", told.stderr


# -- while importing -------------------------------------------------------------------------------------------------


def test_reader_in_c_at_the_level_of_a_module(root: Path) -> None:
    log = ImportObserver(PathNames(root), FileDigests())
    log.call(lambda: read_in_c("data/k.csv"))

    assert [seen.name for seen in log.finish([]).seen] == ["data/k.csv"]


# -- limits ----------------------------------------------------------------------------------------------------------


def test_more_than_the_system_can_tell_of_is_said(root: Path) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    (root / "other").write_text("1")

    def call() -> None:
        for _ in range(
            most // 2 + 1
        ):  # one after the other, for the system tells once of two that are the same
            read_in_c("data/k.csv")
            read_in_c("other")

    seen = watch(root, call)

    assert [note.kind for note in seen.notes] == ["net"]
    # Where it cannot tell whose an open was, other processes' may count as well: of these there are none in the root.
    assert [name for name in names(seen) if not Path(name).is_absolute()] == ["data/k.csv", "other"]
    assert names(watch(root, lambda: read_in_c("other"))) == ["other"]  # all is well again


def test_what_python_opens_often_is_no_trouble(root: Path) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    (root / "other").write_text("1")
    (root / "third").write_text("1")

    def call() -> None:
        for _ in range(most // 2 + 1):
            (root / "data" / "k.csv").read_text()
            (root / "other").read_text()
        read_in_c("third")

    seen = watch(root, call)

    assert seen.notes == () and names(seen) == ["data/k.csv", "other", "third"]


def test_folders_that_cannot_be_watched_are_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = root.parent / "limits"
    limit.mkdir()
    (limit / "max_user_watches").write_text("2")
    monkeypatch.setattr(net, "_LIMITS", limit)
    monkeypatch.setattr(net, "_net", None)

    seen = watch(root, lambda: read_in_c("data/k.csv"))

    assert seen.notes[0].text.startswith("reads, perhaps, in data, which cannot be watched: 2 at most")


def test_no_net_at_all_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net, "_net", None)
    monkeypatch.setattr(net, "_failure", "Too many open files")

    seen = watch(root, lambda: read_in_c("data/k.csv"))

    assert [note.text for note in seen.notes] == [
        "reads in folders which cannot be watched: Too many open files"
    ]


def test_child_of_fork_leaves_the_events_to_its_parent(root: Path) -> None:
    def call() -> None:
        if not (child := os.fork()):
            watch(root, lambda: read_in_c("data/k.csv"))
            os._exit(0)
        os.waitpid(child, 0)

    assert names(watch(root, call)) == ["data/k.csv"]


def test_child_of_fork_that_leaves_the_call_ends_as_it_wanted_to(root: Path) -> None:
    children: list[int] = []

    def call() -> None:
        read_in_c("data/k.csv")
        children.append(os.fork())
        if not children[0]:
            Path("made").write_text("1")
            sys.exit(3)

    try:
        watch(root, call)
        if not children[0]:
            os._exit(1)
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:
        os._exit(1)

    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 3
