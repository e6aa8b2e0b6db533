"""The cache folder is its user's own: nobody else can write there, and where they can, nothing of it is run."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.plan.events import Notice
from dagbuild.store.lines import decode_line, encode_data
from tests.security.attacks import payload
from tests.security.conftest import Team
from tests.security.test_forged_records import PICKLE, made_of
from tests.support import build, computed

Safe = Callable[[], None]

NODES = '''
    from types import SimpleNamespace


    def model() -> SimpleNamespace:
        """Fitted: a pickle."""
        return SimpleNamespace(factor=2)


    def other(model: SimpleNamespace) -> SimpleNamespace:
        return SimpleNamespace(factor=3)


    def number() -> int:
        return 7
'''
STRANGER = 12345
"""The number of a user who is not us."""

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")


@pytest.fixture
def umask() -> Iterator[None]:
    """That of systems where each user has a group of their own."""
    before = os.umask(0o002)
    yield
    os.umask(before)


def write_project(team: Team) -> Path:
    team.write(NODES)
    (team.mine / "dagbuild.toml").write_text('modules = ["nodes"]\n')
    return team.mine / "cache"


FIRST = [["status"], ["number"], ["log"], ["stats"], ["gc"]]


@pytest.mark.parametrize("words", FIRST, ids=" ".join)
def test_folder_is_private_whatever_is_made_first(team: Team, umask: None, words: list[str]) -> None:
    """Also where the umask lets a group write, and where folders above are missing."""
    write_project(team)
    settings = '[cache]\nfolder = "some/where/else"\n'
    team.add(team.mine, settings)
    command = [sys.executable, "-m", "dagbuild", *words]
    for _ in range(2):
        subprocess.run(command, cwd=team.mine, capture_output=True, check=False)
    subprocess.run([*command[:3], "other", "number"], cwd=team.mine, capture_output=True, check=True)

    top = team.mine / "some" / "where" / "else"
    folders = [path for path in (top, *top.rglob("*")) if path.is_dir()]
    assert folders
    assert [str(path) for path in folders if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def plant(cache: Path, proof: Path, owner: int | None = None, *, code: bool = True) -> None:
    """Add a record of `model` that is a pickle of somebody else's; it says that it was forced, and so it wins."""
    (segment, *_) = (cache / "segments").iterdir()
    records = [decode_line(line) for line in segment.read_bytes().splitlines()]
    (record,) = (record for record in records if record["node"] == "model")
    evil = made_of("pickle/2", PICKLE[2], payload(proof), code=code)
    planted = cache / "segments" / "20300101T000000-abcdef.jsonl"
    forged = {**record, "artifact": evil, "forced": True, "started": record["started"] + 1}
    planted.write_bytes(encode_data(forged))
    if owner is not None:
        os.chown(planted, owner, owner)


def told(events: list[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice) and event.text.startswith("cache: ")]


@pytest.mark.parametrize(("mode", "code"), [(0o775, True), (0o707, False)])
@pytest.mark.parametrize("place", [".", "segments", "objects"])
def test_nothing_is_run_of_a_folder_that_others_can_write(
    team: Team, safe: Safe, place: str, mode: int, code: bool
) -> None:
    """A planted pickle is not read, nor is one's own, which may not be; said once, with what to do."""
    cache = write_project(team)
    build(team.mine, "model", "other", "number")
    (cache / "objects").mkdir(exist_ok=True)
    (cache / place).chmod(mode)
    plant(cache, team.proof, code=code)
    events: list[Any] = []

    result = build(team.mine, "model", "other", "number", on_event=events.append)

    safe()
    assert result.values["model"].factor == 2
    assert computed(result) == {"model", "other"}, "what is data is read"
    (text,) = told(events)
    assert f"others may write to '{(cache / place).resolve()}'" in text
    assert "chmod -R go-w" in text


def test_planted_file_stays_a_stranger_s_when_the_folder_is_closed(team: Team, safe: Safe) -> None:
    """Who has made the folder private again may have let something in before."""
    cache = write_project(team)
    build(team.mine, "model")
    plant(cache, team.proof)
    (cache / "segments" / "20300101T000000-abcdef.jsonl").chmod(0o664)

    assert build(team.mine, "model").values["model"].factor == 2


@root_only
@pytest.mark.parametrize("what", ["everything", "the folder", "a planted record"])
def test_nothing_is_run_of_what_belongs_to_somebody_else(team: Team, safe: Safe, what: str) -> None:
    """Whatever its permissions are."""
    cache = write_project(team)
    build(team.mine, "model", "number")
    plant(cache, team.proof, STRANGER)
    if what == "the folder":
        os.chown(cache, STRANGER, STRANGER)
    if what == "everything":
        for path in (cache, *cache.rglob("*")):
            os.chown(path, STRANGER, STRANGER)
    events: list[Any] = []

    result = build(team.mine, "model", "number", on_event=events.append)

    safe()
    assert result.values["model"].factor == 2
    assert computed(result) == {"model"}
    assert len(told(events)) == 1
    assert "belongs to somebody else" in told(events)[0]


@root_only
def test_blob_of_somebody_else_is_replaced(team: Team, safe: Safe) -> None:
    """A file that lies where one's own would be is no reason not to write it."""
    cache = write_project(team)
    (team.mine / "nodes.py").write_text(
        "from types import SimpleNamespace\n\n\n"
        "def model() -> SimpleNamespace:\n    return SimpleNamespace(weights=b'weights' * 10_000)\n"
    )
    build(team.mine, "model")
    (blob,) = (path for path in (cache / "objects").glob("*/*") if path.stat().st_size > 50_000)
    os.chown(blob, STRANGER, STRANGER)

    assert computed(build(team.mine, "model")) == {"model"}
    assert blob.stat().st_uid == 0
    assert computed(build(team.mine, "model")) == set()
