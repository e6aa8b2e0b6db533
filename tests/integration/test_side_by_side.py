"""Builds of one project at once, in processes of their own; and builds that are killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest

from dagbuild.plan.events import BuildStarted, Event, Notice
from tests.support import build, computed, forget_modules, write_files

ROOT = Path(__file__).parents[2]
NODES = 12


def write_project(folder: Path, seconds: float) -> None:
    """Write a chain of slow nodes; each writes down that it ran."""
    lines = [
        "import os, time",
        "def _ran(name):",
        "    with open(os.environ['DAGBUILD_TEST_RAN'], 'a') as log:",
        "        log.write(name + '\\n')",
        f"    time.sleep({seconds})",
        "def n0() -> int:\n    _ran('n0')\n    return 0",
    ]
    lines += [
        f"def n{i}(n{i - 1}: int) -> int:\n    _ran('n{i}')\n    return n{i - 1} + 1" for i in range(1, NODES)
    ]
    write_files(folder, {"nodes.py": "\n".join(lines), "dagbuild.toml": 'modules = ["nodes"]\n'})


def start(folder: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DAGBUILD_TEST_RAN": str(folder.parent / "ran.txt")}
    command = [sys.executable, "-m", "dagbuild", "--project", str(folder), f"n{NODES - 1}"]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(builder: subprocess.Popen[bytes]) -> str:
    out, _ = builder.communicate(timeout=120)
    assert builder.returncode == 0, out.decode()
    return out.decode()


def ran(folder: Path) -> Counter[str]:
    log = folder.parent / "ran.txt"
    return Counter(log.read_text().split() if log.exists() else [])


def test_builders_side_by_side_compute_each_node_once(tmp_path: Path) -> None:
    """The same node wanted by several is computed by one, while the others wait for its record."""
    write_project(tmp_path / "project", seconds=0.05)

    builders = [start(tmp_path / "project") for _ in range(4)]
    for builder in builders:
        finish(builder)

    assert ran(tmp_path / "project") == Counter(f"n{i}" for i in range(NODES))


NODE = {
    "plain": """
        def slow() -> int:
            return wait_and(3)
    """,
    "code found at run time": """
        import importlib

        def slow() -> int:
            return wait_and(importlib.import_module("plug" + "ins").three())
    """,
    "a file that nobody declared": """
        import json

        def slow() -> int:
            return wait_and(json.load(open("three.json")))
    """,
    "a value of a class of the project": """
        class Three:
            number = 3

        def slow() -> Three:
            return wait_and(Three())
    """,
}


@pytest.mark.parametrize(
    ("executor", "code"),
    [
        *((executor, code) for executor in ("local", "inline") for code in NODE),
        # Each build starts a Ray of its own, which takes seconds.
        *(("ray", code) for code in ("code found at run time", "a value of a class of the project")),
    ],
)
def test_of_two_builds_that_want_a_node_one_computes(tmp_path: Path, executor: str, code: str) -> None:
    """On every executor, whatever its record rests on: both have planned to run it before either does."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    project = tmp_path / "project"
    write_files(
        project,
        {
            "nodes.py": "from waiting import wait_and\n" + textwrap.dedent(NODE[code]),
            "waiting.py": f"""
                import time
                from pathlib import Path

                def wait_and(value):
                    with open({str(tmp_path / "ran")!r}, "a") as log:
                        log.write("slow\\n")
                    while not Path({str(tmp_path / "go")!r}).exists():
                        time.sleep(0.01)
                    return value
            """,
            "plugins.py": "def three() -> int:\n    return 3\n",
            "three.json": "3",
            "dagbuild.toml": 'modules = ["nodes"]\n',
        },
    )
    command = [sys.executable, "-m", "dagbuild", "build", "slow", "--json", "--executor", executor]
    builders = [
        subprocess.Popen(command, cwd=project, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [_read_until(builder, "step_started") for builder in builders]
    (tmp_path / "go").touch()
    ends = [
        lines + builder.communicate(timeout=120)[0].splitlines()
        for lines, builder in zip(said, builders, strict=True)
    ]

    assert [builder.returncode for builder in builders] == [0, 0]
    assert (tmp_path / "ran").read_text().split() == ["slow"]
    hows = [
        event["how"]
        for lines in ends
        for event in map(json.loads, lines)
        if event["event"] == "step_finished"
    ]
    assert sorted(hows) == ["computed", "reused"]


def _read_until(builder: subprocess.Popen[str], event: str) -> list[str]:
    """Return the lines that a build has printed up to an event."""
    assert builder.stdout is not None
    lines = []
    for line in builder.stdout:
        lines.append(line)
        if json.loads(line)["event"] == event:
            break
    return lines


def test_a_build_takes_what_another_made_since_it_was_planned(tmp_path: Path) -> None:
    """Also where it never met the other: that one began and ended between the plan and the first step."""
    write_files(
        tmp_path,
        {
            "nodes.py": "def a() -> int:\n    return 1\n\ndef b(a: int) -> int:\n    return a + 1\n",
            "dagbuild.toml": 'modules = ["nodes"]\n',
        },
    )
    others: list[set[str]] = []

    def hear(event: Event) -> None:
        if isinstance(event, BuildStarted):
            others.append(computed(build(tmp_path, "b")))

    result = build(tmp_path, "b", on_event=hear)
    forget_modules(tmp_path)

    assert others == [{"a", "b"}]
    assert computed(result) == set()
    assert result.values == {"b": 2}


def test_who_waits_is_told_for_whom(tmp_path: Path) -> None:
    """What is waited for, and which process is at it."""
    project = tmp_path / "project"
    write_files(
        project,
        {
            "nodes.py": f"""
                import time
                from pathlib import Path

                def n{NODES - 1}() -> int:
                    Path(__file__).with_name("begun").touch()
                    while not Path(__file__).with_name("go").exists():
                        time.sleep(0.01)
                    return 1
            """,
            "dagbuild.toml": 'modules = ["nodes"]\n',
        },
    )
    told: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Notice) and "waiting" in event.text:
            told.append(event.text)
            (project / "go").touch()

    first = start(project)
    deadline = time.monotonic() + 60
    while not (project / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    result = build(project, f"n{NODES - 1}", on_event=hear)
    (project / "go").touch()
    finish(first)
    forget_modules(project)

    assert computed(result) == set()
    assert len(told) == 1
    assert told[0].startswith(f"'n{NODES - 1}' is being computed by process {first.pid} of ")


def test_killed_build_keeps_what_it_finished(tmp_path: Path) -> None:
    """Killed again and again, each time a few nodes further; nothing that was recorded runs twice."""
    project = tmp_path / "project"
    write_project(project, seconds=0.05)
    kills = 0
    while sum(ran(project).values()) < NODES and kills < 2 * NODES:
        before = sum(ran(project).values())
        builder = start(project)
        deadline = time.monotonic() + 60
        while (
            sum(ran(project).values()) < before + 3 and builder.poll() is None and time.monotonic() < deadline
        ):
            time.sleep(0.005)
        builder.send_signal(signal.SIGKILL)
        builder.wait()
        kills += 1

    finish(start(project))
    counts = ran(project)
    assert set(counts) == {f"n{i}" for i in range(NODES)}
    # A kill costs the node that was running, and no other.
    assert sum(counts.values()) <= NODES + kills
