"""What others have written into records, logs and names is shown, and acts on no terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagbuild.report.style import Style, visible
from tests.security.attacks import Json, forge
from tests.security.conftest import ADA, Team, trusted
from tests.security.test_signatures import signed, unsigned
from tests.support import build

NODES = """
    def value() -> int:
        print("hello")
        return 7
"""

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b1A\x7f\u202egnp.exe\u2066[red]\r"

ACTS = {
    "clear": "\x1b[2J", "title": "\x1b]0;x\x07", "one byte": "\x9b2J", "delete": "\x7f", "back": "\b", "return": "\r",
    "turned": "\u202e", "isolated": "\u2066", "mark": "\u200f", "half": "\ud800", "zero": "\0", "line": "\u2028",
}  # fmt: skip


@pytest.mark.parametrize("what", ACTS)
def test_what_would_act_is_spelled(what: str) -> None:
    """Our own colours are left as they are beside it."""
    said = visible(Style(colour=True).paint(f"a{ACTS[what]}b", "error"))

    assert said.startswith("\x1b[1;")
    assert said.endswith("b\x1b[0m")
    assert "\\u" in said
    assert ACTS[what] not in said


def test_text_stays_text() -> None:
    """Lines, columns and letters of all languages, and what looks like markup, are nothing else."""
    text = "one\ttwo\r\nthree\n[red]é ☃ \U0001f600[/red]"

    assert visible(text) == text


def test_colours_of_others_are_none() -> None:
    """Nobody else knows the mark of this process."""
    assert "\x1b" not in visible("\ue000[31m \x1b[31m")


def _see(folder: Path, *words: str) -> bytes:
    """Return all that a command writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "DAGBUILD_KEY": ""}
    with subprocess.Popen(
        [sys.executable, "-m", "dagbuild", *words],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    ):
        os.close(theirs)
        seen = b""
        try:
            while data := os.read(ours, 65536):
                seen += data
        except OSError:  # Linux says so of a terminal that nobody writes to any more
            pass
    os.close(ours)
    return seen


def _forge(team: Team) -> None:
    def change(record: Json) -> Json:
        manifest: list[Any] = [
            [*part[:3], EVIL, EVIL, *part[5:]] if len(part) > 4 else part for part in record["manifest"]
        ]
        notes = [["process", EVIL, EVIL, EVIL]]
        changed = {
            **record,
            "user": EVIL,
            "host": EVIL,
            "run": EVIL,
            "log": EVIL,
            "notes": notes,
            "manifest": manifest,
        }
        return signed(unsigned(changed), ADA)

    forge(team.shared, "value", change)


@pytest.mark.parametrize(
    "words",
    [["value", "--logs"], ["status"], ["log"], ["log", "value"], ["explain", "value"], ["lineage", "value"]],
)
def test_commands(team: Team, words: list[str]) -> None:
    """Whatever a command tells of a record, to a terminal."""
    team.write(NODES, yours=trusted(ADA))
    build(team.mine, "value")
    _forge(team)
    _see(team.yours, "value")

    seen = _see(team.yours, *words)

    assert seen
    for acts in (
        b"\x1b]0;",
        b"\x1b[2J",
        b"\x07",
        b"\x7f",
        "\x9b".encode(),
        "\u202e".encode(),
        "\u2066".encode(),
    ):
        assert acts not in seen, (acts, seen)
