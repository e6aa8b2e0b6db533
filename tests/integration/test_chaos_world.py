"""What the world does to a cache folder: no build fails by it, what can be stored is, and the rest is said once."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.store.lines import decode_line, encode_data
from tests.integration.chaos.kinds import find_kinds
from tests.integration.chaos.nursery import Nursery, choose_moments, nursery, project  # noqa: F401 - fixtures
from tests.integration.chaos.project import NODES, ChaosProject


def assert_built(outcome: dict[str, Any], clean: dict[str, str], where: str = "") -> None:
    """A build that ended well, whatever it could store."""
    assert outcome["failures"] == [], where
    assert outcome["values"] == clean, where


@pytest.mark.slow
@pytest.mark.parametrize("error", ["ENOSPC", "EROFS"])
def test_writing_fails_from_some_moment_on(
    nursery: Nursery,  # noqa: F811
    project: ChaosProject,  # noqa: F811
    thorough: bool,
    error: str,
) -> None:
    """A disk that becomes full, or a folder that becomes read-only, at each of the calls that write."""
    clean = nursery.run(project, "make_clean")
    whole = nursery.start(project, "build", moment=0, fold=True)
    assert whole.wait() is not None
    # What becomes of an error does not depend on who asked for the write, where a kill does.
    lines = {
        moment.site.partition(" < ")[0]: moment for moment in choose_moments(whole.sites, thorough=False)
    }
    moments = choose_moments(whole.sites, thorough=True) if thorough else list(lines.values())
    told = 0
    for moment in moments:
        shutil.rmtree(project.cache)
        outcome = nursery.start(project, "build", error=error, fold=True, **moment._asdict()).wait()
        where = f"{error} from {moment} on"
        assert outcome is not None, where
        assert_built(outcome, clean, where)
        said = {
            text.split("'", 2)[-1] for text in outcome["said"]
        }  # but for the node: the console tells one of them
        assert len(said) <= 2, f"{where}: {said}"
        assert all(os.strerror(getattr(errno, error)) in text for text in said), f"{where}: {said}"
        told += bool(said)
        checked = nursery.run(project, "check", clean=clean)
        assert checked["before"]["named"] == [], where
        assert_built(checked["built"], clean, where)
        assert checked["built"]["said"] == [], where
        assert not set(checked["recorded"]) & set(checked["built"]["computed"]), where
        assert checked["after"]["records"] >= len(NODES), where
    assert len(moments) > 10
    assert told > len(moments) / 2


def test_folder_that_can_only_be_read(nursery: Nursery, project: ChaosProject) -> None:  # noqa: F811
    """What is in it is used without a word; what is new is computed, and said."""
    nursery.run(project, "build", fold=True)
    reader = nursery.start(project, "build", moment=1, error="EROFS").wait()
    stale = project.edit("listing")
    clean = nursery.run(project, "make_clean")
    builder = nursery.start(project, "build", moment=1, error="EROFS").wait()
    assert reader is not None
    assert builder is not None

    assert (reader["computed"], reader["said"]) == ([], [])
    assert set(builder["computed"]) == stale
    assert_built(builder, clean)
    assert all("Read-only file system" in text for text in builder["said"]), builder["said"]
    assert builder["said"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Any]:
    """A function that puts a file system of some size in the place of a folder, where this machine lets us."""
    mounted: list[Path] = []

    def mount(place: Path, size: str) -> None:
        place.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)]
        if (
            shutil.which("mount") is None
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("cannot mount file systems here")
        mounted.append(place)

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_disk_becomes_full(nursery: Nursery, project: ChaosProject, small_disk: Any) -> None:  # noqa: F811
    """At several sizes, so at several moments; when there is room again, the next build stores."""
    clean = nursery.run(project, "make_clean")
    full = 0
    for kilobytes in (4, 16, 40, 52, 64, 80, 100, 128, 256, 4096):
        small_disk(project.cache, f"{kilobytes}k")
        outcome = nursery.run(project, "build")
        where = f"{kilobytes} kB"
        assert_built(outcome, clean, where)
        full += bool(outcome["said"])
        assert all("No space left" in text for text in outcome["said"]), (where, outcome["said"])
        assert nursery.run(project, "verify")["named"] == [], where

        subprocess.run(["mount", "-o", "remount,size=8m,mode=700", str(project.cache)], check=True)
        later = nursery.run(project, "build")
        assert_built(later, clean, where)
        assert later["said"] == [], where
        assert nursery.run(project, "build")["computed"] == [], where
        subprocess.run(["umount", "-l", str(project.cache)], check=True)
    assert full >= 5
    assert not outcome["said"]


def test_folder_vanishes_while_builders_run(nursery: Nursery, tmp_path: Path) -> None:  # noqa: F811
    """Again and again, at any instant: each build ends with the right values, and the folder is whole afterwards."""
    project = ChaosProject(tmp_path, paths=False)  # noqa: F811 - a path that was handed out goes with the folder
    generator = random.Random(4)
    for number in range(15):
        project.edit_any(generator)
        clean = nursery.run(project, "make_clean")
        builders = [nursery.start(project, "build") for _ in range(2)]
        time.sleep(generator.uniform(0, 0.06))
        project.cache.rename(project.root / f"gone{number}") if project.cache.exists() else None
        for builder in builders:
            outcome = builder.wait()
            assert outcome is not None
            assert_built(outcome, clean, f"round {number}")
        checked = nursery.run(project, "check")
        assert_built(checked["built"], clean)
        assert checked["after"]["clean"]


@pytest.mark.slow
def test_index_is_attacked_while_builders_run(nursery: Nursery, project: ChaosProject) -> None:  # noqa: F811
    """Deleted, cut, flipped, replaced, emptied at any instant: it costs time, and nothing fresh runs."""
    generator = random.Random(4)
    nursery.run(project, "build", fold=True)
    for number in range(20):
        stale = project.edit_any(generator)
        clean = nursery.run(project, "make_clean")
        project.take_ran()
        builders = [nursery.start(project, "build", fold=True) for _ in range(3)]
        # A flipped bit in a row's key hides a record, so something fresh may be made again: that is time, too.
        ways = ["flip"] if number % 4 == 3 else ["delete", "unlink", "cut", "empty", "words"]
        for _ in range(3):
            time.sleep(generator.uniform(0, 0.03))
            attack(project.cache / "index" / "1" / "records", generator.choice(ways), generator)
        for builder in builders:
            outcome = builder.wait()
            assert outcome is not None
            assert_built(outcome, clean, f"round {number}")
        if ways != ["flip"]:
            assert set(project.take_ran()) <= stale, f"round {number}"
        again = nursery.run(project, "build", fold=True)
        assert again["computed"] == [], f"round {number}"


def attack(index: Path, how: str, generator: random.Random) -> None:
    """Do something bad to the index, if it is there."""
    database = index / "cache.db"
    try:
        data = bytearray(database.read_bytes())
        match how:
            case "delete":
                index.rename(index.with_name(f"{generator.random()}"))
            case "unlink":
                database.unlink()
            case "flip":
                for _ in range(20):
                    data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
                database.write_bytes(data)
            case "cut":
                os.truncate(database, len(data) // 2)
            case "empty":
                os.truncate(database, 0)
            case "words":
                database.write_bytes(b"no table " * 100)
    except (OSError, ValueError):
        pass  # not there yet, or gone: another round meets it


def test_clock_runs_backwards(nursery: Nursery, project: ChaosProject) -> None:  # noqa: F811
    """A year with each build, also far ahead before: every build finds what those before it made."""
    for days in (3650, 0, -365, -730, -3650):
        stale = project.edit("report")
        clean = nursery.run(project, "make_clean")
        outcome = nursery.run(project, "build", days=days)
        assert_built(outcome, clean)
        assert set(outcome["computed"]) == (stale if days != 3650 else set(NODES)), days
        assert nursery.run(project, "build", days=days)["computed"] == [], days
        assert nursery.run(project, "build")["computed"] == [], days
    assert nursery.run(project, "verify")["clean"]
    assert nursery.run(project, "collect", size=0)["left"] == []
    assert nursery.run(project, "build")["computed"] == []


def test_two_versions_share_a_folder(nursery: Nursery, project: ChaosProject) -> None:  # noqa: F811
    """Each finds its own records, neither harms the other's; a folder of the future is refused and left as it is."""
    clean = nursery.run(project, "make_clean")
    for _ in range(2):
        for version in (1, 2):
            assert_built(nursery.run(project, "build", version=version, fold=True), clean)
    both = [nursery.start(project, "build", version=version) for version in (1, 2, 1, 2)]
    for outcome in [builder.wait() for builder in both]:
        assert outcome is not None
        assert_built(outcome, clean)
        assert outcome["computed"] == []
    for version in (1, 2):
        assert nursery.run(project, "verify", version=version)["clean"]
        nursery.run(project, "collect", version=version, size=0)
    for version in (1, 2):
        assert nursery.run(project, "build", version=version)["computed"] == []

    shutil.rmtree(project.cache)
    nursery.run(project, "build", version=2, folder_version=2)
    before = {path: path.read_bytes() for path in project.cache.rglob("*") if path.is_file()}
    refused = nursery.run(project, "try_build")
    assert "written by a newer dagbuild" in refused["refused"]
    assert {path: path.read_bytes() for path in project.cache.rglob("*") if path.is_file()} == before


def test_values_that_this_version_cannot_read(nursery: Nursery, project: ChaosProject) -> None:  # noqa: F811
    """Of a codec or a layout of the future: made again, and said why."""
    clean = nursery.run(project, "make_clean")
    nursery.run(project, "build")
    (segment,) = project.cache.glob("segments/*")
    text = segment.read_bytes()
    for change in ("codec", "buffers"):
        records = [decode_line(line) for line in text.splitlines()]
        for record in records:
            if record["node"] == "table":
                if change == "codec":
                    record["artifact"]["codec"] = "pandas/99"
                else:
                    record["artifact"]["meta"]["buffers"] = {"version": 99}
        for later in project.cache.glob("segments/*"):
            later.unlink()
        segment.write_bytes(b"".join(map(encode_data, records)))
        outcome = nursery.run(project, "build")
        assert_built(outcome, clean, change)
        assert "table" in outcome["computed"], change
        assert any("'table' is made again: " in text for text in outcome["said"]), change
        assert nursery.run(project, "build")["computed"] == []


def test_files_that_cannot_be_read(nursery: Nursery) -> None:  # noqa: F811
    """A process that may not read some file, of any kind, builds what is right and says what is wrong."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o777)
        project = ChaosProject(root / "open")
        clean = nursery.run(project, "make_clean")
        nursery.run(project, "build", fold=True)
        whole = root / "whole"
        project.cache.rename(whole)
        kinds = find_kinds(whole)
        paths = [str(path) for paths in kinds.values() for path in paths]
        cases: list[dict[str, Any]] = [
            {"damage": {"path": path, "how": "unreadable"}, "repair": repair}
            for path in paths
            for repair in (False, True)
        ]
        for path in [root, *root.rglob("*")]:
            path.chmod(0o777)
        outcomes = nursery.start(project, "suffer", whole=str(whole), cases=cases, demote=True).wait()
        assert outcomes is not None
        for case, outcome in zip(cases, outcomes, strict=True):
            assert_built(outcome["built"], clean, str(case))
            assert_built(outcome["again"], clean, str(case))
            if case["damage"]["path"].startswith(("objects", "segments")):
                assert outcome["before"]["named"], case
            if case["repair"]:
                assert outcome["after"]["clean"], case
