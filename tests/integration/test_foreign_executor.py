"""An executor that is not dagbuild's: a project names its module and class, and it runs the steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild import Driver
from dagbuild.cli.main import run
from dagbuild.ground.errors import InputError
from tests.support import forget_modules, write_files

NODES = """
    def one() -> int:
        return 1

    def two(one: int) -> int:
        return one + 1
"""
EXECUTORS = """
    import pathlib
    from collections import deque

    from dagbuild.executors.base import Executor

    class Noting(Executor):
        name = "noting"

        def __init__(self, means):
            self.slots = means.jobs
            self._means = means
            self._works = deque()

        def submit(self, work):
            self._works.append(work)

        def wait(self, most=None):
            work = self._works.popleft()
            with (pathlib.Path(__file__).parent / "ran.txt").open("a") as file:
                said = (self._means.address, self._means.options)
                file.write(f"{work.name} {self.slots}{said if any(said) else ''}\\n")
            return [(work.name, self._means.worker.run(work))]

        def close(self):
            self._works.clear()

    class Odd:
        def __init__(self, means):
            pass

    class Wanting:
        def __init__(self):
            pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    settings = 'modules = ["nodes"]\n[executor]\nkind = "pools:Noting"\njobs = 3\n'
    write_files(tmp_path, {"dagbuild.toml": settings, "nodes.py": NODES, "pools.py": EXECUTORS})
    return tmp_path


def call(folder: Path, *words: str) -> int:
    forget_modules(folder)
    return run(["--project", str(folder), *words])


def ran(folder: Path) -> list[str]:
    path = folder / "ran.txt"
    return path.read_text().splitlines() if path.exists() else []


def test_the_settings_choose_it(project: Path) -> None:
    """What it has made, every other one finds, and the other way round."""
    assert call(project, "build", "two") == 0
    assert ran(project) == ["one 3", "two 3"]
    assert call(project, "build", "two", "--executor", "inline") == 0
    assert ran(project) == ["one 3", "two 3"]


def test_it_has_what_the_settings_say_under_its_name(project: Path) -> None:
    """Where something is, and with what it is to be opened."""
    with (project / "dagbuild.toml").open("a") as file:
        file.write('address = "here"\noptions = { seats = 2 }\n')

    assert call(project, "build", "one") == 0
    assert ran(project) == ["one 3('here', {'seats': 2})"]


def test_the_command_line_and_a_driver_choose_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same name."""
    (project / "dagbuild.toml").write_text('modules = ["nodes"]\n')
    assert call(project, "build", "one", "--executor", "pools:Noting", "-j", "2") == 0
    assert ran(project) == ["one 2"]
    forget_modules(project)
    monkeypatch.syspath_prepend(project)

    def three() -> int:
        return 3

    driver = Driver({}, three, cache=project / "other", executor="pools:Noting")

    assert driver.execute(["three"]) == {"three": 3}
    assert [line.split()[0] for line in ran(project)] == ["one", "three"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nowhere:Pool", "importing 'nowhere' failed: ModuleNotFoundError"),
        ("pools:Nobody", "'pools' has no class 'Nobody'"),
        ("pools:pathlib", "'pools' has no class 'pathlib'"),
        ("pools:Odd", "'pools:Odd' gives a Odd, and no executor"),
        ("pools:Wanting", "'pools:Wanting' cannot be made: TypeError"),
        ("pools:", "'pools:' is not one of"),
        ("rey", "'rey' is not one of"),
    ],
)
def test_what_is_no_executor_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], kind: str, said: str
) -> None:
    """With what is wrong about it, and before anything runs."""
    assert call(project, "build", "two", "--executor", kind) == 2
    assert said in capsys.readouterr().err


def test_a_module_that_ends_the_program_when_it_is_imported(project: Path) -> None:
    """Python's own way out of it is an error like others."""
    (project / "pools.py").write_text("raise SystemExit\n")

    assert call(project, "build", "two") == 2


def test_a_driver_refuses_it_too(tmp_path: Path) -> None:
    def node() -> int:
        return 1

    with pytest.raises(InputError, match="no executor 'rey'"):
        Driver({}, node, cache=tmp_path / "cache", executor="rey").execute(["node"])
