"""What the remote has lost, whatever its records say: it is made again, or sent by who has it, and no word is false."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dagbuild.cli.main import run
from dagbuild.settings import keys
from tests.support import forget_modules, write_files

NODES = """
    from typing import Annotated

    import numpy as np
    import pandas as pd
    from dagbuild import Columns, writes


    def large() -> pd.DataFrame:
        return pd.DataFrame({"a": np.random.default_rng(1).random(20_000)})


    def little() -> pd.DataFrame:
        return pd.DataFrame({"a": np.arange(3000.0)})


    def less() -> pd.DataFrame:
        return pd.DataFrame({"a": np.arange(-2000.0, 0.0)})


    def wide() -> pd.DataFrame:
        return pd.DataFrame({name: np.random.default_rng(ord(name)).random(20_000) for name in "abc"})


    def narrow(wide: Annotated[pd.DataFrame, Columns("b")]) -> float:
        return float(wide["b"].sum())


    @writes("written.bin")
    def written() -> int:
        with open("written.bin", "wb") as file:
            file.write(np.random.default_rng(7).bytes(100_000))
        return 1
"""
ALL = ("large", "little", "less")


@pytest.fixture(params=["", "ada"], ids=["one folder", "a folder of several"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder that is written to: the remote's own, or one beside another that is read, too."""
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared" / str(request.param)


def make(folder: Path, shared: Path) -> Path:
    remote = f'url = "file://{folder.parent}/shared"\n'
    if shared.name == "ada":
        remote += 'read = ["main", "ada"]\nwrite = "ada"\n'
    write_files(folder, {"dagbuild.toml": f'modules = ["nodes"]\n[remote]\n{remote}', "nodes.py": NODES})
    return folder


@pytest.fixture
def mine(tmp_path: Path, shared: Path) -> Path:
    """Where everything was built and published."""
    folder = make(tmp_path / "mine", shared)
    assert call(folder, "build", *ALL) == 0
    return folder


@pytest.fixture
def yours(tmp_path: Path, shared: Path, mine: Path) -> Path:
    """Where nothing was built."""
    return make(tmp_path / "yours", shared)


def lose(shared: Path) -> None:
    for folder in ("blobs", "packs"):
        shutil.rmtree(shared / folder)


def lose_all(folder: Path, shared: Path) -> None:
    """Leave the records only, of this machine and of the remote."""
    shutil.rmtree(folder / "cache" / "objects")
    for name in ("blobs", "packs"):
        shutil.rmtree(shared / name, ignore_errors=True)


def find_objects(shared: Path) -> dict[Path, int]:
    """Return what holds blobs, with the time of each."""
    found = [*shared.glob("blobs/*/*"), *shared.glob("packs/*/*")]
    return {path: path.stat().st_mtime_ns for path in found}


def take_away_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_taken", [""])  # as with DAGBUILD_KEY="", for this test alone


def call(folder: Path, *words: str) -> int:
    forget_modules(folder)
    return run(["--project", str(folder), *words])


def is_whole(folder: Path) -> bool:
    return call(folder, "verify", "--remote", "--read") == 0


def test_what_is_fetched_is_here(yours: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target that a build has fetched is had without the remote."""
    capsys.readouterr()
    status = call(yours, "build", *ALL)
    told = capsys.readouterr().out
    lose(shared)

    assert (status, "3 fetched" in told) == (0, True)
    assert [call(yours, "show", name) for name in ALL] == [0, 0, 0]


def test_a_target_is_made_again_and_sent(yours: Path, shared: Path) -> None:
    """Nothing is said to be fetched that is nowhere."""
    lose(shared)

    assert call(yours, "build", *ALL) == 0
    assert is_whole(yours)


def test_who_notices_need_not_be_who_mends(
    yours: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command finds that a value is lost, and another one makes it."""
    lose(shared)
    assert call(yours, "fetch", *ALL) == 1
    capsys.readouterr()

    assert call(yours, "build", *ALL) == 0
    assert "3 computed" in capsys.readouterr().out
    assert is_whole(yours)


@pytest.mark.parametrize("key", ["signed", "unsigned"])
@pytest.mark.parametrize("whose", ["mine", "yours"])
def test_what_is_lost_near_and_far_is_sent_again(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, shared: Path, whose: str, key: str
) -> None:
    """Only the records are left, those of one's own or of somebody else: nobody believes them."""
    if key == "unsigned":
        take_away_the_key(monkeypatch)
    folder = request.getfixturevalue(whose)
    assert call(folder, "build", *ALL) == 0
    lose_all(folder, shared)

    assert call(folder, "build", *ALL) == 0
    assert is_whole(folder)


@pytest.mark.parametrize(
    ("targets", "options"),
    [(["narrow", "--force", "narrow"], []), (["written"], []), (list(ALL), ["--no-fetch"])],
    ids=["columns nobody reads", "outputs", "looked for nowhere"],
)
@pytest.mark.parametrize("key", ["signed", "unsigned"])
def test_what_was_not_looked_for_is_not_believed_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, targets: list[str], options: list[str]
) -> None:
    """A value that cannot be had is made again, and each of its blobs is there afterwards."""
    if key == "unsigned":
        take_away_the_key(monkeypatch)
    (shared := tmp_path / "shared").mkdir()
    folder = make(tmp_path / "mine", shared)
    assert call(folder, "build", *targets) == 0
    lose_all(folder, shared)
    (folder / "written.bin").unlink(missing_ok=True)

    assert call(folder, "build", *targets, *options) == 0
    assert is_whole(folder)


def test_what_is_lost_near_alone_is_not_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key it is made again, for nobody has signed it; what lies there is looked at, and left."""
    take_away_the_key(monkeypatch)
    (shared := tmp_path / "shared").mkdir()
    folder = make(tmp_path / "mine", shared)
    assert call(folder, "build", *ALL) == 0
    before = find_objects(shared)
    shutil.rmtree(folder / "cache" / "objects")

    assert call(folder, "build", *ALL) == 0
    assert find_objects(shared) == before
    assert is_whole(folder)


def test_what_is_pinned_is_there(tmp_path: Path) -> None:
    """Whoever pins a value sends it, whatever some record says: no node makes it for those who have the pin."""
    (shared := tmp_path / "shared").mkdir()
    folder = make(tmp_path / "mine", shared)
    assert call(folder, "build", "wide", "-o", str(tmp_path / "wide.parquet")) == 0
    lose_all(folder, shared)

    assert call(folder, "pin", "wide", str(tmp_path / "wide.parquet")) == 0
    assert is_whole(folder)


def test_who_has_it_sends_it_again(mine: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`push` believes listings, not records, and says what it has done."""
    lose(shared)
    capsys.readouterr()

    assert call(mine, "push") == 0
    assert "sent 0 results and 3 blobs that it had not" in capsys.readouterr().out
    assert is_whole(mine)
    capsys.readouterr()
    assert call(mine, "push") == 0
    assert "it has everything that is here" in capsys.readouterr().out


def test_what_somebody_drops_there_is_no_record(mine: Path, shared: Path) -> None:
    """A Finder's file is nothing that could not be read."""
    (shared / "records" / ".DS_Store").write_bytes(b"x")

    assert is_whole(mine)
    assert call(mine, "gc", "--remote") == 0
