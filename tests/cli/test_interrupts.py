"""Ctrl-C at any instant, from the first import to the end: 130, one word, no traceback.

A real signal, sent to a real process by itself: when it has begun its Nth import.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
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


LOST = {
    "a finalizer": "finalize()",
    "a weakref's callback": "referred = Plain(); r = weakref.ref(referred, lambda _: interrupt()); del referred",
    "the garbage collector": "one = Finalized(); one.itself = one; del one; gc.collect()",
    "many finalizers in a row": "many = [Finalized() for _ in range(1000)]; del many",
    "a block in a block": "with hearing(): finalize()",
    "a finalizer that is traced": "sys.settrace(lambda *_: trace); finalize()",
    "what tells of another error": "Failing()",
}
"""Where Python forgets a KeyboardInterrupt."""
LOSING = """
import gc
import os
import signal
import sys
import weakref

from dagbuild.cli.interrupts import hearing

def interrupt():
    {interrupt}

def trace(*_):
    return trace

class Plain: pass

class Finalized:
    def __del__(self):
        interrupt()

def finalize():
    Finalized()

class Failing:
    def __del__(self):
        raise ValueError

sys.unraisablehook = lambda _: interrupt()
with hearing():
    {lose}
    for _ in range(10): pass
    print("Ctrl-C was lost")
"""


@pytest.mark.parametrize("interrupt", ["raise KeyboardInterrupt", "os.kill(os.getpid(), signal.SIGINT)"])
@pytest.mark.parametrize("place", LOST)
def test_where_python_forgets_it_it_is_raised_once_more(place: str, interrupt: str) -> None:
    """Right behind, in the code that ran, and nobody reads of an exception that was ignored."""
    done = run_python(LOSING.format(lose=LOST[place], interrupt=interrupt))

    assert (done.returncode, done.stdout) == (-signal.SIGINT, "")
    assert done.stderr.endswith("\nKeyboardInterrupt\n")
    assert "ignored" not in done.stderr


def test_another_error_that_python_forgets_is_printed_as_ever() -> None:
    """Nothing is interrupted by it."""
    done = run_python(
        LOSING.format(lose="sys.unraisablehook = print; finalize()", interrupt="raise ValueError")
    )
    assert done.stdout.endswith("Ctrl-C was lost\n")
    assert "ValueError" in done.stdout


def test_a_build_ends_where_a_finalizer_in_its_first_node_was_interrupted(tmp_path: Path) -> None:
    """And it says of no node that it ended, nor that there was nothing to do."""
    node = """
        import os
        import signal

        class Interrupted:
            def __del__(self):
                os.kill(os.getpid(), signal.SIGINT)

        def one() -> int:
            Interrupted()
            return int("1")
    """
    write_files(tmp_path, {**FILES, "interrupted.py": node})

    done = dagbuild(tmp_path, "one", "--executor", "inline")

    assert done.returncode == 130, done.stdout
    assert re.fullmatch(r"interrupted after \S+ \S+\n.*; build again to go on\n", done.stdout), done.stdout


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that Ctrl-C ends, as in a terminal."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=make_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
