"""What nodes and modules print, and what a command gives: where each of them goes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sessions import make_environment
from tests.cli.test_ends import in_terminal
from tests.support import write_files

PROJECT = {
    "dagbuild.toml": 'modules = ["loud"]\n',
    "loud.py": """
        import os
        import subprocess
        import sys

        print("a module", flush=True)
        os.write(1, b"a module past the stream\\n")

        def loud() -> int:
            print("a node")
            sys.stdout.buffer.write(b"bytes of a node\\n")
            os.write(1, b"a node past the stream\\n")
            subprocess.run(["echo", "a child"], check=True)
            subprocess.run(["echo", "a child with our stream"], stdout=sys.stdout, check=True)
            print("a node without an end of line", end="")
            return 1
    """,
}
NODE = ["a node", "bytes of a node", "a node past the stream", "a child", "a child with our stream"]
END = "a node without an end of line"


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dagbuild", *args],
        cwd=folder,
        env=make_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        "build loud --json",
        "status --json",
        "plan --json",
        "explain loud --json",
        "list --json",
        "check --json",
    ],
)
def test_json_is_nothing_but_json(tmp_path: Path, command: str) -> None:
    """Whatever modules and nodes print, and however, is on standard error."""
    write_files(tmp_path, PROJECT)

    done = run(tmp_path, *command.split())

    for text in done.stdout.splitlines() if command.startswith("build") else [done.stdout]:
        json.loads(text)
    said = done.stderr.splitlines()
    assert {"a module", "a module past the stream"} <= set(said)
    if command.startswith("build"):
        assert set(NODE) <= set(said)
        assert END in done.stderr


AFTERWARDS = {
    "dagbuild.toml": 'modules = ["late"]\n',
    "late.py": """
        import atexit
        import os
        import subprocess
        import threading

        ended = threading.Event()

        def _speak() -> None:
            ended.wait()
            print("a thread", flush=True)

        thread = threading.Thread(target=_speak, daemon=True)
        thread.start()
        atexit.register(thread.join)
        atexit.register(ended.set)
        atexit.register(print, "at the end")
        atexit.register(os.write, 1, b"past the stream\\n")
        atexit.register(subprocess.run, ["echo", "a child"])

        def loud() -> int:
            return 1
    """,
}


@pytest.mark.parametrize("command", ["build loud --json", "status --json", "list --json"])
def test_json_ends_with_the_command(tmp_path: Path, command: str) -> None:
    """What threads and exit handlers print afterwards is on standard error as well."""
    write_files(tmp_path, AFTERWARDS)

    done = run(tmp_path, *command.split())

    for text in done.stdout.splitlines() if command.startswith("build") else [done.stdout]:
        json.loads(text)
    assert {"at the end", "past the stream", "a child", "a thread"} <= set(done.stderr.splitlines())


def test_what_nodes_print_is_in_the_events_with_logs(tmp_path: Path) -> None:
    """Of what was reused, too: what the node printed when it ran."""
    write_files(tmp_path, PROJECT)
    run(tmp_path, "build", "loud")

    done = run(tmp_path, "build", "loud", "--json", "--logs")

    events = [json.loads(line) for line in done.stdout.splitlines()]
    [log] = [event["log"] for event in events if event["event"] == "step_finished"]
    lines = ["a node", "bytes of a node", "a node past the stream", "a child", "a child with our stream", END]
    assert sorted(log.splitlines()) == sorted(lines)
    assert log.endswith(END)


@pytest.mark.parametrize("executor", ["local", "inline"])
def test_what_nodes_print_is_no_part_of_what_a_command_gives(tmp_path: Path, executor: str) -> None:
    """It is on standard error, in the order in which it was written, whoever writes."""
    write_files(tmp_path, PROJECT)

    done = run(tmp_path, "build", "loud", "--executor", executor)

    assert sorted(line for line in done.stderr.splitlines() if line in NODE) == sorted(NODE)
    assert not set(NODE) & set(done.stdout.splitlines())
    assert done.stdout.splitlines()[-1].split() == ["loud", "1"]


@pytest.mark.parametrize("executor", ["local", "inline"])
def test_log_of_a_node_shows_what_its_newest_run_printed(tmp_path: Path, executor: str) -> None:
    """Without `--logs`, and nothing of earlier runs; the list of all nodes stays a list."""
    write_files(tmp_path, PROJECT)
    run(tmp_path, "build", "loud", "--executor", executor)
    source = (tmp_path / "loud.py").read_text()
    (tmp_path / "loud.py").write_text(source.replace('print("a node")', 'print("a newer node")'))
    run(tmp_path, "build", "loud", "--executor", executor)

    one, each, every = (run(tmp_path, "log", *words).stdout for words in (["loud"], ["loud", "--logs"], []))

    assert one.count("  | a newer node\n") == each.count("  | a newer node\n") == 1
    assert ("  | a node\n" in one, "  | a node\n" in each) == (False, True)
    assert "  | " not in every


def test_the_reader_of_json_may_leave(tmp_path: Path) -> None:
    """The build ends as other programs do, without a traceback."""
    write_files(tmp_path, PROJECT)
    process = subprocess.Popen(
        [sys.executable, "-m", "dagbuild", "build", "loud", "--json"],
        cwd=tmp_path,
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=60)

    assert process.returncode == 141
    assert "Traceback" not in said
    assert "Exception ignored" not in said


BARS = {
    "dagbuild.toml": 'modules = ["bars"]\n',
    "bars.py": """
        import sys

        def bars() -> int:
            print("before the bar")
            for number in range(50):
                sys.stderr.write(f"\\r{number:3d} of 49")
                sys.stderr.flush()
            sys.stderr.write("\\n")
            print("after the bar")
            print("no end of line", end="")
            return 1
    """,
}


def test_a_bar_in_a_terminal_is_one_line(tmp_path: Path) -> None:
    """Each time it draws itself it stands in its own place; what is above the picture stays."""
    write_files(tmp_path, BARS)

    said = in_terminal(tmp_path, "build", "bars")

    assert said.count("49 of 49\r\n") == 1
    # In the picture, which is drawn over, it may stand as it was a moment ago.
    assert not re.search(r"48 of 49\r\n(?!\x1b\[[0-9;]*m\u2501)", said)
    for line in ("before the bar", "after the bar", "no end of line"):
        assert f"{line}\r\n" in said


WHERE = {
    "dagbuild.toml": 'modules = ["where"]\n',
    "where.py": """
        import os
        import sys
        import time

        def one() -> int:
            print("one begins", flush=True)
            time.sleep(0.5)
            return os.getpid()

        def two() -> int:
            sys.stderr.write("two begins\\n")
            time.sleep(0.5)
            return os.getpid()
    """,
}


def test_steps_have_processes_of_their_own_under_a_live_picture_too(tmp_path: Path) -> None:
    """The thread that draws is none that a step may need."""
    write_files(tmp_path, WHERE)

    said = in_terminal(tmp_path, "build", "one", "two", "-j", "2")

    assert "steps run in this process" not in said
    assert "one begins\r\n" in said and "two begins\r\n" in said
    assert len(set(re.findall(r"^  (?:one|two)  (\d+)\r$", said, re.MULTILINE))) == 2
