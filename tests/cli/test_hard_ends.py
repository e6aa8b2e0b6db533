"""Nodes that end the process they run in, or try to: the build never ends as if all was well, and the node is named."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sessions import WarmCommands, make_environment
from tests.support import write_files

PROJECT = {
    "dagbuild.toml": 'modules = ["ends"]\n',
    "ends.py": """
        import ctypes
        import multiprocessing
        import os
        import posix
        import signal
        import sys
        import threading
        from os import _exit

        def fine() -> int:
            print("fine ran")
            return 5

        def quits() -> int:
            sys.exit(0)

        def quits_without_a_word() -> int:
            raise SystemExit

        def generator_exit() -> int:
            raise GeneratorExit

        def exits() -> int:
            os._exit(0)

        def exits_by_name() -> int:
            _exit(0)

        def exits_below() -> int:
            posix._exit(0)

        def aborts() -> int:
            os.abort()

        def becomes_another() -> int:
            os.execv("/bin/true", ["true"])

        def becomes_what_is_on_the_path() -> int:
            os.execlp("true", "true")

        def becomes_with_variables() -> int:
            os.execvpe("true", ["true"], {})

        def swallows() -> int:
            try:
                os._exit(0)
            except BaseException:
                return 1

        class Leaving:
            def __reduce__(self):
                os._exit(0)

        def leaves_when_stored() -> Leaving:
            return Leaving()

        def thread_exits() -> int:
            thread = threading.Thread(target=os._exit, args=(0,))
            thread.start()
            thread.join()
            return 1

        def killed() -> int:
            os.kill(os.getpid(), signal.SIGKILL)

        def terminated() -> int:
            os.kill(os.getpid(), signal.SIGTERM)

        def crash() -> int:
            ctypes.string_at(0)

        def native() -> int:
            ctypes.CDLL(None)._exit(0)

        def child_quits() -> int:
            return _wait_for(lambda: sys.exit(3))

        def child_quits_with_words() -> int:
            return _wait_for(lambda: sys.exit("words of a child"))

        def child_exits() -> int:
            return _wait_for(lambda: os._exit(4))

        def child_fails() -> int:
            return _wait_for(lambda: 1 // 0)

        def child_becomes_another() -> int:
            return _wait_for(lambda: os.execv("/bin/sh", ["sh", "-c", "exit 5"]))

        def child_returns() -> int:
            child = os.fork()
            if child == 0:
                return -1
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

        def worker() -> int:
            process = multiprocessing.get_context("fork").Process(target=sys.exit, args=(6,))
            process.start()
            process.join()
            return process.exitcode

        def _wait_for(end) -> int:
            child = os.fork()
            if child == 0:
                end()
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    """,
}
REFUSED = [
    "quits", "quits_without_a_word", "generator_exit", "exits", "exits_by_name", "exits_below", "aborts", "becomes_another",
    "becomes_what_is_on_the_path", "becomes_with_variables", "swallows", "leaves_when_stored",
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, PROJECT)
    return tmp_path


INLINE = ("build", "--executor", "inline")
"""Where a node has no process of its own to end."""


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that has just started."""
    return subprocess.run(
        [sys.executable, "-m", "dagbuild", *args],
        cwd=folder,
        env=make_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_node_cannot_end_the_build(project: Path) -> None:
    """Each way out that Python has fails the node, with its name and the user's line; the rest goes on."""
    done = run(project, "build", "-k", *REFUSED, "fine")

    assert done.returncode == 1, done.stderr
    for node in REFUSED:
        assert f"failed {node}: " in done.stderr
        if node != "leaves_when_stored":
            assert f", in {node}\n" in done.stderr
    assert "fine ran" in done.stderr
    assert f"{len(REFUSED)} failed, 1 computed" in done.stdout


@pytest.mark.parametrize("node", REFUSED)
def test_a_node_that_would_end_the_build_fails_it(warm: WarmCommands, project: Path, node: str) -> None:
    """Alone, and without --keep-going, too."""
    done = warm.apart(project, "build", node, "--json")

    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [event["node"] for event in events if event.get("how") == "failed"] == [node]
    assert events[-1]["failed"]


def test_a_thread_that_ends_the_build_is_told(project: Path) -> None:
    """It cannot be kept from it, but the status is not 0 and the node is named."""
    done = run(project, *INLINE, "-k", "fine", "thread_exits")

    assert done.returncode == 1
    assert "os._exit(0) in a thread ended the build while `thread_exits` ran" in done.stderr


@pytest.mark.parametrize(
    ("node", "status"),
    [
        ("child_quits", 3),
        ("child_quits_with_words", 1),
        ("child_exits", 4),
        ("child_fails", 1),
        ("child_becomes_another", 5),
        ("child_returns", 0),
        ("worker", 6),
    ],
)
def test_a_copy_of_the_process_ends_where_it_leaves_the_node(
    warm: WarmCommands, project: Path, node: str, status: int
) -> None:
    """With the status that Python would give it; it is not a second build."""
    done = warm.apart(project, "build", node, "--json")

    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [event["event"] for event in events].count("build_finished") == 1
    lines = warm.apart(project, "build", node).stdout.splitlines()
    assert [node, str(status)] in [line.split() for line in lines]
    assert ("words of a child" in done.stderr) == (node == "child_quits_with_words")
    assert ("ZeroDivisionError" in done.stderr) == (node == "child_fails")


@pytest.mark.parametrize("node", ["killed", "terminated", "crash"])
@pytest.mark.parametrize(
    "command", [["status"], ["build", "fine"], ["build", "fine", "--json"]], ids=" ".join
)
def test_the_next_command_tells_what_was_running(
    warm: WarmCommands, project: Path, node: str, command: list[str]
) -> None:
    """Once, whichever command it is; what was finished is there."""
    done = warm.apart(project, *INLINE, "-k", "fine", node)
    assert done.returncode < 0

    first, second = warm.apart(project, *command), warm.apart(project, *command)

    told = f"`{node}` was running when an earlier build ended without a word"
    assert told in (first.stdout if "--json" in command else first.stderr)
    assert told not in second.stdout + second.stderr
    assert "fine ran" not in first.stderr + second.stderr


def test_a_driver_tells_it_to_the_log(project: Path) -> None:
    """Where nobody listens to its events, as in a notebook."""
    run(project, *INLINE, "killed")
    script = "import ends; from dagbuild import Driver; print(Driver({}, ends).execute(['fine']))"

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project,
        env=make_environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert "`killed` was running when an earlier build ended without a word" in done.stderr
    assert "{'fine': 5}" in done.stdout


def test_native_code_that_ends_the_process_is_told_by_the_next_command(project: Path) -> None:
    """Nothing of Python's sees it end."""
    run(project, *INLINE, "native")

    assert "`native` was running when" in run(project, "status").stderr


def test_a_crash_shows_the_users_line_at_once(project: Path) -> None:
    """Before the process ends."""
    done = run(project, *INLINE, "crash")

    assert done.returncode == -signal.SIGSEGV
    assert "in crash" in done.stderr
    assert "ends.py" in done.stderr


def test_of_a_build_that_ends_in_order_nothing_is_told(project: Path) -> None:
    """Neither of one that failed, nor of a node that is done when its build is killed."""
    run(project, "build", "fine", "quits")

    done = run(project, "status")

    assert "earlier build" not in done.stderr
    assert not list((project / "cache" / "running").iterdir())
