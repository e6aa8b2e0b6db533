"""`--no-fetch` and the mode "write": what lies in the remote only is computed here, and published as ever."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagbuild import Driver
from dagbuild.cli.main import run
from dagbuild.plan.events import How
from dagbuild.settings import RemoteSettings
from tests.servers.s3 import S3Server
from tests.servers.weather import Weather, run_weather
from tests.support import build, computed, forget_modules, write_files

NODES = """
    import numpy as np
    import pandas as pd


    def wide() -> pd.DataFrame:
        return pd.DataFrame({"a": np.arange(20_000) * 2})


    def small(wide: pd.DataFrame) -> int:
        return int(wide.a.sum())
"""


def make(folder: Path, remote: str) -> Path:
    write_files(folder, {"dagbuild.toml": f'modules = ["nodes"]\n{remote}', "nodes.py": NODES})
    return folder


@pytest.fixture
def weather(s3_server: S3Server) -> Iterator[Weather]:
    with run_weather(s3_server.port) as weather:
        yield weather


@pytest.fixture
def far(s3_server: S3Server, weather: Weather, monkeypatch: pytest.MonkeyPatch) -> str:
    """The text of a [remote] table of a server whose requests are seen."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    endpoint = f'client_kwargs = {{ endpoint_url = "http://127.0.0.1:{weather.port}" }}'
    return f'[remote]\nurl = "{s3_server.make_bucket()}/team"\noptions = {{ {endpoint} }}\n'


@pytest.fixture
def shared(tmp_path: Path) -> str:
    """The same of a folder."""
    (tmp_path / "shared").mkdir()
    return f'[remote]\nurl = "file://{tmp_path}/shared"\n'


def call(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    forget_modules(folder)
    capsys.readouterr()
    status = run(["--project", str(folder), *words])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_pin_is_had_all_the_same(tmp_path: Path, shared: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is part of the project, as its code is."""
    folder = make(tmp_path / "mine", shared)
    build(folder, "wide")
    forget_modules(folder)
    assert run(["--project", str(folder), "pin", "wide"]) == 0
    assert run(["--project", str(folder), "push"]) == 0
    shutil.rmtree(folder / "cache")

    status, _, said = call(folder, capsys, "build", "small", "--no-fetch")

    assert (status, "made again" in said) == (0, False)


@pytest.mark.parametrize("where", ["shared", "far"])
def test_what_others_have_is_computed_and_published(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    """Whoever builds without the option takes it; what is here is reused with it, too."""
    remote = request.getfixturevalue(where)
    theirs, mine, third = (make(tmp_path / name, remote) for name in ("theirs", "mine", "third"))
    build(theirs, "small")

    status, _, _ = call(mine, capsys, "status", "--no-fetch")
    assert status == 1
    status, told, _ = call(mine, capsys, "build", "--no-fetch", "--json")
    done = [json.loads(line) for line in told.splitlines()]
    assert status == 0
    assert sorted(line["node"] for line in done if line.get("how") == "computed") == ["small", "wide"]
    assert call(mine, capsys, "status", "--no-fetch")[0] == 0
    assert computed(build(third, "small", "wide")) == set()
    assert len(json.loads(call(third, capsys, "log", "small", "--json")[1])) == 2


def test_nothing_is_asked(
    tmp_path: Path, far: str, weather: Weather, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither by status and plan, nor by a build that is to publish nothing; without the option they do ask."""
    theirs, mine = make(tmp_path / "theirs", far), make(tmp_path / "mine", far + 'mode = "read"\n')
    build(theirs, "small")
    weather.requests()

    statuses = [call(mine, capsys, words, "--no-fetch")[0] for words in ("status", "plan", "small", "status")]
    assert statuses == [1, 0, 0, 0]
    assert weather.requests() == []
    shutil.rmtree(mine / "cache")
    assert call(mine, capsys, "status")[0] == 0
    assert any(line.startswith("GET ") for line in weather.requests())


def test_a_value_that_is_no_more_here_is_made_again(
    tmp_path: Path, shared: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its record is here, its bytes are in the remote only."""
    mine = make(tmp_path / "mine", shared)
    build(mine, "wide")
    for blob in (mine / "cache" / "objects").glob("*/*"):
        blob.unlink()

    assert call(mine, capsys, "status", "wide", "--no-fetch")[0] == 1
    assert call(mine, capsys, "status", "wide")[0] == 0
    result = build(make(tmp_path / "mine", shared + 'mode = "write"\n'), "wide")
    assert computed(result) == {"wide"}
    assert len(result.values["wide"]) == 20_000


def test_as_a_mode(tmp_path: Path, shared: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the settings: `push` publishes, `fetch` says that the mode forbids it."""
    build(make(tmp_path / "theirs", shared), "small")
    mine = make(tmp_path / "mine", shared + 'mode = "write"\n')
    assert computed(build(mine, "small")) == {"small", "wide"}

    assert call(mine, capsys, "push")[:2] == (
        0,
        f"file://{tmp_path}/shared (read-write): it has everything that is here\n",
    )
    status, _, told = call(mine, capsys, "fetch")
    assert status == 2
    assert "its mode is write" in told


def test_on_a_cluster(local_ray: None, tmp_path: Path, shared: str) -> None:
    """What its workers make for this build is had; what others have made is not."""
    build(make(tmp_path / "theirs", shared), "small")
    mine = make(tmp_path / "mine", shared + 'mode = "write"\n[executor]\nkind = "ray"\n')

    result = build(mine, "small", "wide")

    assert computed(result) == {"small", "wide"}
    assert len(result.values["wide"]) == 20_000


def test_of_a_driver(tmp_path: Path, shared: str) -> None:
    """The same mode."""
    build(make(tmp_path / "theirs", shared), "small")
    url = f"file://{tmp_path}/shared"
    results = {}
    for mode in ("write", "read-write"):
        folder = make(tmp_path / mode, "")
        forget_modules(tmp_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(str(folder))
            nodes = importlib.import_module("nodes")
            driver = Driver(
                {}, nodes, cache=folder / "cache", remote=RemoteSettings(url, mode=mode), root=folder
            )
            results[mode] = set(driver.build(["small"]).names(How.COMPUTED))

    assert results == {"write": {"small", "wide"}, "read-write": set()}
