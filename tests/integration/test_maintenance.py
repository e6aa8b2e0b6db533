"""Looking after the stores of a project: room is made, damage is found and mended, what was made offline is sent."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dagbuild.cli.main import run
from dagbuild.project.maintenance import Maintenance
from dagbuild.project.pins import pin_built, pin_value
from dagbuild.project.shadows import find_shadows
from dagbuild.settings import load_settings
from dagbuild.store.remote_errors import RemoteDeniedError
from dagbuild.store.uses import DAY
from dagbuild.store.verify import iter_blobs
from tests.support import build, computed, forget_modules, load_project, write_files

NODES = """
    import pandas as pd

    def days() -> pd.DataFrame:
        print("making days")
        return pd.DataFrame({"day": range(5_000), "spend": range(5_000, 10_000)})

    def scaled(days: pd.DataFrame, rate: int) -> pd.DataFrame:
        return days.assign(spend=days["spend"] * rate)

    def total(scaled: pd.DataFrame) -> int:
        return int(scaled["spend"].sum())
"""
COLUMN = 5_000 * 8
FILES = """
    from pathlib import Path

    def page() -> Path:
        path = Path("page.bin")
        path.write_bytes(bytes(100_000))
        return path

    def length(page: Path) -> int:
        return page.stat().st_size
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make a checkout of the project, with a cache of its own and, where asked for, a remote that all share."""
    made = []
    monkeypatch.delenv("DAGBUILD_PROJECT", raising=False)

    def make(name: str, *, remote: bool = True, settings: str = "") -> Path:
        folder = tmp_path / name
        (tmp_path / "shared").mkdir(exist_ok=True)
        url = f'[remote]\nurl = "file://{tmp_path}/shared"\n' if remote else ""
        write_files(folder, {"nodes.py": NODES})
        (folder / "dagbuild.toml").write_text(f'modules = ["nodes"]\n{url}[config]\nrate = 1\n{settings}')
        made.append(folder)
        return folder

    yield make
    for folder in made:
        forget_modules(folder)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gc believe that a month has gone by."""
    now = time.time() + 30 * DAY
    monkeypatch.setattr("dagbuild.store.gc.time", SimpleNamespace(time=lambda: now))


def set_rate(folder: Path, rate: int) -> None:
    file = folder / "dagbuild.toml"
    file.write_text("".join(f"rate = {rate}\n" if "rate" in line else line for line in open_lines(file)))


def open_lines(file: Path) -> list[str]:
    return file.read_text().splitlines(keepends=True)


def build_rates(folder: Path, *rates: int) -> None:
    for rate in rates:
        set_rate(folder, rate)
        build(folder, "total")


def pin(folder: Path, node: str, value: Any = None) -> None:
    project = load_project(folder)
    pin_built(project, node) if value is None else pin_value(project, node, value)
    project.close()


def call(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Run a command with --json; returns its exit status and what it gave."""
    capsys.readouterr()
    status = run(["--project", str(folder), *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def blob_files(folder: Path) -> list[Path]:
    maintenance = Maintenance(load_settings(folder))
    try:
        return [path for path, _ in iter_blobs(maintenance.local)]
    finally:
        maintenance.close()


def flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


class TestGc:
    def test_frees_space_and_the_next_build_is_right(
        self, checkout: Any, capsys: pytest.CaptureFixture[str], later: None
    ) -> None:
        """What old runs made goes; a build that wants it again makes it, and what is in use is still found."""
        folder = checkout("a", remote=False)
        build_rates(folder, 2, 3, 4, 5, 6, 7)
        before = len(blob_files(folder))
        _, planned = call(folder, capsys, "gc", "--size", "3kB", "--dry-run")
        untouched = len(blob_files(folder))
        status, done = call(folder, capsys, "gc", "--size", "3kB")

        assert (status, untouched) == (0, before)
        assert {**planned, "dry_run": False} == done
        assert done["removed"][0]["nodes"] == ["scaled"]
        assert done["freed"] == sum(value["freed"] for value in done["removed"]) > 0
        assert len(blob_files(folder)) == before - done["blobs"] < before
        assert run(["--project", str(folder), "verify"]) == 0
        assert computed(build(folder, "total")) == set()
        set_rate(folder, 2)
        again = build(folder, "scaled")
        assert computed(again) == {"scaled"}
        assert again.values["scaled"]["spend"].tolist() == list(range(10_000, 20_000, 2))

    def test_budget_is_that_of_the_settings(
        self, checkout: Any, capsys: pytest.CaptureFixture[str], later: None
    ) -> None:
        """Unless the command line says another; without any, nothing that is named goes."""
        folder = checkout("a", remote=False)
        build_rates(folder, 2, 3, 4, 5, 6)
        _, free = call(folder, capsys, "gc", "--dry-run")
        _, wide = call(folder, capsys, "--set", "cache.size=1GB", "gc", "--dry-run")
        _, tight = call(folder, capsys, "--set", "cache.size=1kB", "gc", "--dry-run")
        _, said = call(folder, capsys, "--set", "cache.size=1kB", "gc", "--size", "1GB", "--dry-run")

        assert [each["freed"] for each in (free, wide, said)] == [0, 0, 0]
        assert tight["freed"] >= 2 * COLUMN

    def test_age_removes_what_is_old(
        self, checkout: Any, capsys: pytest.CaptureFixture[str], later: None
    ) -> None:
        """However much room there is."""
        folder = checkout("a", remote=False)
        build_rates(folder, 2, 3, 4, 5, 6)
        _, young = call(folder, capsys, "gc", "--older-than", "8w", "--dry-run")
        _, old = call(folder, capsys, "gc", "--older-than", "1w", "--dry-run")

        assert young["removed"] == []
        assert {node for value in old["removed"] for node in value["nodes"]} == {"scaled", "total"}

    @pytest.mark.parametrize("how", ["built", "given"])
    def test_pins_survive(
        self, checkout: Any, capsys: pytest.CaptureFixture[str], later: None, how: Any
    ) -> None:
        """The value of a pin stays, also one that no build made and no record names."""
        folder = checkout("a", remote=False)
        build_rates(folder, 2, 3)
        plain = (folder / "dagbuild.toml").read_text()
        value = load_project(folder).value("scaled")
        value = value if how == "built" else value.assign(spend=value["spend"] + 1)
        pin(folder, "scaled", None if how == "built" else value)
        pinned = (folder / "dagbuild.toml").read_text()
        (folder / "dagbuild.toml").write_text(plain)
        build_rates(folder, 4, 5, 6, 7)
        (folder / "dagbuild.toml").write_text(pinned)
        _, report = call(folder, capsys, "gc", "--size", "0", "--older-than", "1h")

        assert report["freed"] >= COLUMN
        assert build(folder, "total").values == {"total": int(value["spend"].sum())}
        assert call(folder, capsys, "verify")[1]["missing"] == []


class TestVerify:
    def test_repair_fetches_from_the_remote(self, checkout: Any, capsys: pytest.CaptureFixture[str]) -> None:
        """A flipped bit and a lost file are found, told with their nodes, and mended without computing anything."""
        folder = checkout("a")
        build(folder, "total")
        hurt, gone = blob_files(folder)[:2]
        whole = hurt.read_bytes()
        flip_bit(hurt)
        gone.unlink()
        status, found = call(folder, capsys, "verify")

        assert status == 1
        assert (len(found["damaged"]), len(found["remote_only"]), found["missing"]) == (1, 1, [])
        assert set(found["nodes"]) <= {"days", "scaled"}
        assert found["nodes"]
        status, mended = call(folder, capsys, "verify", "--repair")
        assert (status, len(mended["fetched"]), mended["dropped"]) == (0, 2, 0)
        assert hurt.read_bytes() == whole
        assert call(folder, capsys, "verify")[0] == 0
        assert computed(build(folder, "total")) == set()

    def test_repair_without_a_remote_drops_what_is_lost(
        self, checkout: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It says so, and the next build makes that again and no more."""
        folder = checkout("a", remote=False)
        build(folder, "total")
        for path in blob_files(folder):
            flip_bit(path)
        first, found = call(folder, capsys, "verify")
        untouched, _ = call(folder, capsys, "verify")
        status, mended = call(folder, capsys, "verify", "--repair")

        assert (first, untouched, status) == (1, 1, 1)
        assert len(found["damaged"]) == 2
        assert mended["dropped"] == 2
        assert call(folder, capsys, "verify")[1]["clean"]
        assert computed(build(folder, "scaled")) == {"days", "scaled"}

    def test_what_only_the_remote_has_is_no_damage(
        self, checkout: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A checkout that has fetched some of a table is clean."""
        build(checkout("a"), "total")
        folder = checkout("b")
        build(folder, "scaled")
        blob_files(folder)[0].unlink()
        status, found = call(folder, capsys, "verify")

        assert (status, len(found["remote_only"]), found["missing"]) == (0, 1, [])

    def test_a_pin_that_is_lost_is_damage(self, checkout: Any, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody can make it again."""
        folder = checkout("a", remote=False)
        build(folder, "days")
        value = load_project(folder).value("days")
        pin(folder, "days", value.assign(spend=7))
        before = call(folder, capsys, "verify")
        (lost,) = [
            path
            for path in blob_files(folder)
            if path.read_bytes()[:16] == b"\7" + bytes(7) + b"\7" + bytes(7)
        ]
        lost.unlink()
        after = call(folder, capsys, "verify")

        assert (before[0], after[0]) == (0, 1)
        assert before[1]["orphaned"] == []
        assert after[1]["nodes"] == ["days"]


class TestPush:
    def test_a_second_checkout_computes_nothing(
        self, checkout: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What was made and pinned offline is sent once, and is then everybody's."""
        folder = checkout("a")
        run(["--project", str(folder), "build", "total", "--set", "remote.mode=off"])
        first = call(folder, capsys, "push")
        second = call(folder, capsys, "push")
        other = checkout("b")

        assert first[0] == second[0] == 0
        assert (first[1]["sent"], second[1]["sent"]) == (3, 0)
        assert computed(build(other, "total")) == set()

    def test_pins_are_sent(
        self, checkout: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A value that no record names, too: another checkout that has the pin can read it."""
        folder = checkout("a")
        monkeypatch.setenv("DAGBUILD_REMOTE", "off")
        build(folder, "days")
        pin(folder, "days", load_project(folder).value("days").assign(spend=7))
        monkeypatch.delenv("DAGBUILD_REMOTE")
        call(folder, capsys, "push")
        other = checkout("b")
        (other / "dagbuild.toml").write_text((folder / "dagbuild.toml").read_text())
        shutil.copytree(folder / "pins", other / "pins")

        assert build(other, "total").values == {"total": 7 * 5_000}

    def test_pickles_are_sent_once(
        self, checkout: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A value that this checkout would not take from the remote is known to be there all the same."""
        folder = checkout("a")
        write_files(
            folder, {"nodes.py": "import re\n\ndef half() -> re.Pattern:\n    return re.compile('a')\n"}
        )
        monkeypatch.setenv("DAGBUILD_REMOTE", "off")
        result = build(folder, "half")
        monkeypatch.delenv("DAGBUILD_REMOTE")

        record = result.steps["half"].record
        assert record is not None and record.artifact.code
        assert call(folder, capsys, "push")[1]["sent"] == 1
        assert call(folder, capsys, "push")[1]["sent"] == 0

    def test_says_what_the_remote_does_not_allow(
        self, checkout: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """No remote, one that is to be read only, and one that is out of reach are the user's to mend."""
        folder = checkout("a", remote=False)
        build(folder, "total")
        (folder / "file").write_text("no folder")
        none = run(["--project", str(folder), "push"])
        read = run(["--project", str(folder), "push", "--set", "remote.url=x", "--set", "remote.mode=read"])
        away = run(["--project", str(folder), "push", "--set", f"remote.url={folder}/file"])

        said = capsys.readouterr().err
        assert (none, read, away) == (2, 2, 2)
        assert "there is no remote to push to" in said
        assert 'mode = "read"' in said
        assert "out of reach" in said

    def test_a_remote_that_refuses_writing(
        self, checkout: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is said, with what to do, and nothing is lost here."""
        folder = checkout("a", remote=False)
        build(folder, "total")

        def refuse(*_: object) -> None:
            raise RemoteDeniedError("no")

        monkeypatch.setattr("dagbuild.store.remote.RemoteFolder.write", refuse)
        monkeypatch.setattr("dagbuild.store.remote.RemoteFolder.list", lambda *_: [])
        (folder / "shared").mkdir()
        status = run(["--project", str(folder), "push", "--set", f"remote.url={folder}/shared"])

        assert status == 2
        assert "can only be read here" in capsys.readouterr().err
        assert computed(build(folder, "total")) == set()


class TestStats:
    def test_counts_a_shared_column_once(self, checkout: Any, capsys: pytest.CaptureFixture[str]) -> None:
        """Each node has its bytes; the whole is less than their sum by what they share."""
        folder = checkout("a", remote=False)
        build_rates(folder, 1, 2)
        _, usage = call(folder, capsys, "stats")

        nodes = {each["node"]: each for each in usage["nodes"]}
        assert [each["node"] for each in usage["nodes"]][:2] in (["scaled", "days"], ["days", "scaled"])
        assert (nodes["days"]["versions"], nodes["scaled"]["versions"], nodes["total"]["size"]) == (1, 2, 0)
        assert (
            nodes["scaled"]["size"]
            == sum(path.stat().st_size for path in blob_files(folder))
            == usage["size"]
        )
        assert nodes["days"]["shared"] == nodes["days"]["size"]
        assert usage["seconds"] == pytest.approx(sum(each["seconds"] for each in nodes.values()))
        assert (usage["unnamed"], usage["copied"]) == (0, 0)

    def test_counts_what_was_given_back_as_files(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Copies of a node's files are there besides its value, and are told apart from it."""
        write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": FILES})
        monkeypatch.chdir(tmp_path)
        build(tmp_path, "length")
        forget_modules(tmp_path)
        _, usage = call(tmp_path, capsys, "stats")
        run(["--project", str(tmp_path), "stats"])
        told = capsys.readouterr().out

        written = [path for path in (tmp_path / "cache" / "files").rglob("*") if path.is_file()]
        assert usage["size"] == 100_000
        assert usage["copied"] == sum(path.stat().st_size for path in written) >= 100_000
        assert "100 kB more in copies of files that nodes made" in told

    def test_an_accepted_change_is_no_value(self, checkout: Any, capsys: pytest.CaptureFixture[str]) -> None:
        """What an author has said of a node takes no line of its own."""
        folder = checkout("a", remote=False)
        build_rates(folder, 2)
        (folder / "nodes.py").write_text((folder / "nodes.py").read_text().replace("* rate", "* (rate)* 1"))
        forget_modules(folder)
        run(["--project", str(folder), "accept", "scaled", "--because", "the same"])
        _, usage = call(folder, capsys, "stats")

        assert {each["node"] for each in usage["nodes"]} == {"days", "scaled", "total"}
        assert (usage["records"], usage["versions"]) == (4, 3)


class TestLogs:
    def test_reused_nodes_tell_what_they_printed(
        self, checkout: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As JSON too, where standard output holds events only."""
        folder = checkout("a", remote=False)
        words = ["--project", str(folder), "build", "total", "--json"]
        logs = []
        for more in ([], ["--logs"], []):
            forget_modules(folder)
            capsys.readouterr()
            run([*words, *more])
            events = map(json.loads, capsys.readouterr().out.splitlines())
            logs.append([event.get("log") for event in events if event.get("node") == "days"][-1])

        assert logs[0] is logs[2] is None
        assert logs[1] == "making days\n"


class TestPins:
    def test_tells_what_is_hidden_and_whether_it_differs(self, checkout: Any) -> None:
        """By the records alone: nothing runs."""
        folder = checkout("a", remote=False)
        build_rates(folder, 1)
        pin(folder, "scaled")
        seen = []
        for rate in (1, 2, 1):
            set_rate(folder, rate)
            project = load_project(folder)
            (shadow,) = find_shadows(project)
            project.close()
            seen.append((shadow.hidden, shadow.differs))

        assert seen == [(("days",), False), (("days",), None), (("days",), False)]

    def test_a_pin_of_another_value_differs(self, checkout: Any) -> None:
        """Also where what is above is needed by another target."""
        folder = checkout("a", remote=False, settings="")
        build(folder, "total")
        pin(folder, "total", 5)
        file = folder / "dagbuild.toml"
        file.write_text('targets = ["total", "days"]\n' + file.read_text())
        project = load_project(folder)
        (shadow,) = find_shadows(project)
        project.close()

        assert (shadow.hidden, shadow.differs) == (("scaled",), True)
