"""A value that needs a library which is not here: every command says the same of it, before anything runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.sessions import ROOT, dagbuild
from tests.support import write_files

NODES = """
    import helperlib

    def thing() -> object:
        return helperlib.make()

    def size(thing: object, factor: int) -> int:
        return thing.n * factor
"""
HELPER = """
    from types import SimpleNamespace

    def make():
        try:
            from otherlib import Thing
        except ImportError:
            return SimpleNamespace(n=3)
        return Thing()
"""
OTHER = """
    class Thing:
        def __init__(self):
            self.n = 3
"""
WHY = "its value cannot be read here: it was written with otherlib 1.5: install it"


def install(folder: Path, name: str, version: str, text: str) -> Path:
    """Put a distribution of one module where installed ones lie."""
    site = folder / "site-packages"
    write_files(
        site,
        {
            f"{name}.py": text,
            f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{name}-{version}.dist-info/top_level.txt": f"{name}\n",
        },
    )
    return site


@pytest.fixture
def project(tmp_path: Path) -> Any:
    """Make a project whose library gives an object of another library, where that is installed."""
    settings = 'modules = ["nodes"]\n[config]\nfactor = 2\n'
    write_files(tmp_path / "project", {"dagbuild.toml": settings, "nodes.py": NODES})
    helper = install(tmp_path / "one", "helperlib", "1.0", HELPER)
    other = install(tmp_path / "two", "otherlib", "1.5", OTHER)

    def run(*words: str, rich: bool = False) -> tuple[int, str]:
        path = ":".join(map(str, (ROOT, helper, *([other] if rich else []))))
        done = dagbuild(tmp_path / "project", *words, PYTHONPATH=path)
        return done.returncode, done.stdout

    assert run("size", rich=True)[0] == 0
    return run


def test_a_target_that_cannot_be_read_is_made_again_and_every_command_says_so(project: Any) -> None:
    """`status`, `plan`, `explain` and the build itself; afterwards both environments find a value that they can read."""
    status, told = project("status", "thing")
    assert (status, WHY in told) == (1, True)
    (step,) = json.loads(project("plan", "thing", "--json")[1])["nodes"]
    assert (step["decision"], step["status"]) == ("run", "missing")
    assert [reason["text"] for reason in step["reasons"]] == [WHY]
    assert WHY in project("explain", "thing")[1]

    status, told = project("build", "thing")
    assert (status, f"'thing' is made again: {WHY}" in told, "1 computed" in told) == (0, True, True)
    assert project("status", "thing")[0] == project("status", "thing", rich=True)[0] == 0
    assert "n=3" in project("show", "thing")[1]
    assert "Thing" in project("show", "thing", rich=True)[1]


def test_what_is_made_from_it_stays_fresh(project: Any) -> None:
    """While nobody needs the value itself; as soon as a node does, the plan says what will happen to it."""
    assert project("status", "size")[0] == 0
    assert project("size")[0] == 0
    _, told = project("plan", "size", "--set", "factor=5", "--json")
    decisions = {step["name"]: step["decision"] for step in json.loads(told)["nodes"]}
    assert decisions == {"thing": "run", "size": "run"}

    status, told = project("size", "--set", "factor=5")
    assert (status, "2 computed" in told, "  size  15" in told) == (0, True, True)
