"""`dagbuild log --trace`: what ran when in a build, for a viewer of traces."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.sessions import WarmCommands
from tests.support import write_files

FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "nodes.py": """
        import os
        from dagbuild import Collect, Parallelizable

        def meet(mode: int) -> None:
            os.close(os.open("door", mode))  # opens once somebody is at the other side

        def left() -> int:
            meet(os.O_RDONLY)
            return 1

        def right() -> int:
            meet(os.O_WRONLY)
            return 2

        def both(left: int, right: int) -> int:
            return left + right

        def page(both: int) -> Parallelizable[int]:
            yield from range(both)

        def size(page: int) -> int:
            return page * 2

        def pages(size: Collect[int]) -> int:
            return sum(size)

        def broken(both: int) -> int:
            raise ValueError("no more")
    """,
}


def trace(warm: WarmCommands, folder: Path, *words: str) -> list[dict[str, Any]]:
    """Return the complete events of a trace, once it is seen to be what viewers take."""
    done = warm(folder, "log", "--trace", "out.json", *words)
    assert done.returncode == 0, done.stdout
    written = json.loads((folder / "out.json").read_text())
    events = written["traceEvents"]
    names = {(e["name"], e["pid"], e["tid"]) for e in events if e["ph"] == "M"}
    steps = [event for event in events if event["ph"] == "X"]
    assert len(steps) + len(names) == len(events)
    for event in steps:
        assert event["ts"] > 0 <= event["dur"]
        assert {("process_name", event["pid"], 0), ("thread_name", event["pid"], event["tid"])} <= names
    return steps


def end(event: dict[str, Any]) -> float:
    return float(event["ts"] + event["dur"])


def test_a_trace_has_the_steps_of_the_newest_run(warm: WarmCommands, tmp_path: Path) -> None:
    """What ran side by side overlaps, in rows of its own; what came after it does not; a later run is another trace."""
    write_files(tmp_path, FILES)
    os.mkfifo(tmp_path / "door")
    assert warm(tmp_path, "build", "pages", "-j", "2").returncode == 0
    steps = {event["name"]: event for event in trace(warm, tmp_path)}

    assert steps.keys() == {"left", "right", "both", "page", "pages", *(f"size[{i}]" for i in range(3))}
    left, right, both = steps["left"], steps["right"], steps["both"]
    assert left["ts"] < end(right)
    assert right["ts"] < end(left)
    assert left["tid"] != right["tid"]
    assert both["ts"] >= max(end(left), end(right)) - 1
    assert {event["args"]["how"] for event in steps.values()} == {"computed"}
    assert both["args"].keys() == {"how", "cpu", "memory", "artifact", "size", "machine", "user"}
    for one in steps.values():
        for other in steps.values():
            apart = one["tid"] != other["tid"] or one["ts"] >= end(other) - 1 or other["ts"] >= end(one) - 1
            assert one is other or apart

    [first] = {record["run"] for record in json.loads(warm(tmp_path, "log", "--json").stdout)}
    assert warm(tmp_path, "build", "broken").returncode == 1
    [broken] = trace(warm, tmp_path)
    assert (broken["name"], broken["args"]["how"]) == ("broken", "failed")
    assert broken["args"]["error"] == "ValueError: no more"
    assert warm(tmp_path, "build", "both").returncode == 0  # nothing runs
    assert len(trace(warm, tmp_path)) == 1
    assert {event["name"]: event for event in trace(warm, tmp_path, "--run", first)} == steps


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--trace", "out.json"], "nothing was built yet"),
        (["--trace", "out.json", "--run", "x"], "nothing is kept of a run 'x'"),
        (["--trace", "out.json", "left"], "not the node 'left'"),
        (["--run", "x"], "add --trace FILE"),
    ],
)
def test_a_trace_that_cannot_be_is_refused(
    warm: WarmCommands, tmp_path: Path, words: list[str], said: str
) -> None:
    """With what to do instead."""
    write_files(tmp_path, FILES)
    done = warm(tmp_path, "log", *words)

    assert done.returncode == 2
    assert said in done.stdout
