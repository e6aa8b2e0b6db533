"""How often a shared store is asked: nothing of it while near has the answer, and never once a value."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.s3 import S3Server
from tests.servers.weather import Weather, run_weather
from tests.support import write_files

NODES = "import numpy as np\n" + "".join(
    f"def number{n}(base: int) -> np.ndarray:\n"
    f"    return np.random.default_rng({n}).integers(0, 1 << 40, 2000 + base)\n"
    for n in range(12)
)
NODES += """
def total(number0: np.ndarray, number1: np.ndarray) -> int:
    return int(number0.sum() + number1.sum())

def last(total: int) -> str:
    return str(total)
"""


@pytest.fixture
def weather(s3_server: S3Server) -> Iterator[Weather]:
    with run_weather(s3_server.port) as weather:
        yield weather


@pytest.fixture
def checkouts(
    tmp_path: Path, s3_server: S3Server, weather: Weather, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """Two checkouts of one project, whose remote lies behind the proxy; the first one has built everything."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    mine, yours = tmp_path / "mine", tmp_path / "yours"
    endpoint = f'client_kwargs = {{ endpoint_url = "http://127.0.0.1:{weather.port}" }}'
    settings = f'[remote]\nurl = "{s3_server.make_bucket()}/team"\n[remote.options]\n{endpoint}\n'
    settings = f'modules = ["nodes"]\n[config]\nbase = 1\n{settings}'
    write_files(mine, {"nodes.py": NODES, "dagbuild.toml": settings})
    shutil.copytree(mine, yours)
    run(mine, "build")
    weather.requests()
    return mine, yours


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the tool in a process of its own, which must end well."""
    command = [sys.executable, "-m", "dagbuild", *args]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def forget_answers(folder: Path) -> None:
    """Drop the answers that are remembered word for word, so that the command has to look again."""
    for path in folder.glob("cache/index/answers/*"):
        path.unlink()


class TestNothingToDo:
    @pytest.mark.parametrize("command", ["build", "status", "plan", "explain last"])
    def test_asks_nothing(self, checkouts: tuple[Path, Path], weather: Weather, command: str) -> None:
        """What is built here is known here, whether the answer is remembered or looked up."""
        mine, _ = checkouts
        for _ in range(3):
            run(mine, *command.split())
            forget_answers(mine)

        assert weather.requests() == []

    def test_takes_the_shortest_path(self, checkouts: tuple[Path, Path]) -> None:
        """The answer is remembered as it is without a remote."""
        mine, _ = checkouts
        for command in ("build", "status"):
            forget_answers(mine)
            for _ in range(8):  # not while a file is so young that its times do not tell
                run(mine, command)
                if answers := list(mine.glob("cache/index/answers/*")):
                    break

            assert len(answers) == 1

    def test_holds_for_what_others_have_built(self, checkouts: tuple[Path, Path], weather: Weather) -> None:
        """What the first look took from there is kept, also of nodes whose values were not needed."""
        _, yours = checkouts
        run(yours, "build", "last")
        assert weather.requests() != []
        for _ in range(2):
            run(yours, "build", "last")
            run(yours, "status", "last")
            forget_answers(yours)

        assert weather.requests() == []


class TestFetching:
    @pytest.mark.parametrize("how", ["fetch", "needed"])
    def test_asks_once_for_many_blobs(self, checkouts: tuple[Path, Path], weather: Weather, how: str) -> None:
        """Their records say where in a pack they lie: nothing is probed, sought or listed."""
        _, yours = checkouts
        if how == "fetch":
            run(yours, "fetch", *(f"number{n}" for n in range(12)))
        else:
            taken = ", ".join(f"number{n}: np.ndarray" for n in range(12))
            with (yours / "nodes.py").open("a") as file:
                file.write(f"\n\ndef wide({taken}) -> int:\n    return int(number0.sum())\n")
            run(yours, "build", "wide")
        asked = [line.partition("?")[0] for line in weather.requests()]
        read = [line for line in asked if line.startswith("GET")]

        assert len([line for line in read if "/packs/" in line]) == 1
        assert [line for line in asked if "/blobs/" in line and not line.startswith("PUT")] == []
        assert [line for line in asked if line.startswith("HEAD")] == []
        assert len(read) <= 1 + 3


class TestReading:
    @pytest.mark.parametrize("command", ["status", "plan", "log", "explain last", "stats"])
    def test_writes_nothing(self, checkouts: tuple[Path, Path], weather: Weather, command: str) -> None:
        """Who only looks puts no object there; knowing all takes a list and a part."""
        _, yours = checkouts
        run(yours, *command.split())
        asked = weather.requests()

        assert [line for line in asked if not line.startswith(("GET", "HEAD"))] == []
        assert len(asked) <= 3
