"""Files that Python itself opens, and who they belong to."""

import gzip
import mmap
import os
import pickle
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagbuild.ground.digest import digest_bytes
from dagbuild.observe.places import ABSENT
from tests.unit.observe.support import digests, names, watch


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("a,b\n1,2\n")
    return tmp_path


def _mapped(path: Path) -> bytes:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return bytes(mapped[:1])


READERS: dict[str, Callable[[Path], Any]] = {
    "open": lambda path: path.open().read(),
    "read_text": lambda path: path.read_text(),
    "relative": lambda path: open(os.path.relpath(path)).read(),
    "bytes": lambda path: open(os.fsencode(path)).read(),
    "os.open": lambda path: os.close(os.open(path, os.O_RDONLY)),
    "r+": lambda path: path.open("r+").read(),
    "mmap": _mapped,
    "read_csv": lambda path: pd.read_csv(path),
    "read_csv pyarrow": lambda path: pd.read_csv(path, engine="pyarrow"),
    "loadtxt": lambda path: np.loadtxt(path, delimiter=",", skiprows=1),
    "fromfile": lambda path: np.fromfile(path, dtype="u1"),
    "memmap": lambda path: np.memmap(path, dtype="u1", mode="r"),
}


@pytest.mark.parametrize("reader", READERS)
def test_file_that_is_read_is_named_from_the_root_with_its_digest(root: Path, reader: str) -> None:
    seen = watch(root, lambda: READERS[reader](root / "data" / "x.csv"))

    assert digests(seen) == {"data/x.csv": digest_bytes(b"a,b\n1,2\n")}
    assert not seen.unstable and not seen.notes


def test_packed_files(root: Path) -> None:
    with gzip.open(root / "x.gz", "wb") as packed:
        packed.write(b"1")
    with zipfile.ZipFile(root / "x.zip", "w") as archive:
        archive.writestr("a", "1")
    (root / "x.pkl").write_bytes(pickle.dumps(1))

    seen = watch(
        root,
        lambda: (
            gzip.open(root / "x.gz").read(),
            zipfile.ZipFile(root / "x.zip").read("a"),
            pd.read_pickle("x.pkl"),
        ),
    )

    assert names(seen) == ["x.gz", "x.pkl", "x.zip"]


def test_nothing_is_observed_outside_the_call(root: Path) -> None:
    seen = watch(root, lambda: None)
    (root / "data" / "x.csv").read_text()

    assert seen.observations == () and seen.notes == ()


def test_software_and_the_cache_say_nothing(root: Path) -> None:
    (root / "cache").mkdir()
    (root / "cache" / "blob").write_text("1")
    (root / "project.egg-info").mkdir()
    (root / "project.egg-info" / "entry_points.txt").write_text("")

    seen = watch(
        root,
        lambda: (
            Path(os.__file__).read_text(),
            Path(np.__file__).read_text(),
            Path("/etc/hostname").exists() and Path("/etc/hostname").read_text(),
            Path("/proc/self/status").exists() and Path("/proc/self/status").read_text(),
            (root / "cache" / "blob").read_text(),
            (root / "project.egg-info" / "entry_points.txt").read_text(),
        ),
    )

    assert seen.observations == ()


def test_modules_that_are_imported_are_code_not_data(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "late_module.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(root)

    def call() -> None:
        import late_module  # type: ignore[import-not-found]  # noqa: F401 - written just now

    assert watch(root, call).observations == ()


def test_source_that_is_read_as_data_counts(root: Path) -> None:
    (root / "template.py").write_text("X = 1\n")

    assert names(watch(root, (root / "template.py").read_text)) == ["template.py"]


def test_what_the_node_wrote_itself_is_its_own(root: Path) -> None:
    def call() -> None:
        (root / "tmp.txt").write_text("1")
        (root / "tmp.txt").read_text()
        with tempfile.NamedTemporaryFile("w+") as file:
            Path(file.name).read_text()
        with tempfile.TemporaryDirectory() as folder:
            os.system(f"echo 1 > {folder}/made-by-another")
            (Path(folder) / "made-by-another").read_text()
        (root / "part").write_text("1")
        (root / "part").rename(root / "whole")
        (root / "whole").read_text()

    assert watch(root, call).observations == ()


def test_file_that_the_node_replaces_counts_as_it_was_read(root: Path) -> None:
    path = root / "data" / "x.csv"
    before = digest_bytes(path.read_bytes())

    def call() -> None:
        path.write_text(path.read_text() + "3,4\n")

    seen = watch(root, call)

    assert digests(seen) == {"data/x.csv": before} and not seen.unstable


def test_file_that_the_node_moves_or_removes_counts_as_it_was_read(root: Path) -> None:
    (root / "y.csv").write_text("y")
    expected = {"data/x.csv": digest_bytes((root / "data/x.csv").read_bytes()), "y.csv": digest_bytes(b"y")}

    def call() -> None:
        (root / "data/x.csv").read_text(), (root / "y.csv").read_text()
        (root / "tmp").write_text("new")
        (root / "tmp").replace(root / "data/x.csv")
        (root / "y.csv").unlink()

    assert digests(watch(root, call)) == expected


def test_file_that_another_changes_meanwhile_is_unstable(root: Path) -> None:
    def call() -> None:
        (root / "data/x.csv").read_text()
        os.system(f"echo 3 >> {root}/data/x.csv")

    seen = watch(root, call)

    assert seen.unstable == ("data/x.csv",) and seen.observations == ()


def test_appending_to_a_file_does_not_make_it_the_nodes_own(root: Path) -> None:
    def call() -> None:
        with (root / "data/x.csv").open("a") as file:
            file.write("3,4\n")
        (root / "data/x.csv").read_text()

    assert names(watch(root, call)) == ["data/x.csv"]


def test_file_that_is_looked_for_in_vain_is_observed_as_absent(root: Path) -> None:
    def call() -> None:
        with pytest.raises(FileNotFoundError):
            (root / "none.csv").read_text()

    assert digests(watch(root, call)) == {"none.csv": ABSENT}


def test_files_outside_the_root_have_their_whole_name(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "y.csv"
    other.write_text("1")

    assert names(watch(root, other.read_text)) == [str(other)]


def test_files_in_the_home_folder_are_named_from_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = root / "home"
    (home / ".cache").mkdir(parents=True)
    (home / "y.csv").write_text("1")
    (home / ".cache" / "fonts").write_text("1")
    monkeypatch.setenv("HOME", str(home))

    seen = watch(
        root / "data", lambda: ((home / "y.csv").read_text(), (home / ".cache" / "fonts").read_text())
    )

    assert names(seen) == ["~/y.csv"]


def test_declared_files_and_folders_are_left_out(root: Path) -> None:
    (root / "y.csv").write_text("1")

    seen = watch(
        root,
        lambda: (os.listdir("data"), (root / "data/x.csv").read_text(), (root / "y.csv").read_text()),
        declared=["data"],
    )

    assert names(seen) == ["y.csv"] and names(seen, "listing") == []


def test_threads_that_the_node_starts_are_watched(root: Path) -> None:
    for name in "abcd":
        (root / name).write_text(name)

    def call() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: (root / name).read_text(), "abc"))
        thread = threading.Thread(target=(root / "d").read_text)
        thread.start()
        thread.join()

    assert names(watch(root, call)) == ["a", "b", "c", "d"]


def test_two_nodes_in_two_threads_are_told_apart(root: Path) -> None:
    (root / "a").write_text("a")
    (root / "b").write_text("b")
    both = threading.Barrier(2, timeout=10)

    def call(name: str) -> None:
        both.wait()
        inner = threading.Thread(target=(root / name).read_text)
        inner.start()
        inner.join()
        both.wait()

    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda name: names(watch(root, lambda: call(name))), "ab"))

    assert seen == [["a"], ["b"]]


def test_a_thread_that_was_there_before_reports_to_whoever_listens(root: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()

        seen = watch(root, lambda: pool.submit((root / "data/x.csv").read_text).result())

    assert names(seen) == ["data/x.csv"]


def test_an_error_of_the_node_passes_and_ends_the_watch(root: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        watch(root, lambda: 1 / 0)

    assert watch(root, lambda: None).observations == ()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: os.system("true"), {"starts a process"}),
        (lambda: os.waitpid(os.fork() or _leave(), 0), {"starts a process"}),
        (lambda: os.spawnvp(os.P_WAIT, "true", ["true"]), {"starts a process"}),
        (lambda: subprocess.run("true", check=True), {"starts a process: true"}),
        (lambda: subprocess.run(["/bin/true", "x"], check=True), {"starts a process: true"}),
        (lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0), {"starts a process: true"}),
    ],
)
def test_a_process_is_told_with_its_program_where_that_is_known(
    root: Path, call: Callable[[], object], told: set[str]
) -> None:
    """And without an empty name where it is not."""
    assert {note.text for note in watch(root, call).notes} == told


def _leave() -> int:
    os._exit(0)
