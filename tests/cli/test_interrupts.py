"""Ctrl-C at any instant, from the first import to the end: 130, one word, no traceback.

A real signal, sent to a real process by itself: when it has begun its Nth import.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sessions import dagbuild, make_environment
from tests.support import write_files

FILES = {
    "dagbuild.toml": 'modules = ["interrupted"]\n',
    "interrupted.py": """
        import pandas as pd

        def one() -> pd.Series:
            return pd.Series([1])
    """,
}
INTERRUPTER = """
import os
import signal
import sys

count = -1

def hear(event, args):
    global count
    if event != "import":
        return
    if count < 0 and args[0] != "dagbuild.shortcut":
        return
    count += 1
    if count == int(os.environ["AT_IMPORT"]):
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(hear)
"""


def run_interrupted(folder: Path, at: int, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is interrupted when it begins its import number `at`; 0 is the first of ours."""
    (folder / "hook").mkdir(exist_ok=True)
    (folder / "hook" / "sitecustomize.py").write_text(INTERRUPTER)
    environment = make_environment(AT_IMPORT=str(at))
    environment["PYTHONPATH"] = f"{folder / 'hook'}:{environment['PYTHONPATH']}"
    return subprocess.run(
        [sys.executable, "-m", "dagbuild", *args],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # as in a terminal
    )


@pytest.mark.parametrize("command", ["one", "status"])
def test_no_instant_shows_a_traceback(tmp_path: Path, command: str) -> None:
    """While our own files are imported, the command line, the project, pandas, and when it is done."""
    write_files(tmp_path, FILES)
    ended = set()
    for at in (0, 1, 2, 5, 10, 20, 40, 60, 80, 120, 160, 220, 300, 400, 600, 800, 1000, 1500):
        done = run_interrupted(tmp_path, at, command)

        ended.add(done.returncode)
        assert done.returncode in (0, 1, 130), (at, done.stderr)  # 0 and 1: there are fewer imports
        assert "Traceback" not in done.stderr, (at, done.stderr)
        assert "Exception ignored" not in done.stderr, (at, done.stderr)
        if done.returncode == 130:
            # Once nodes may have run, what is kept of them is told.
            assert done.stderr.endswith("interrupted\n") or done.stdout.startswith("interrupted after "), at
    assert 130 in ended
    assert dagbuild(tmp_path, "one").returncode == 0


def test_the_shortest_answer_can_be_interrupted(tmp_path: Path) -> None:
    """What is said without importing anything, too."""
    write_files(tmp_path, {**FILES, "interrupted.py": "def one() -> int:\n    return 1\n"})
    for _ in range(4):
        assert dagbuild(tmp_path, "one").returncode == 0

    done = run_interrupted(tmp_path, 1, "one")

    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_background_that_ignores_it_goes_on(tmp_path: Path) -> None:
    """A shell's `&` and nohup ignore SIGINT for their children: so does the command."""
    write_files(tmp_path, FILES)
    code = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(INTERRUPTER)
    environment = make_environment(AT_IMPORT="20")
    environment["PYTHONPATH"] = f"{tmp_path / 'hook'}:{environment['PYTHONPATH']}"

    done = subprocess.run(
        [sys.executable, "-S", "-c", code, sys.executable, "-m", "dagbuild", "one"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
