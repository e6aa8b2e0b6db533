"""A `~` of somebody who is not there is no mistake of ours, by whichever door it comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild import Driver
from dagbuild.cli.main import run
from dagbuild.ground.home import expand_user
from dagbuild.settings import load_settings
from tests.support import load_project, write_files

NOBODYS = "~nobody-at-all"


def test_one_s_own_and_nobody_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is found, the other is a name."""
    monkeypatch.setenv("HOME", "/somewhere")

    assert expand_user("~/data") == expand_user(Path("~/data")) == Path("/somewhere/data")
    assert expand_user(f"{NOBODYS}/data") == Path(f"{NOBODYS}/data")


def test_each_door_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings, a Driver, what is read and what is written."""
    monkeypatch.chdir(tmp_path)
    toml = f'modules = ["nodes"]\n[cache]\nfolder = "{NOBODYS}"\n'
    write_files(tmp_path, {"dagbuild.toml": toml, "nodes.py": 'def a() -> str:\n    return "x"\n'})
    project = load_project(tmp_path)
    given = Driver({}, *project.modules, cache=f"{NOBODYS}/cache").execute(["a"])
    project.close()

    assert load_settings(tmp_path).cache.folder == tmp_path / NOBODYS
    assert given == {"a": "x"}
    assert run(["a", "-o", f"{NOBODYS}/a.txt"]) == 0
    assert (tmp_path / NOBODYS / "a.txt").read_text() == "x"
    assert run(["--override", f"a={NOBODYS}/a.csv", "a"]) == 2
    assert f"{NOBODYS}/a.csv" in capsys.readouterr().err
