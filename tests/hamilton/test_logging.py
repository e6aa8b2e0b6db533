"""Log lines of runs, tasks and nodes: when, at which level and under which heading, as Hamilton's adapters write them."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hamilton")

LIBRARIES = ("hamilton", "dagbuild")

CODE = """
from LIBRARY.htypes import Collect, Parallelizable
from LIBRARY.plugins.h_logging import get_logger

logger = get_logger("own.lines")

def a(x: int, y: int = 3) -> int:
    logger.warning("in a, %s", x)
    logger.warning("bare", extra={"skip_context": True})
    return x
def b(a: int) -> float: return 1 / a
def each(a: int) -> Parallelizable[int]: yield from range(a)
def part(each: int, x: int) -> int:
    logger.warning("in part", extra={"node_context": True})
    return each
def parts(part: Collect[int]) -> int: return sum(part)
def later(x: int) -> int: return x
"""

ASYNC = """
from LIBRARY.plugins.h_logging import get_logger

async def a(x: int) -> int:
    get_logger("own.lines").warning("in a")
    return x
async def b(a: int) -> float: return 1 / a
"""


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def get(library: str, name: str) -> Any:
    return importlib.import_module(f"{library}.{name}")


def read(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str, bool]]:
    """Return logger, level, heading and whether there is a traceback of each line; of a user's own the text, too."""
    told = []
    for record in caplog.records:
        if not record.name.startswith("own."):
            continue
        text = re.sub(r"^Graph run '[^']*'", "Graph run ''", record.getMessage())
        heading = "".join(re.findall(r"(?:Graph run|Task|Node) '[^']*' - ", text))
        own = text if record.name == "own.lines" else heading
        told.append((record.name, record.levelname, own, bool(record.exc_info)))
    caplog.clear()
    return told


def play(
    library: str, names: list[str], inputs: dict[str, Any], *, dynamic: bool = False, **given: Any
) -> None:
    module = get(library, "ad_hoc_utils").module_from_source(
        CODE.replace("LIBRARY", library), f"lines_{library}"
    )
    adapter = get(library, "plugins.h_logging").LoggingAdapter("own.adapter")
    builder = get(library, "driver").Builder().with_modules(module).with_adapters(adapter)
    if dynamic:
        builder.enable_dynamic_execution(allow_experimental_mode=True)
        builder.with_remote_executor(get(library, "execution.executors").SynchronousLocalTaskExecutor())
    try:
        builder.build().execute(names, inputs=inputs, **given)
    except ZeroDivisionError:
        logging.getLogger("own.lines").error("raised")


RUNS: dict[str, dict[str, Any]] = {
    "nodes": {"names": ["b"], "inputs": {"x": 2}},
    "a node that fails": {"names": ["b"], "inputs": {"x": 0}},
    "an override": {"names": ["b"], "inputs": {}, "overrides": {"a": 2}},
    "tasks": {"names": ["b", "parts"], "inputs": {"x": 2}, "dynamic": True},
    "a task that fails": {"names": ["b"], "inputs": {"x": 0}, "dynamic": True},
    "an override in tasks": {"names": ["b"], "inputs": {}, "overrides": {"a": 2}, "dynamic": True},
}


@pytest.mark.parametrize("run", RUNS)
def test_lines_are_those_of_hamilton(caplog: pytest.LogCaptureFixture, run: str) -> None:
    """By level and heading; the words of a line are ours. Which task goes first is chance there."""
    told = {}
    for library in LIBRARIES:
        with caplog.at_level(logging.DEBUG):
            play(library, **RUNS[run])
        told[library] = read(caplog)

    if RUNS[run].get("dynamic"):
        assert sorted(told["dagbuild"]) == sorted(told["hamilton"])
    else:
        assert told["dagbuild"] == told["hamilton"]
    assert any(heading.startswith(("Node", "Task")) for _, _, heading, _ in told["dagbuild"])


@pytest.mark.parametrize("x", [2, 0])
def test_lines_of_coroutines_are_those_of_hamilton(caplog: pytest.LogCaptureFixture, x: int) -> None:
    """Each belongs to its node, whatever runs beside it."""
    told = {}
    for library in LIBRARIES:

        async def run(library: str = library) -> None:
            module = get(library, "ad_hoc_utils").module_from_source(
                ASYNC.replace("LIBRARY", library), f"loop_{library}"
            )
            adapter = get(library, "plugins.h_logging").AsyncLoggingAdapter("own.adapter")
            made = (
                await get(library, "async_driver")
                .Builder()
                .with_modules(module)
                .with_adapters(adapter)
                .build()
            )
            await made.execute(["b"], inputs={"x": x})

        with caplog.at_level(logging.DEBUG), contextlib.suppress(ZeroDivisionError):
            asyncio.run(run())
        told[library] = sorted(read(caplog))

    assert told["dagbuild"] == told["hamilton"]


def test_loggers_are_given_in_several_ways() -> None:
    """By name, as they are, or none: then the address is the name."""
    logs = get("dagbuild", "plugins.h_logging")

    assert logs.LoggingAdapter().logger.logger.name == "dagbuild.plugins.h_logging"
    assert logs.LoggingAdapter("one").logger.logger is logging.getLogger("one")
    assert logs.LoggingAdapter(logging.getLogger("two")).logger.logger.name == "two"
    context = logs.get_logger()
    assert logs.LoggingAdapter(context).logger is context
    assert context.logger is logging.getLogger()


def test_a_second_run_tells_of_its_own_errors(caplog: pytest.LogCaptureFixture) -> None:
    """An error that the run before has told of keeps none of the next one back."""
    module = get("dagbuild", "ad_hoc_utils").module_from_source(
        CODE.replace("LIBRARY", "dagbuild"), "lines_again"
    )
    adapter = get("dagbuild", "plugins.h_logging").LoggingAdapter("own.adapter")
    made = get("dagbuild", "driver").Builder().with_modules(module).with_adapters(adapter).build()

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            made.execute(["b"], inputs={"x": 0})

        assert sum(traceback for _, _, _, traceback in read(caplog)) == 1
