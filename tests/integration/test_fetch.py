"""`dagbuild fetch` and `status --remote`: what lies in the remote only is told, and is brought near to work without it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from dagbuild.cli.main import run
from tests.support import build, computed, write_files

NODES = """
    import numpy as np
    import pandas as pd


    def wide(x: int) -> pd.DataFrame:
        return pd.DataFrame({"a": np.arange(20_000) * x})


    def small(wide: pd.DataFrame) -> int:
        return int(wide.a.sum())


    def model(small: int) -> dict[str, int]:
        return {"k": small}
"""


def make(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    toml = f'modules = ["nodes"]\n[inputs]\nx = 2\n[remote]\nurl = "file://{tmp_path}/shared"\n'
    write_files(folder, {"dagbuild.toml": toml, "nodes.py": NODES})
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Where everything has been built and published, in a folder of another name."""
    (tmp_path / "shared").mkdir(exist_ok=True)
    folder = make(tmp_path, "theirs")
    build(folder, "model")
    shutil.rmtree(folder / "cache")
    return make(tmp_path, "mine")


def call(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    status = run(["--project", str(folder), *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_brings_what_is_asked_for(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With all that is above, a build works without the remote and computes nothing."""
    status, told = call(mine, capsys, "status", "--remote")
    assert (status, told["remote"]["nodes"]) == (0, ["wide"])
    assert told["remote"]["size"] > 100_000

    status, told = call(mine, capsys, "fetch", "--all-upstream")
    again = call(mine, capsys, "fetch", "--all-upstream")[1]
    shutil.rmtree(tmp_path / "shared")

    assert (status, told["fetched"], told["without"]) == (0, ["wide"], [])
    assert (again["fetched"], sorted(again["here"])) == ([], ["model", "small", "wide"])
    result = build(mine, "model", "wide")
    assert computed(result) == set()
    assert len(result.values["wide"]) == 20_000


def test_of_the_targets_only(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is above them stays where it is."""
    status, told = call(mine, capsys, "fetch", "model")
    shutil.rmtree(tmp_path / "shared")

    assert (status, told["fetched"], told["here"]) == (0, [], ["model"])
    assert computed(build(mine, "model")) == set()
    assert "wide" in computed(build(mine, "wide"))


def test_says_what_nobody_has(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is stale here has nothing to fetch: exit status 1, and nothing runs."""
    (mine / "nodes.py").write_text((mine / "nodes.py").read_text().replace("* x", "* x + 1"))

    status, told = call(mine, capsys, "fetch", "wide")

    assert (status, told["without"], told["fetched"]) == (1, ["wide"], [])


def test_without_a_remote_says_how_to_have_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In words."""
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n[inputs]\nx = 2\n', "nodes.py": NODES})

    for words in (["fetch"], ["status", "--remote"]):
        assert run(["--project", str(tmp_path), *words]) == 2
        assert "[remote]" in capsys.readouterr().err
