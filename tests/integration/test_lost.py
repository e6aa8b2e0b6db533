"""What the remote has lost, whatever its records say: it is made again, or sent by who has it, and no word is false."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dagbuild.cli.main import run
from dagbuild.plan.events import How
from tests.support import build, forget_modules, write_files

NODES = """
    import numpy as np
    import pandas as pd


    def large() -> pd.DataFrame:
        return pd.DataFrame({"a": np.random.default_rng(1).random(20_000)})


    def little() -> pd.DataFrame:
        return pd.DataFrame({"a": np.arange(3000.0)})


    def less() -> pd.DataFrame:
        return pd.DataFrame({"a": np.arange(-2000.0, 0.0)})
"""
ALL = ("large", "little", "less")


def make(folder: Path, shared: Path) -> Path:
    text = f'modules = ["nodes"]\n[remote]\nurl = "file://{shared}"\n'
    write_files(folder, {"dagbuild.toml": text, "nodes.py": NODES})
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


@pytest.fixture
def mine(tmp_path: Path, shared: Path) -> Path:
    """Where everything was built and published."""
    folder = make(tmp_path / "mine", shared)
    build(folder, *ALL)
    return folder


@pytest.fixture
def yours(tmp_path: Path, shared: Path, mine: Path) -> Path:
    """Where nothing was built."""
    return make(tmp_path / "yours", shared)


def lose(shared: Path) -> None:
    for folder in ("blobs", "packs"):
        shutil.rmtree(shared / folder)


def call(folder: Path, *words: str) -> int:
    forget_modules(folder)
    return run(["--project", str(folder), *words])


def is_whole(folder: Path) -> bool:
    return call(folder, "verify", "--remote", "--read") == 0


def test_what_is_fetched_is_here(yours: Path, shared: Path) -> None:
    """A target that a build has fetched is had without the remote."""
    result = build(yours, *ALL)
    shutil.rmtree(shared)
    shared.mkdir()

    assert result.names(How.FETCHED) == [*ALL]
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
    noticed = [call(yours, "fetch", *ALL), call(yours, "status")]
    forget_modules(yours)

    result = build(yours, *ALL)

    assert noticed[0] == 1
    assert sorted(result.names(How.COMPUTED)) == sorted(ALL)
    assert is_whole(yours)


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
