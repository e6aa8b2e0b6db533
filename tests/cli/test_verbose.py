"""What nodes print while they run: behind their names where that is asked for, and never a secret."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.sessions import WarmCommands
from tests.cli.test_ends import in_terminal
from tests.support import write_files

FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "nodes.py": """
        import os
        import sys

        def meet(mode: int) -> None:
            os.close(os.open("door", mode))  # opens once somebody is at the other side

        def left() -> int:
            for number in range(20):
                print("left", end=" ")
                print("line", number)
            meet(os.O_RDONLY)
            return 1

        def right() -> int:
            for number in range(20):
                sys.stderr.write(f"right line {number}\\n")
            meet(os.O_WRONLY)
            return 2

        def bars(given: int = 0) -> int:
            print("no ", end="", flush=True)
            print("end yet")
            for number in range(50):
                sys.stderr.write(f"\\r{number:3d} of 49")
                sys.stderr.flush()
            sys.stderr.write("\\n")
            print()
            print("two\\nlines")
            print("no end of line", end="")
            return 1

        def links(given: int = 0) -> int:
            print("reading https://user:word", end="", flush=True)
            print("@example.org/x?key=value")
            return 1

        def tells(given: int = 0) -> int:
            token = os.environ["API_TOKEN"]
            print(f"whole {token}")
            print(f"halves {token[:3]}", end="", flush=True)
            print(token[3:])
            print("https://user:word", end="", flush=True)
            print("@example.org/x?key=value")
            sys.stderr.write(f"bar {token[:4]}")
            sys.stderr.flush()
            sys.stderr.write(f"{token[4:]}\\rbar again\\n")
            print("no end of line: " + token, end="", flush=True)
            raise ValueError(token)
    """,
}
TOKEN = "hunter22-and-more"


def write(folder: Path) -> None:
    write_files(folder, FILES)


def said(done: subprocess.CompletedProcess[str], name: str) -> list[str]:
    """Return the lines behind a node's name."""
    return [
        line.removeprefix(f"{name} | ") for line in done.stderr.splitlines() if line.startswith(f"{name} | ")
    ]


def test_lines_of_two_nodes_do_not_mix(warm: WarmCommands, tmp_path: Path) -> None:
    """Each stands behind the name of its node, whole, on standard error, while JSON is on standard output."""
    write(tmp_path)
    os.mkfifo(tmp_path / "door")
    done = warm.apart(tmp_path, "build", "left", "right", "-v", "--json", "-j", "2")

    assert said(done, "left") == [f"left line {number}" for number in range(20)]
    assert said(done, "right") == [f"right line {number}" for number in range(20)]
    assert "line" not in done.stdout


@pytest.mark.parametrize("executor", ["local", "inline"])
def test_bars_and_lines_without_an_end_are_lines(warm: WarmCommands, tmp_path: Path, executor: str) -> None:
    """Of what draws over itself the last state is shown; what was cut is put together, and an empty line is one."""
    write(tmp_path)
    done = warm.apart(tmp_path, "build", "bars", "--verbose", "--executor", executor)

    lines = ["no end yet", " 49 of 49", "", "two", "lines", "no end of line"]
    assert sorted(said(done, "bars")) == sorted(lines)
    assert [line for line in said(done, "bars") if "of 49" not in line] == [lines[0], *lines[2:]]
    without = warm.apart(tmp_path, "build", "bars", "--force", "bars", "--executor", executor)
    assert "bars |" not in without.stderr
    assert "\n 48 of 49\n 49 of 49\n" in without.stderr


@pytest.mark.parametrize("executor", ["local", "inline"])
@pytest.mark.parametrize("option", ["-v", "--keep-going"])
def test_no_secret_is_shown(warm: WarmCommands, tmp_path: Path, executor: str, option: str) -> None:
    """However it is cut into writes, and whatever draws over it."""
    write(tmp_path)
    done = warm.apart(tmp_path, "build", "tells", option, "--executor", executor, API_TOKEN=TOKEN)

    assert done.returncode == 1
    text = done.stderr.replace("tells | ", "")
    for line in (
        "whole $API_TOKEN",
        "halves $API_TOKEN",
        "https://***@example.org/x?***",
        "no end of line: $API_TOKEN",
    ):
        assert line in text
    assert ("bar $API_TOKEN\n" in text) is (option != "-v")  # what was covered is there without names
    for part in (TOKEN, TOKEN[4:], "user:word", "key=value"):
        assert part not in done.stderr + done.stdout


@pytest.mark.parametrize("executor", ["local", "inline"])
def test_no_way_in_is_kept(warm: WarmCommands, tmp_path: Path, executor: str) -> None:
    """What a record keeps of what was printed may go to others."""
    write(tmp_path)
    assert warm(tmp_path, "build", "links", "--executor", executor).returncode == 0

    kept = b"".join(path.read_bytes() for path in (tmp_path / "cache" / "segments").iterdir())
    assert b"reading https://***@example.org/x?***" in kept


def test_names_stand_above_the_live_picture(tmp_path: Path) -> None:
    """Each line once, however often the picture is drawn."""
    write(tmp_path)
    text = in_terminal(tmp_path, "build", "bars", "-v")

    for line in ("no end yet", " 49 of 49", "two", "lines", "no end of line"):
        assert len(re.findall(rf"bars \| {line}\r\n", text)) == 1
