"""What is left of a failed node: its failed run in log and status, the command to repeat, the debugger."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sessions import WarmCommands, make_environment
from tests.support import write_files

FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n[config]\nrate = 0\n',
    "nodes.py": """
        def sales() -> list[int]:
            return [1, 2]

        def forecast(sales: list[int], rate: int) -> float:
            print("dividing")
            return sum(sales) / rate

        def loud() -> int:
            raise ValueError("x" * 3_000_000)
    """,
}


@pytest.mark.parametrize("executor", ["local", "inline"])
def test_a_failed_run_is_told_until_it_succeeds(warm: WarmCommands, tmp_path: Path, executor: str) -> None:
    """Only for the code and inputs that it failed with; what it printed and raised is in the log."""
    write_files(tmp_path, FILES)
    assert warm(tmp_path, "build", "forecast", "--executor", executor).returncode == 1

    assert "failed just now: ZeroDivisionError: division by zero" in warm(tmp_path, "status").stdout
    log = warm(tmp_path, "log", "forecast", "--logs").stdout
    assert "| dividing" in log
    assert "in forecast" in log
    [run] = json.loads(warm(tmp_path, "log", "forecast", "--json").stdout)
    assert (run["failed"], run["kind"], run["log"]) == (True, "ZeroDivisionError", "dividing\n")
    assert "failed just now" not in warm(tmp_path, "--set", "rate=2", "status").stdout
    nodes = tmp_path / "nodes.py"
    nodes.write_text(nodes.read_text().replace("/ rate", "/ (rate or 1)"))
    assert "failed just now" not in warm(tmp_path, "status", "forecast").stdout
    assert warm(tmp_path, "build", "forecast").returncode == 0
    assert warm(tmp_path, "log", "forecast").stdout.count("ZeroDivisionError") == 1  # of the older code


def test_the_command_to_run_again_reproduces(warm: WarmCommands, tmp_path: Path) -> None:
    """What was given on the command line is in it."""
    write_files(tmp_path, FILES)
    words = ["--set", "rate=0", "build", "forecast", "--override", "sales=[7, 8]", "--executor", "inline"]
    told = warm(tmp_path, *words, "-j", "1").stdout
    [line] = [line for line in told.splitlines() if "run it again with: " in line]
    again = warm(tmp_path, *shlex.split(line.partition("dagbuild ")[2]))

    assert "ZeroDivisionError" in again.stdout
    assert "[7, 8]" in again.stdout
    assert "-j 1" in line


@pytest.mark.parametrize("executor", ["local", "inline"])
def test_a_message_of_megabytes_is_cut(warm: WarmCommands, tmp_path: Path, executor: str) -> None:
    """What is left out is counted, with all frames, too."""
    write_files(tmp_path, FILES)
    told = warm(tmp_path, "build", "loud", "--executor", executor, "--traceback").stdout

    assert "letters are left out" in told
    assert len(told) < 200_000


def test_debug_stops_where_it_failed(warm: WarmCommands, tmp_path: Path) -> None:
    """With the inputs from the cache; what is missing above is named, and not built."""
    write_files(tmp_path, FILES)
    screen, terminal = pty.openpty()

    def debug() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dagbuild", "debug", "forecast"],
            cwd=tmp_path, env=make_environment(), stdin=terminal, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    try:
        lacks = debug()
        assert "dagbuild build sales" in lacks.stderr
        assert warm(tmp_path, "build", "sales").returncode == 0
        os.write(screen, b"p sales, rate\nq\n")
        done = debug()
    finally:
        os.close(screen)
        os.close(terminal)

    assert done.returncode == 1
    assert "([1, 2], 0)" in done.stdout + done.stderr
