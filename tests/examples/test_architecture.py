"""What docs/architecture.md shows of a running dagbuild is what one does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import dagbuild
from tests.support import write_files

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8")
MOST_FRAMES, SOME_FRAMES = 14, 8
CHANGING = {"started", "duration", "cpu", "memory", "host", "user", "run", "libraries", "packed"}
"""What is another thing each time, or with each version of a library."""

STACK = """
    import sys

    def told() -> list[list[str]]:
        frame, stack = sys._getframe(1), []
        while frame is not None:
            stack.append([frame.f_code.co_filename, frame.f_code.co_qualname])
            frame = frame.f_back
        return stack
"""


@pytest.fixture
def find_stack(run: Callable[..., Any], tmp_path: Path) -> Callable[[str], list[tuple[str, str]]]:
    """What gives our frames from a command to a node's function, on an executor."""

    def find(executor: str) -> list[tuple[str, str]]:
        write_files(tmp_path, {"dagbuild.toml": 'modules = ["stack"]', "stack.py": STACK})
        run("-m", "dagbuild", "told", "-o", "stack.json", "--executor", executor, cwd=tmp_path)
        package = Path(dagbuild.__file__).parent
        return [
            (str(Path(file).relative_to(package)), name.partition(".<locals>")[0])
            for file, name in reversed(json.loads((tmp_path / "stack.json").read_text()))
            if Path(file).is_relative_to(package) and name != "<module>"
        ]

    return find


def test_the_walk_goes_the_way_of_a_call(find_stack: Callable[[str], list[tuple[str, str]]]) -> None:
    """From the command to the user's function stand the frames that the page names, in that order, and few others."""
    stack = find_stack("local")

    walk = PAGE.partition("### How a target travels")[2].partition("\n### ")[0]
    named = re.findall(r"^\d\. `([\w/]+\.py)` `([\w.]+)`", walk, re.MULTILINE)
    assert len(named) > 5
    assert keep(stack, named) == named
    copied = [number for number, (file, _) in enumerate(stack) if file == "executors/zygote.py"]
    assert copied[0] <= MOST_FRAMES  # in the driver
    assert len(stack) - copied[-1] <= SOME_FRAMES  # in the process of the step


def test_the_way_within_one_process_is_short(find_stack: Callable[[str], list[tuple[str, str]]]) -> None:
    """There are no copies between."""
    stack = find_stack("inline")

    assert len(stack) <= MOST_FRAMES


def keep(stack: Iterable[tuple[str, str]], named: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those frames that are named, each once."""
    wanted = set(named)
    return list(dict.fromkeys(frame for frame in stack if frame in wanted))


def test_the_record_is_a_real_one(run: Callable[..., Any], copy: Callable[[str], Path]) -> None:
    """The record on the page has the parts that the command beside it prints today."""
    commands, shown = re.search(r"```sh\n(cd .*?)```\n\n```json\n(.*?)```", PAGE, re.DOTALL).groups()  # type: ignore[union-attr]
    first, *rest = commands.splitlines()
    project = copy(first.removeprefix("cd examples/"))

    for command in rest:
        said = run("-m", *command.split(), cwd=project).stdout

    assert blur(json.loads(said)) == blur(json.loads(shown))


def blur(data: Any) -> Any:
    """Return plain JSON without what differs from one machine, moment or release to the next."""
    match data:
        case dict():
            return {key: type(each) if key in CHANGING else blur(each) for key, each in data.items()}
        case ["package" | "python" as kind, name, _, _, where, counts]:
            return [kind, name, where, counts]
        case list():
            return [blur(each) for each in data]
        case str():
            return re.sub(r"xxh3-[0-9a-f]{32}", "DIGEST", data)
        case _:
            return data
