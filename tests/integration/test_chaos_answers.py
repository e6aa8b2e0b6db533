"""What stands in for an import and for a whole command, damaged: it is as if it were not there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.stamps import COARSE_NS
from dagbuild.observe.places import PathNames
from dagbuild.settings import load_settings
from dagbuild.shortcut import answers
from dagbuild.shortcut.snapshots import Snapshots
from dagbuild.store import FileDigests
from tests.integration.chaos.kinds import find_kinds
from tests.support import write_files

ROOT = Path(__file__).parents[2]
STATUS = ["--project", ".", "status"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A project whose cache folder has a snapshot and an answer."""
    made = tmp_path_factory.mktemp("answers")
    write_files(
        made,
        {
            "nodes.py": "def a() -> int:\n    return 1\n\ndef b(a: int) -> str:\n    return str(a)\n",
            "dagbuild.toml": 'modules = ["nodes"]\n',
        },
    )
    run(made, "--project", ".", "build", "b")
    # What has changed a moment ago is not remembered.
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not {"snapshot", "answer"} <= set(find_kinds(made / "cache")):
        run(made, *STATUS)
    return made


def run(folder: Any, *words: Any) -> Any:
    env = {name: text for name, text in os.environ.items() if not name.startswith("DAGBUILD_")}
    env["PYTHONPATH"] = str(ROOT)
    found = subprocess.run(
        [sys.executable, "-m", "dagbuild", *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.returncode, found.stdout


def damages(data: Any) -> Iterator[Any]:
    """Yield the bytes with a bit of each flipped, and cut, emptied, doubled."""
    for place in range(len(data)):
        yield data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
    for bit in range(8):
        for place in (0, len(data) // 2, len(data) - 1):
            yield data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
    yield from (data[: len(data) // 2], data[:-1], b"", data + data)


def test_damaged_snapshot_is_none(folder: Any) -> None:
    """Whatever bit was flipped, and however it was cut."""
    (path,) = find_kinds(folder / "cache")["snapshot"]
    file = folder / "cache" / path
    settings = load_settings(folder)
    files = FileDigests()
    snapshots = Snapshots(
        settings, PathNames(folder.resolve(), [settings.cache.folder]), files, allow_overrides=False
    )
    snapshots._path = file  # the name is that of another process's search path
    data = file.read_bytes()
    assert snapshots.find() is not None

    for number, damaged in enumerate(damages(data)):
        file.write_bytes(damaged)
        assert snapshots.find() is None, number
    file.write_bytes(data)


def test_damaged_answer_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever bit was flipped, and however it was cut."""
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n', "cache/format": ""})
    monkeypatch.chdir(tmp_path)
    question = answers.Question(STATUS)
    question.started += 2 * COARSE_NS  # as if the command had begun so much later
    assert question.remember("all is fresh\n2.0\n", 0, [("stat", str(tmp_path / "none"), None)])
    assert question.find_answer() == ("all is fresh\n2.0\n", 0)
    (file,) = (tmp_path / "cache" / "index" / "answers").iterdir()

    for number, damaged in enumerate(damages(file.read_bytes())):
        file.write_bytes(damaged)
        assert question.find_answer() is None, number


@pytest.mark.parametrize("kind", ["snapshot", "answer"])
@pytest.mark.parametrize("how", ["flipped", "directory"])
def test_the_command_says_the_same(folder: Any, kind: Any, how: Any) -> None:
    """And leaves things in order for the next."""
    _, before = run(folder, *STATUS)
    for path in find_kinds(folder / "cache")[kind]:
        file = folder / "cache" / path
        data = bytearray(file.read_bytes())
        data[-5] ^= 1
        file.unlink()
        file.mkdir() if how == "directory" else file.write_bytes(data)

    assert run(folder, *STATUS) == (0, before)
    assert run(folder, "--project", ".", "build", "b")[0] == 0
    assert run(folder, "--project", ".", "verify")[0] == 0
