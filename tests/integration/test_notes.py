"""What a run did that cannot be followed is said by each later command for as long as its value is used."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagbuild.cli.main import run
from dagbuild.model.record import Record
from dagbuild.observe.notes import MOST
from tests.support import build, forget_modules, load_project, write_files

Command = Callable[..., str]

# What reading the code does not find: the libraries' functions come out of a dict.
HIDDEN = {
    "process": (
        "import subprocess\n_DO = {'go': subprocess.run}",
        "return _DO['go'](['true'], check=True).returncode",
        "starts a process: true",
    ),
    "worker": (
        "import multiprocessing\n_DO = {'go': multiprocessing.get_context('fork').Process}\n\ndef _work():\n    pass",
        "worker = _DO['go'](target=_work)\n    worker.start()\n    worker.join()\n    return 1",
        "starts a process",
    ),
    "shell": (
        "import os\n_DO = {'go': os.system}",
        "return _DO['go']('true')",
        "starts a process",
    ),
    "network": (
        "import socket\n_DO = {'go': socket.socket}",
        "with _DO['go']() as there:\n        there.connect_ex(('127.0.0.1', PORT))\n    return 1",
        "uses the network: 127.0.0.1",
    ),
    "remote file": (
        "import pyarrow.parquet as pq\n_DO = {'go': pq.read_table}",
        "try:\n        _DO['go']('nowhere://me:secret@host/table?token=abc')\n    except Exception:\n        return 1",
        "uses the network: nowhere://host",
    ),
}


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine that somebody listens to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Give a command's standard output, as a new process would print it."""

    def command(*words: str) -> str:
        forget_modules(tmp_path)
        assert run(["-C", str(tmp_path), *words]) in (0, 1)
        return capsys.readouterr().out

    return command


def write_project(folder: Path, top: str, body: str) -> None:
    """Write a project of one node `b`."""
    nodes = f"{top}\n\ndef b() -> object:\n    {body}\n"
    write_files(folder, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": nodes})


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_a_run_did_is_said_as_long_as_it_is_so(
    kind: str, tmp_path: Path, command: Command, port: int
) -> None:
    """By `status`, `explain`, `check` and a build that reuses it, whether the project is imported or not."""
    top, body, text = HIDDEN[kind]
    write_project(tmp_path, top, body.replace("PORT", str(port)))

    assert text not in command("status")  # nobody knows yet
    warned = [notice.text for notice in build(tmp_path, "b").notices]
    said = [
        (command("status"), command("check"), command("explain", "b"), command("build", "b"))
        for _ in range(4)
    ]

    assert [line for line in warned if text in line]
    assert said == [said[0]] * 4
    for each in said[0]:
        assert each.count(text) == 1 and "not tracked" in each
    (tmp_path / "nodes.py").write_text("def b() -> object:\n    return 1\n")
    assert text not in command("status") + command("check")


@pytest.mark.parametrize("kind", HIDDEN)
def test_it_is_in_what_programs_read(kind: str, tmp_path: Path, command: Command, port: int) -> None:
    """`--json` of each command has it, with its kind, its place and what to do."""
    top, body, text = HIDDEN[kind]
    write_project(tmp_path, top, body.replace("PORT", str(port)))
    build(tmp_path, "b")

    status = json.loads(command("status", "--json"))["unseen"]
    listed = json.loads(command("check", "--json"))
    explained = json.loads(command("explain", "b", "--json"))["notes"]
    finished = json.loads(command("build", "b", "--json").splitlines()[-1])["unseen"]
    logged = json.loads(command("log", "b", "--json"))[0]["notes"]

    assert status == [found for found in listed if not found["tracked"]] == explained == finished
    assert [found["text"] for found in status] == [text] == [note[1] for note in logged]
    assert status[0]["where"].startswith("nodes.py:") and status[0]["remedy"]
    assert "secret" not in json.dumps(logged) and "abc" not in json.dumps(logged)


def test_what_the_code_says_itself_is_not_said_twice(tmp_path: Path, command: Command) -> None:
    """One line of code, one line of text, though reading and running both find it."""
    write_project(
        tmp_path,
        "import subprocess",
        "return subprocess.run(\n        ['true'], check=True\n    ).returncode",
    )
    build(tmp_path, "b")

    assert command("check").count("starts a process") == 1
    assert load_project(tmp_path).log("b")[0].notes == ()


def test_a_line_that_has_moved_is_not_named(tmp_path: Path, command: Command) -> None:
    """A comment makes nothing stale, and the place in the record is of the text as it was."""
    top, body, _ = HIDDEN["process"]
    write_project(tmp_path, top, body)
    build(tmp_path, "b")
    told = command("check")
    (tmp_path / "nodes.py").write_text("# moved\n" + (tmp_path / "nodes.py").read_text())

    assert "(nodes.py:5): not tracked" in told
    assert "(nodes.py): not tracked" in command("check")


def test_a_host_that_the_environment_names_is_kept_by_nobody(
    tmp_path: Path, command: Command, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a secret: that there is a network is all that is said."""
    monkeypatch.setenv("SOMEWHERE", "me@127.0.0.1")
    top, body, _ = HIDDEN["network"]
    write_project(tmp_path, top, body.replace("PORT", str(port)))
    build(tmp_path, "b")

    assert "uses the network (nodes.py" in command("status") and "127" not in command("status")


def test_no_record_has_a_path_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a helper that lies elsewhere, the name of its file is kept."""
    write_files(tmp_path / "elsewhere", {"far.py": "def go(run):\n    return run(['true']).returncode\n"})
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    write_project(
        tmp_path / "project",
        "import subprocess\nimport far\n_DO = {'go': subprocess.run}",
        "return far.go(_DO['go'])",
    )
    build(tmp_path / "project", "b")

    (note,) = load_project(tmp_path / "project").log("b")[0].notes
    forget_modules(tmp_path)

    assert note.where == "far.py:2"


def test_no_record_grows_with_what_a_run_did(tmp_path: Path) -> None:
    """The first things are kept, and how many more there were."""
    top = f"import os\n_DO = {{'go': os.posix_spawn}}\n_MANY = {MOST + 5}"
    body = "for number in range(_MANY):\n        try:\n            _DO['go'](f'/none/{number}', ['x'], {})\n"
    write_project(tmp_path, top, body + "        except OSError:\n            pass\n    return 1")
    build(tmp_path, "b")

    notes = load_project(tmp_path).log("b")[0].notes

    assert len(notes) == MOST + 1 and notes[-1].text == "does 5 more such things: process"


def test_a_record_of_before_there_were_notes_is_read(tmp_path: Path) -> None:
    write_project(tmp_path, "", "return 1")
    build(tmp_path, "b")
    plain = load_project(tmp_path).log("b")[0].to_json()

    assert "notes" not in plain and Record.from_json(plain).notes == ()


def test_who_watches_nobody_is_told_so(tmp_path: Path, command: Command) -> None:
    """A value that was made unwatched may rest on anything."""
    write_project(tmp_path, "", "return 1")
    (tmp_path / "dagbuild.toml").write_text('modules = ["nodes"]\n[build]\nundeclared = "off"\n')
    build(tmp_path, "b")

    for words in (("status",), ("check",), ("explain", "b"), ("build", "b")):
        assert "was not watched when it ran" in command(*words)


def test_what_a_node_leaves_to_others_is_said(tmp_path: Path, command: Command) -> None:
    """That it changed what another reads is so for as long as both values are used, whoever asks."""
    nodes = """
_MODES = []

def a() -> int:
    _MODES.append(1)
    return 1

def b(a: int) -> int:
    return len(_MODES)
"""
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\nexecutor = "inline"\n', "nodes.py": nodes})
    result = build(tmp_path, "b")

    text = "changes nodes._MODES, which nodes.b finds changed when it runs later in the same process"
    remedy = "return it, and take it as a parameter"
    told = [notice.text for notice in result.notices]
    assert told == [f"'a' {text} (nodes.py:3): not tracked; {remedy}"]
    for _ in range(2):
        assert f"not tracked: 'a' {text} (nodes.py:3)\n" in command("status")
        assert f"a {text} (nodes.py:3): not tracked\n  try: {remedy}\n" in command("check")


def test_what_is_handed_to_a_process_is_said(tmp_path: Path, command: Command) -> None:
    """Of a copy of all variables nobody knows what a process makes."""
    write_project(
        tmp_path,
        "import os\nimport subprocess",
        "return subprocess.run(['true'], env={**os.environ}, check=True).returncode",
    )
    build(tmp_path, "b")

    for _ in range(2):
        listed = command("check")
        assert listed.count("hands all environment variables to a process (nodes.py:5): not tracked") == 1
        assert listed.count("starts a process") == 1


def test_what_was_read_is_listed_and_kept_apart(tmp_path: Path, command: Command) -> None:
    """A file that a run was seen to read counts: `check` and `explain` say so, and `status` has nothing to add."""
    write_project(
        tmp_path, "from pathlib import Path", "return Path(__file__).with_name('data.txt').read_text()"
    )
    (tmp_path / "data.txt").write_text("1")
    build(tmp_path, "b")

    assert "b reads data.txt, which is no input: tracked by content" in command("check")
    assert "read data.txt" in command("explain", "b")
    assert "not tracked" not in command("status") + command("check")
