"""`gc --remote` and `verify --remote` of a project: what is pinned stays, and what is wrong is told with node and signer."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from dagbuild.cli.main import run
from dagbuild.project.maintenance import Maintenance
from dagbuild.project.pins import pin_value
from dagbuild.settings import load_settings
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.uses import DAY
from tests.support import build, computed, load_project, write_files

NODES = """
    import pandas as pd

    def days() -> pd.DataFrame:
        return pd.DataFrame({"day": range(5_000), "spend": range(5_000, 10_000)})

    def scaled(days: pd.DataFrame, rate: int) -> pd.DataFrame:
        return days.assign(spend=days["spend"] * rate)
"""


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DAGBUILD_PROJECT", raising=False)
    folder = tmp_path / "origin"
    write_files(folder, {"nodes.py": NODES, ".gitignore": "cache\n__pycache__\n"})
    set_rate(folder, shared, 1)
    return folder


def set_rate(folder: Path, shared: Path, rate: int) -> None:
    text = f'modules = ["nodes"]\n[remote]\nurl = "file://{shared}"\n[config]\nrate = {rate}\n'
    (folder / "dagbuild.toml").write_text(text)


def call(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    """Run a command with --json; returns its exit status, what it gave and what it said."""
    capsys.readouterr()
    status = run(["--project", str(folder), *words, "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else None, err


def age(shared: Path) -> None:
    for path in shared.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 2 * DAY,) * 2)


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def clone(project: Path, tmp_path: Path) -> Path:
    """Make the project a repository whose default branch is `main`, and return a clone of it."""
    git(project, "init", "-q", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "-qm", "Begin")
    git(tmp_path, "clone", "-q", str(project), "clone")
    return tmp_path / "clone"


class TestGc:
    def test_says_what_would_go_and_removes_it_when_told(
        self,
        project: Path,
        shared: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A value that nobody has made for so long goes; the newest of each node is still fetched by everybody."""
        for rate in (2, 3, 4):
            set_rate(project, shared, rate)
            build(project, "scaled")
        there = {path for path in shared.rglob("*") if path.name != "probe"}
        _, young, said = call(project, capsys, "gc", "--remote", "--older-than", "0h")
        monkeypatch.setattr(RemoteFolder, "tell_time", lambda _: time.time() + 40 * DAY)

        _, looked, _ = call(project, capsys, "gc", "--remote", "--older-than", "30d")

        assert "git knows no origin/HEAD here" in said
        assert young["records"] == 0  # a day is the least
        assert (looked["dry_run"], looked["nodes"]) == (True, {"scaled": 2})
        assert {path for path in shared.rglob("*") if path.name != "probe"} == there
        for _ in range(2):
            assert run(["--project", str(project), "gc", "--remote", "--older-than", "30d", "--yes"]) == 0
        assert "removed 0 records, 1 object" in capsys.readouterr().out
        assert run(["--project", str(project), "verify", "--remote", "--read"]) == 0
        shutil.rmtree(project / "cache")
        assert computed(build(project, "scaled")) == set()
        set_rate(project, shared, 3)
        assert computed(build(project, "scaled")) == {"scaled"}

    @pytest.mark.parametrize("where", ["here", "on the default branch", "nowhere"])
    def test_pins_stay(
        self,
        project: Path,
        shared: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        where: str,
    ) -> None:
        """Those of this clone, and those that others have pinned on its default branch; whatever a hook has set."""
        mine = clone(project, tmp_path)
        pinner = mine if where == "here" else project
        loaded = load_project(pinner)
        pin_value(loaded, "scaled", loaded.build(["days"], values=True).values["days"].assign(spend=7))
        loaded.close()
        if where == "on the default branch":
            git(project, "add", ".")
            git(project, "commit", "-qm", "Pin")
            git(mine, "fetch", "-q")
        age(shared)
        git(tmp_path, "init", "-q", "another")
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "another" / ".git"))

        _, report, said = call(mine, capsys, "gc", "--remote")

        assert said == ""
        assert report["removed"]["count"] == (1 if where == "nowhere" else 0)

    def test_of_several_folders_the_one_that_is_written_to(
        self, project: Path, shared: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What others look after is left to them."""
        digest = f"xxh3-ab{'0' * 30}.raw"
        for folder in ("main", "user/ada", "."):
            (shared / folder / "blobs" / "ab").mkdir(parents=True)
            (shared / folder / "blobs" / "ab" / digest).write_bytes(b"x")
        age(shared)
        file = project / "dagbuild.toml"
        file.write_text(file.read_text().replace("[config]", 'read = ["main"]\nwrite = "user/ada"\n[config]'))

        assert run(["--project", str(project), "gc", "--remote", "--yes"]) == 0

        assert "removed 0 records, 1 object, 1 B" in capsys.readouterr().out
        assert [path.parts[-4] for path in sorted(shared.rglob("xxh3-*"))] == ["shared", "main"]

    @pytest.mark.parametrize(
        ("words", "remote", "said"),
        [
            (["gc", "--remote", "--size", "1GB"], "", "--older-than says what goes"),
            (["gc", "--yes"], "", "--yes goes with --remote"),
            (["gc", "--remote"], 'mode = "read"', 'mode = "read"'),
            (["verify", "--read"], "", "--read goes with --remote"),
            (["verify", "--remote", "--repair"], "", "--repair mends the cache"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, project: Path, capsys: pytest.CaptureFixture[str], words: list[str], remote: str, said: str
    ) -> None:
        """With exit status 2, in words."""
        file = project / "dagbuild.toml"
        file.write_text(file.read_text().replace("[config]", f"{remote}\n[config]"))

        assert run(["--project", str(project), *words]) == 2
        assert said in capsys.readouterr().err

    @pytest.mark.parametrize("command", ["gc", "verify"])
    def test_without_a_remote(self, project: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
        """There is nothing to look after."""
        (project / "dagbuild.toml").write_text('modules = ["nodes"]\n')

        assert run(["--project", str(project), command, "--remote"]) == 2
        assert "there is no remote" in capsys.readouterr().err


class TestVerify:
    def test_a_whole_one(self, project: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Says who has signed what is there."""
        build(project, "scaled")

        status, report, _ = call(project, capsys, "verify", "--remote", "--read")

        assert (status, report["clean"], report["records"], report["signers"]) == (0, True, 2, {"you": 2})
        assert report["read"] > 0
        assert report["orphaned"]["count"] == 0
        assert run(["--project", str(project), "verify", "--remote"]) == 0
        assert "nothing is damaged" in capsys.readouterr().out

    @pytest.mark.parametrize("damage", ["gone", "cut", "flipped"])
    @pytest.mark.parametrize("rows", [5_000, 50_000], ids=["packed", "alone"])
    def test_a_damaged_blob_is_told_with_node_and_signer(
        self, project: Path, shared: Path, capsys: pytest.CaptureFixture[str], rows: int, damage: str
    ) -> None:
        """What its size does not tell, reading does; and the next build that wants it makes it whole."""
        write_files(project, {"nodes.py": NODES.replace("5_000", str(rows)).replace("10_000", str(2 * rows))})
        build(project, "days")
        objects = [*shared.glob("blobs/*/*"), *shared.glob("packs/*/*")]
        for path in objects:
            data = bytearray(path.read_bytes())
            if damage == "gone":
                path.unlink()
            elif damage == "cut":
                path.write_bytes(data[:-1])
            else:
                data[len(data) // 2] ^= 1
                path.write_bytes(data)
        _, quick, _ = call(project, capsys, "verify", "--remote")
        status, report, _ = call(project, capsys, "verify", "--remote", "--read")

        assert len(objects) == (1 if rows == 5_000 else 2)
        assert status == 1
        assert quick["clean"] == (damage == "flipped" or (damage == "cut" and rows > 5_000))
        losses = [*report["missing"], *report["damaged"]]
        assert len(losses) == (2 if damage == "gone" or rows > 5_000 else 1)
        assert report["nodes"] == ["days"]
        assert losses[0]["signers"] == ["you"]
        assert run(["--project", str(project), "verify", "--remote", "--read"]) == 1
        assert "days, signed by you" in capsys.readouterr().out
        shutil.rmtree(project / "cache")
        build(project, "days")
        assert run(["--project", str(project), "verify", "--remote", "--read"]) == 0

    def test_a_damaged_part(self, project: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Is told by its name, and what it named is nobody's."""
        build(project, "days")
        (part,) = shared.glob("records/*")
        part.write_bytes(b"garbage")

        status, report, _ = call(project, capsys, "verify", "--remote")

        assert status == 1
        assert part.name in report["damaged_records"][0]
        assert report["orphaned"]["count"] == 1


def test_the_python_face_is_the_same(project: Path, shared: Path) -> None:
    """A script looks after a remote as the commands do."""
    build(project, "scaled")
    maintenance = Maintenance(load_settings(project))
    try:
        assert maintenance.verify_remote(read=True).clean
        assert maintenance.collect_remote_garbage(age=30 * DAY, dry_run=True).kept_records == 2
    finally:
        maintenance.close()
