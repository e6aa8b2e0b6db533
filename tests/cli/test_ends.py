"""How a command ends when things go wrong that no golden text can show: signals, pipes, terminals, bugs."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dagbuild.cli import main
from tests.cli.sessions import dagbuild, make_environment
from tests.support import write_files

SLOW = {
    "dagbuild.toml": 'modules = ["slow"]\n',
    "slow.py": """
        import pathlib
        import time

        def quick() -> int:
            return 1

        def slow(quick: int) -> int:
            pathlib.Path("started").touch()
            time.sleep(60)
            return quick
    """,
}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


def test_interrupt_keeps_what_is_finished(tmp_path: Path) -> None:
    """Ctrl-C ends a build at once with 130, and what was computed is found by the next."""
    write_files(tmp_path, SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "dagbuild", "slow"],
        cwd=tmp_path,
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(tmp_path / "started")

    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert "up to date" in dagbuild(tmp_path, "quick").stdout


def test_nothing_that_a_node_has_started_outlives_a_build_that_is_killed(tmp_path: Path) -> None:
    """Not where its processes import the project by themselves either."""
    code = """
        import subprocess
        import threading

        threading.Thread(target=threading.Event().wait, daemon=True).start()

        def slow() -> int:
            subprocess.run(["sh", "-c", "exec > fifo; echo begun; exec sleep 60"])
            return 1
    """
    write_files(tmp_path, {**SLOW, "slow.py": code})
    os.mkfifo(tmp_path / "fifo")
    process = subprocess.Popen(
        [sys.executable, "-m", "dagbuild", "slow"],
        cwd=tmp_path, env=make_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with (tmp_path / "fifo").open("rb", buffering=0) as fifo:
        assert fifo.read(100) == b"begun\n"
        process.kill()
        process.wait()
        ready, _, _ = select.select([fifo], [], [], 20)

        assert ready  # nobody has it open any more
        assert fifo.read(100) == b""


def test_reader_may_leave(tmp_path: Path) -> None:
    """`dagbuild list | head -1` is no error to talk about."""
    nodes = "\n".join(
        f"def a_node_with_quite_a_long_name_{number}() -> int:\n    return {number}\n"
        for number in range(3000)
    )
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["many"]\n'})
    (tmp_path / "many.py").write_text(nodes)
    process = subprocess.Popen(
        [sys.executable, "-m", "dagbuild", "list"],
        cwd=tmp_path,
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.wait(20)

    assert said == ""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A full disk behind `>` is no bug: of a command that imports the project, and of one that need not."""
    write_files(
        tmp_path, {"dagbuild.toml": 'modules = ["one"]\n', "one.py": "def one() -> int:\n    return 1\n"}
    )
    for command in (["one"], ["status"], ["status"], ["stats", "--json"]):
        with Path("/dev/full").open("w") as full:
            ended = subprocess.run(
                [sys.executable, "-m", "dagbuild", *command],
                cwd=tmp_path, env=make_environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip

        assert ended.returncode == 2, command
        assert "error: the output cannot be written: No space left on device\n  try: " in ended.stderr
        assert "Traceback" not in ended.stderr
        assert "Exception ignored" not in ended.stderr


def test_bug_keeps_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is our fault is said to be, with everything a report needs, and ends with 70."""

    def burst(self: Any) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("dagbuild.cli.session.Session.settings", property(burst))

    status = main.run(["--project", str(tmp_path), "status"])

    said = capsys.readouterr().err
    assert status == 70
    assert "KeyError: 'surprise'" in said
    assert "Traceback" in said
    assert "report it" in said


@pytest.mark.parametrize(("variables", "coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True)])
def test_pipes_have_no_colours_unless_asked(tmp_path: Path, variables: Any, coloured: Any) -> None:
    """What goes to a file is plain text; FORCE_COLOR is heeded, and NO_COLOR above it."""
    write_files(tmp_path, SLOW)

    assert ("\x1b[" in dagbuild(tmp_path, "status", **variables).stdout) is coloured
    assert "\x1b[" not in dagbuild(tmp_path, "status", NO_COLOR="1", **variables).stdout


def in_terminal(folder: Path, *args: str, **variables: str) -> str:
    """Run a command with a terminal for its output, and return all that came to it."""
    leader, follower = pty.openpty()
    environment = make_environment(TERM="xterm-256color", **variables)
    process = subprocess.Popen(
        [sys.executable, "-m", "dagbuild", *args],
        cwd=folder,
        env=environment,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    said = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not chunk:
            break
        said += chunk
    process.wait(20)
    os.close(leader)
    return said.decode()


def test_terminal_shows_what_runs(tmp_path: Path) -> None:
    """In a terminal a node that takes a while is seen while it runs, and is gone from the picture after."""
    write_files(tmp_path, SLOW)
    (tmp_path / "slow.py").write_text((tmp_path / "slow.py").read_text().replace("sleep(60)", "sleep(0.6)"))

    said = in_terminal(tmp_path, "slow")

    assert re.search(r"slow \d+ ms", said)
    assert "1/2" in said
    assert said.rstrip().endswith("1")  # the target's value comes last
    assert "\x1b[?25h" in said  # the cursor is back


def test_terminal_says_that_an_import_takes_long(tmp_path: Path) -> None:
    """Who waits is told for what, whether a command imports first or in the midst of a build."""
    write_files(tmp_path, SLOW)
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(0.7)\n\ndef quick() -> int:\n    return 1\n")

    first = in_terminal(tmp_path, "build", "quick")
    dagbuild(tmp_path, "status")  # two imports have said the same: a command begins with what is remembered
    again = in_terminal(tmp_path, "build", "quick", "--force", "quick")
    without = dagbuild(tmp_path, "build", "quick", "--force", "quick").stdout

    assert first.count("importing the project ...") == 1
    assert "importing the project ... " in again
    assert "importing" not in without


def test_narrow_and_dumb_terminals_are_served(tmp_path: Path) -> None:
    """Few columns wrap, and NO_COLOR means it in a terminal too."""
    write_files(tmp_path, SLOW)

    said = in_terminal(tmp_path, "status", COLUMNS="30", NO_COLOR="1")

    assert "\x1b" not in said
    assert max(len(line) for line in said.splitlines()) <= 30
