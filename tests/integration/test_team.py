"""Two people, two folders, one shared cache: one computes, the other fetches."""

import os
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from dagbuild.plan.events import Event, How, Notice
from dagbuild.settings import keys
from tests.servers.s3 import S3Server
from tests.servers.sftp import SFTPServer
from tests.support import build, computed, forget_modules, write_files

NODES = """
    import numpy as np
    import pandas as pd

    from lib import Model, scale

    def table(size: int) -> pd.DataFrame:
        return pd.DataFrame({"a": np.arange(size) * 1.5, "b": [f"name {i}" for i in range(size)]})

    def scaled(table: pd.DataFrame) -> pd.Series:
        return scale(table["a"])

    def total(scaled: pd.Series) -> float:
        return float(scaled.sum())

    def model(total: float) -> object:
        return Model(total)

    def predicted(model: object) -> float:
        return model.predict(2)
"""
LIB = """
    class Model:
        def __init__(self, k):
            self.k = k

        def predict(self, x):
            return x * self.k

    def scale(column):
        return column * 2
"""


@pytest.fixture(params=["folder", "s3", "sftp"])
def remote(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The text of a [remote] table: a shared folder, or a real server: the secret of S3 is in the environment."""
    if request.param == "folder":
        (tmp_path / "shared").mkdir(exist_ok=True)
        return f'[remote]\nurl = "file://{tmp_path}/shared"\n'
    if request.param == "sftp":
        there: SFTPServer = request.getfixturevalue("sftp_server")
        monkeypatch.setenv("HOME", str(there.home))
        page = (Path(__file__).parents[2] / "docs" / "guide" / "sharing.md").read_text()
        snippet = page.partition("Over SSH")[2].partition("[remote]")[2].partition("```")[0]
        for said, meant in (
            ("sftp://ada@files.example.org:22/srv/team/dagbuild", there.make_folder()),
            ("~/.ssh/dagbuild", f"~/{there.key_file.name}"),
        ):
            assert said in snippet
            snippet = snippet.replace(said, meant)
        return f"[remote]{snippet}"
    server: S3Server = request.getfixturevalue("s3_server")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    endpoint = f'client_kwargs = {{ endpoint_url = "http://127.0.0.1:{server.port}" }}'
    return f'[remote]\nurl = "{server.make_bucket()}/team"\n[remote.options]\n{endpoint}\n'


@pytest.fixture
def people(tmp_path: Path, remote: str) -> Iterator[tuple[Path, Path]]:
    """Two checkouts in folders of their own, each with a cache of its own."""
    mine, yours = tmp_path / "mine" / "project", tmp_path / "yours" / "elsewhere" / "project"
    settings = 'modules = ["nodes"]\n[config]\nsize = 20000\n' + remote
    write_files(mine, {"dagbuild.toml": settings, "nodes.py": NODES, "lib.py": LIB})
    shutil.copytree(mine, yours)
    yield mine, yours
    for folder in (mine, yours):
        forget_modules(folder)


def test_second_checkout_computes_nothing(people: tuple[Path, Path]) -> None:
    """And fetches only what was asked for."""
    mine, yours = people
    first = build(mine, "scaled", "total")

    second = build(yours, "scaled", "total")

    assert computed(first) == {"table", "scaled", "total"}
    assert computed(second) == set()
    assert set(second.names(How.FETCHED)) <= {"scaled", "total"}
    pd.testing.assert_series_equal(second.values["scaled"], first.values["scaled"])
    assert second.values["total"] == first.values["total"]


def test_edit_of_one_is_a_hit_for_the_other(people: tuple[Path, Path]) -> None:
    """What both edit in the same way is computed once; what is above it is not even fetched."""
    mine, yours = people
    build(mine, "total")
    for folder in people:
        lib = folder / "lib.py"
        lib.write_text(lib.read_text().replace("column * 2", "column * 3"))

    assert computed(build(mine, "total")) == {"scaled", "total"}
    result = build(yours, "total")

    assert computed(result) == set()
    assert result.values["total"] == 3 * 1.5 * sum(range(20000))


def test_what_needs_unpickling_is_taken_of_who_has_signed_it(people: tuple[Path, Path]) -> None:
    """A pickle of nobody's could run anybody's code."""
    mine, yours = people
    os.environ["DAGBUILD_KEY"] = ""
    try:
        build(mine, "predicted")
        told: list[Event] = []
        careful = build(yours, "predicted", "model", on_event=told.append)
    finally:
        keys._taken.clear()

    assert computed(careful) == {"model"}  # what is plain data is taken, for nobody is trusted by name
    assert any(isinstance(event, Notice) and "nobody has signed it" in event.text for event in told)
    for folder in (mine, yours):
        shutil.rmtree(folder / "cache")
    build(mine, "predicted")
    trusting = build(yours, "predicted", "model")
    assert computed(trusting) == set()
    assert trusting.values["model"].predict(1) == careful.values["predicted"] / 2


@pytest.mark.parametrize("remote", ["folder"], indirect=True)
def test_without_its_remote_a_build_goes_on(people: tuple[Path, Path]) -> None:
    """An outage is said, and costs nothing but the sharing."""
    mine, _ = people
    settings = mine / "dagbuild.toml"
    before, _, _ = settings.read_text().partition("[remote]")
    nowhere = """
        [remote]
        url = "s3://bucket/team"
        [remote.options]
        client_kwargs = { endpoint_url = "http://127.0.0.1:9" }
        config_kwargs = { connect_timeout = 1, retries = { max_attempts = 1 } }
    """
    settings.write_text(before + textwrap.dedent(nowhere))
    told: list[Event] = []

    result = build(mine, "total", on_event=told.append)

    assert result.values["total"] == 2 * 1.5 * sum(range(20000))
    assert any(isinstance(event, Notice) and "remote" in event.text for event in told)
    assert computed(build(mine, "total")) == set()
