"""`dagbuild build --events`: what happens in a build, in a file that another program follows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.sessions import WarmCommands, make_environment
from tests.support import write_files

FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "nodes.py": """
        import os

        def base() -> list[int]:
            print("printed")
            return [1]

        def top(base: list[int]) -> int:
            with open("gate") as gate:
                gate.read()
            return base[0]

        def broken(base: list[int]) -> int:
            raise ValueError("because of " + os.environ["API_TOKEN"])

        def below(broken: int) -> int:
            return broken

        def named(base: list[int]) -> str:
            with open(os.environ["API_TOKEN"] + ".txt") as file:
                return file.read()
    """,
}


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def without_time(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in event.items() if name != "time"} for event in events]


def test_a_build_can_be_followed(tmp_path: Path) -> None:
    """Each event is there while the next step still runs, with its time; in the end, how all of it ended."""
    write_files(tmp_path, FILES)
    os.mkfifo(tmp_path / "gate")
    os.mkfifo(tmp_path / "events")
    process = subprocess.Popen(
        [sys.executable, "-m", "dagbuild", "build", "top", "--events", "events"],
        cwd=tmp_path, env=make_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with (tmp_path / "events").open() as lines:
        until = [json.loads(next(lines)) for _ in range(4)]
        (tmp_path / "gate").write_text("")  # `top` waits for it
        rest = [json.loads(line) for line in lines]

    assert process.wait(30) == 0
    events = [event for event in (*until, *rest) if event["event"] != "notice"]
    assert [(event["event"], event.get("node")) for event in events] == [
        ("build_started", None),
        ("step_started", "base"),
        ("step_finished", "base"),
        ("step_started", "top"),
        ("step_finished", "top"),
        ("build_finished", None),
    ]
    assert events[0]["plan"]["run"] == 2
    assert {"how", "seconds", "memory", "machine", "digest"} <= events[2].keys()
    assert events[-1]["status"] == "built"
    times = [event["time"] for event in events]
    assert times == sorted(times)


def test_the_events_are_those_of_json(warm: WarmCommands, tmp_path: Path) -> None:
    """One form for both; what failed and what it blocked is there; nothing that was there before, and no secret."""
    write_files(tmp_path, FILES)
    file = tmp_path / "events.jsonl"
    file.write_text("something\n" * 1000)
    words = ["build", "below", "--json", "--logs", "--executor", "inline", "--events", "events.jsonl"]
    done = warm.apart(tmp_path, *words, API_TOKEN="hunter22")

    assert done.returncode == 1
    events = read(file)
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert without_time(printed) == without_time(events)
    ended = {event["node"]: event for event in events if event["event"] == "step_finished"}
    assert ended["base"]["log"] == "printed\n"
    assert ended["broken"]["failure"]["message"] == "because of $API_TOKEN"
    assert ended["below"]["blocked_by"] == "broken"
    assert events[-1]["status"] == "failed"
    assert "hunter22" not in file.read_text()


def test_a_secret_in_a_name_stays_one(warm: WarmCommands, tmp_path: Path) -> None:
    """What is said of a file that a node reads, too."""
    write_files(tmp_path, {**FILES, "hunter22.txt": "text"})
    words = ["build", "named", "--executor", "inline", "--events", "events.jsonl"]
    done = warm.apart(tmp_path, *words, API_TOKEN="hunter22")

    assert done.returncode == 0
    events = read(tmp_path / "events.jsonl")
    assert any("$API_TOKEN.txt" in event["text"] for event in events if event["event"] == "notice")
    assert "hunter22" not in (tmp_path / "events.jsonl").read_text()


def test_what_is_up_to_date_is_written_each_time(warm: WarmCommands, tmp_path: Path) -> None:
    """An answer that is remembered without a build has no events."""
    write_files(tmp_path, FILES)
    for _ in range(3):
        assert warm(tmp_path, "build", "base", "--events", "events.jsonl").returncode == 0
    first = read(tmp_path / "events.jsonl")
    (tmp_path / "events.jsonl").unlink()
    assert warm(tmp_path, "build", "base", "--events", "events.jsonl").returncode == 0

    events = read(tmp_path / "events.jsonl")
    assert [event["event"] for event in events] == ["build_started", "step_finished", "build_finished"]
    assert events[0]["run"] != first[0]["run"]


@pytest.mark.parametrize("file", ["nowhere/events", ".", "s3://bucket/events", "nodes.py/x"])
def test_a_file_that_cannot_be_written_is_told_first(warm: WarmCommands, tmp_path: Path, file: str) -> None:
    """Nothing runs."""
    write_files(tmp_path, FILES)
    done = warm(tmp_path, "build", "base", "--events", file)

    assert done.returncode == 2
    assert f"error: '{file}'" in done.stdout
    assert "nothing was built" in warm(tmp_path, "log").stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_costs_the_events_alone(warm: WarmCommands, tmp_path: Path) -> None:
    """That is said once, and the build goes on."""
    write_files(tmp_path, FILES)
    done = warm(tmp_path, "build", "base", "--events", "/dev/full")

    assert done.returncode == 0
    assert done.stdout.count("no more events are written there") == 1
    assert "built `base`" in done.stdout
