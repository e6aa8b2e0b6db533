"""A builder that overlooks who reads a file must be caught: each of these breaks what is seen of one kind of reader."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dagbuild import Driver
from dagbuild.observe import importing, inotify
from dagbuild.observe.catch import Catch
from dagbuild.plan.events import How

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such net")

Break = Callable[[pytest.MonkeyPatch], None]

IN_C = """
import ctypes, os
def b() -> str:
    fd = ctypes.CDLL(None).open(b"data/k.csv", 0)
    try:
        return os.read(fd, 99).decode()
    finally:
        os.close(fd)
"""
PROCESS = """
import subprocess
def b() -> str:
    return subprocess.check_output(["cat", "data/k.csv"], text=True)
"""
PATTERN = """
import duckdb
def b() -> list:
    return duckdb.sql('select * from "data/*.csv" order by all').fetchall()
"""
LOADER = """
import importlib.util
def b() -> str:
    spec = importlib.util.spec_from_file_location("some", "some.py")
    return spec.loader.get_data("data/k.csv").decode()
"""
OWN_WORK = """
import subprocess
def b() -> str:
    return subprocess.check_output("cat data/k.csv > made; cat made; rm made", shell=True, text=True)
"""


def see_nothing(patch: pytest.MonkeyPatch) -> None:
    """The net has holes as wide as itself."""
    patch.setattr(Catch, "take", lambda *_: None)


def forget_processes(patch: pytest.MonkeyPatch) -> None:
    """Only what this process opens counts, not what those do that it starts."""
    patch.setattr("dagbuild.observe.processes.Processes.any", lambda _: False)


def forget_names(patch: pytest.MonkeyPatch) -> None:
    """Files count, the names by which they are found do not."""
    patch.setattr(Catch, "_weigh_listings", lambda _: None)


def take_for_imports(patch: pytest.MonkeyPatch) -> None:
    """Whatever a loader opens is thought to be imported."""
    patch.setattr(importing, "_is_import", lambda _: True)


def disown(patch: pytest.MonkeyPatch) -> None:
    """What a call has made is thought to have been there."""
    patch.setattr("dagbuild.observe.catch.OPEN", inotify.OPEN | inotify.CREATE)
    patch.setattr("dagbuild.observe.catch.CREATE", 0)


STALE = {
    "in C": (see_nothing, IN_C),
    "a process": (see_nothing, PROCESS),
    "a process, unless its reads count": (forget_processes, PROCESS),
    "by names": (forget_names, PATTERN),
    "a loader": (take_for_imports, LOADER),
}


def build(folder: Path, text: str) -> tuple[object, bool]:
    """Return the value of `b`, and whether it ran, of a project that is imported anew."""
    (folder / "readers.py").write_text(text)
    sys.modules.pop("readers", None)
    importlib.invalidate_caches()
    driver = Driver(
        {}, importlib.import_module("readers"), cache=folder / "cache", root=folder, executor="inline"
    )
    try:
        result = driver.build(["b"])
    finally:
        driver.project.close()
    return result.values["b"], result.names(How.COMPUTED) == ["b"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "k.csv").write_text("a\n1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def edit(folder: Path, text: str) -> None:
    """Change what the node reads."""
    path = folder / "data" / ("l.csv" if text is PATTERN else "k.csv")
    path.write_text("a\n2\n")


@pytest.mark.parametrize("text", [IN_C, PROCESS, PATTERN, LOADER, OWN_WORK])
def test_reader_is_right(folder: Path, text: str) -> None:
    """As it is: the node runs after an edit of what it reads, and not without."""
    first, ran = build(folder, text)
    assert ran and build(folder, text) == (first, False)

    edit(folder, text)

    second, ran = build(folder, text)
    assert ran and second != first and build(folder, text) == (second, False)


@pytest.mark.parametrize("case", STALE)
def test_blind_builder_gives_stale_values(folder: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    damage, text = STALE[case]
    damage(monkeypatch)
    first, _ = build(folder, text)

    edit(folder, text)

    assert build(folder, text) == (first, False)


def test_builder_that_disowns_its_work_computes_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disown(monkeypatch)
    build(folder, OWN_WORK)

    assert build(folder, OWN_WORK)[1]
    assert not os.path.exists("made")
