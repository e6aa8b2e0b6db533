"""People with a project each, and a folder that they share; one of them is the victim."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagbuild.ground.signing import SigningKey
from dagbuild.settings import keys, take_key
from dagbuild.settings.keys import VARIABLE
from tests.support import forget_modules, write_files

MARK = b"weights of a model. "
"""Stands in each blob of a model, so that an attacker finds it."""

NODES = '''
    from types import SimpleNamespace


    def model() -> SimpleNamespace:
        """Fitted: a pickle."""
        return SimpleNamespace(weights=b"weights of a model. " * 5000, factor=2)


    def predicted(model: SimpleNamespace) -> int:
        return model.factor * 21
'''


@dataclass
class Team:
    """`mine` is the folder of who publishes, `yours` that of the victim; `proof` is what no payload may make."""

    mine: Path
    yours: Path
    shared: Path
    proof: Path

    def write(self, nodes: str, mine: str = "", yours: str = "") -> None:
        """Write both projects; the texts are lines of their [remote] tables."""
        for folder, lines in ((self.mine, mine), (self.yours, yours)):
            head = f'modules = ["nodes"]\n[remote]\nurl = "file://{self.shared}"\n'
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "dagbuild.toml").write_text(head + lines)
            write_files(folder, {"nodes.py": nodes})

    def sign_as(self, key: SigningKey | None) -> None:
        """Let what is built from now on be signed by this key, or by nobody."""
        os.environ[VARIABLE] = key.spell() if key else ""

    def forget(self) -> None:
        """Let both begin again with nothing in their caches."""
        for folder in (self.mine, self.yours):
            shutil.rmtree(folder / "cache", ignore_errors=True)

    def forget_yours(self) -> None:
        """Let the victim begin again with nothing in the cache."""
        shutil.rmtree(self.yours / "cache", ignore_errors=True)

    def add(self, folder: Path, lines: str) -> None:
        """Append to the settings of one."""
        file = folder / "dagbuild.toml"
        file.write_text(file.read_text() + lines)


ADA, BOB, EVE = (SigningKey.make(name) for name in ("ada", "bob", "eve"))


def trusted(*keys: SigningKey) -> str:
    """Return the line of [remote] that trusts these keys."""
    return f"trusted = {json.dumps([f'{key.name} {key.public}' for key in keys])}\n"


@pytest.fixture(autouse=True)
def nobodys_key() -> Iterator[None]:
    """Begin without a key, and forget the one that a test has signed with."""
    os.environ[VARIABLE] = ""
    yield
    take_key()
    keys._taken.clear()


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    found = Team(tmp_path / "mine", tmp_path / "yours", tmp_path / "shared", tmp_path / "proof")
    found.shared.mkdir()
    yield found
    for folder in (found.mine, found.yours):
        forget_modules(folder)


@pytest.fixture
def safe(team: Team) -> Iterator[Callable[[], None]]:
    """Fail when a payload has run, asked by the test and once more at its end."""

    def check() -> None:
        assert not team.proof.exists(), "a stranger's code ran"

    yield check
    check()
