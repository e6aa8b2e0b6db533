"""Nodes that are tried again, and nodes that may take no longer than a time, in whole builds."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from dagbuild.executors.opening import count_cores
from dagbuild.plan.events import BuildResult, Event, How, Notice
from tests.integration.test_processes import command, start
from tests.support import build, computed, load_project, write_files

TOML = 'modules = ["nodes"]\n[executor]\njobs = 2\n'

FLAKY = """
    import os
    from pathlib import Path

    from dagbuild import Collect, Parallelizable, retry, timeout

    PROCESSES = Path(__file__).with_name("processes")

    def note() -> int:
        with PROCESSES.open("a") as file:
            print(os.getpid(), file=file)
        return len(PROCESSES.read_text().split())

    @retry(3, on=(OSError,))
    def prices() -> int:
        tried = note()
        print("try", tried)
        if tried < 3:
            raise ConnectionError(f"reset {tried}")
        return tried

    def doubled(prices: int) -> int:
        return 2 * prices
"""


def write(folder: Path, nodes: str) -> None:
    write_files(folder, {"dagbuild.toml": TOML, "nodes.py": nodes})


def notices(result: BuildResult) -> list[str]:
    """Return what was said but for what the nodes read."""
    return [notice.text for notice in result.notices if notice.kind != "undeclared"]


@pytest.mark.parametrize("executor", ["local", "inline"])
def test_each_try_is_a_step_of_its_own(tmp_path: Path, executor: str) -> None:
    """In a new process where there are any; the record is that of the last, as if it had been the only one."""
    write(tmp_path, FLAKY)

    result = build(tmp_path, "doubled", executor=executor)

    record = result.steps["prices"].record
    processes = (tmp_path / "processes").read_text().split()
    assert result.values == {"doubled": 6}
    assert len(processes) == 3
    assert len(set(processes)) == (3 if executor == "local" else 1)
    assert record is not None
    assert record.log == "try 3\n"
    assert notices(result) == [
        "'prices' failed (ConnectionError: reset 1); try 2 of 3 follows",
        "'prices' failed (ConnectionError: reset 2); try 3 of 3 follows",
    ]


def test_the_failure_that_is_kept_is_that_of_the_last_try(tmp_path: Path) -> None:
    """With what that one has printed; a success leaves none."""
    write(tmp_path, FLAKY.replace("tried < 3", "tried < 4"))

    result = build(tmp_path, "doubled")
    project = load_project(tmp_path)
    kept = list(project.failed_runs.iter_newest())
    project.close()
    again = build(tmp_path, "doubled")
    project = load_project(tmp_path)

    assert result.names(How.FAILED) == ["prices"]
    assert [(run.node, run.message, run.log) for run in kept] == [("prices", "reset 3", "try 3\n")]
    assert again.values == {"doubled": 8}
    assert project.failed_runs.is_empty()
    project.close()


def test_a_debugger_sees_the_first_failure(tmp_path: Path) -> None:
    """Without limits, a call is made once."""
    write(tmp_path, FLAKY)

    result = build(tmp_path, "prices", executor="inline", limits=False)

    failure = result.steps["prices"].failure
    assert failure is not None
    assert failure.message == "reset 1"
    assert notices(result) == []


EDITS = {
    "removed": "",
    "changed": '@retry(5, on=(KeyError,), wait="1 s")',
    "beside another": '@tag(owner="x")\n    @timeout(60)\n    @resources(2)\n    @retry(2)',
    "by a name": "@AGAIN",
}


def test_how_a_node_is_tried_decides_no_value(tmp_path: Path) -> None:
    """Whatever is said of it, nothing is stale."""
    nodes = """
    from dagbuild import resources, retry, tag, timeout

    AGAIN = retry(4)

    @retry(3)
    def prices() -> int:
        return 1

    def doubled(prices: int) -> int:
        return 2 * prices
    """
    write(tmp_path, nodes)
    assert computed(build(tmp_path, "doubled")) == {"prices", "doubled"}

    stale = {}
    for name, said in EDITS.items():
        write(tmp_path, nodes.replace("@retry(3)", said))
        stale[name] = computed(build(tmp_path, "doubled"))

    assert {name for name, nodes in stale.items() if nodes} == set()
    assert len(stale) == len(EDITS)


ELEMENTS = """
    import time
    from pathlib import Path

    from dagbuild import Collect, Parallelizable, retry, timeout

    def url() -> Parallelizable[str]:
        return ["a", "b", "c"]

    @retry(2)
    def page(url: str) -> str:
        tried = Path(__file__).with_name(f"{url}-tried")
        if url != "b" and not tried.exists():
            tried.touch()
            raise OSError("reset")
        return url

    @timeout(LIMIT)
    def size(page: str) -> int:
        time.sleep(600 if page == SLOW else 0)
        return 1

    def total(size: Collect[int]) -> int:
        return sum(size)
"""


def test_each_call_of_a_node_in_a_block_has_its_tries(tmp_path: Path) -> None:
    """Those that succeed are made once."""
    write(tmp_path, ELEMENTS.replace("LIMIT", "60").replace("SLOW", "None"))

    result = build(tmp_path, "total")

    assert result.values == {"total": 3}
    assert sorted(notices(result)) == [
        f"'page[{place}]' failed (OSError: reset); try 2 of 2 follows" for place in (0, 2)
    ]


def test_each_call_of_a_node_in_a_block_has_its_time(tmp_path: Path) -> None:
    """The one that takes longer fails alone."""
    write(tmp_path, ELEMENTS.replace("LIMIT", '"0.5 s"').replace("SLOW", '"b"'))

    result = build(tmp_path, "total", keep_going=True)

    failure = result.steps["size"].failure
    assert failure is not None
    assert failure.kind == "TimeoutError"
    assert failure.message.startswith("size[1]: took longer than its @timeout of 500 ms (")
    assert "nodes.py:" in failure.message


def test_a_limit_that_nobody_can_keep_is_said_once(tmp_path: Path) -> None:
    """In the build's own process nothing ends a step."""
    write(
        tmp_path,
        """
        from dagbuild import timeout

        @timeout(60)
        def one() -> int:
            return 1

        @timeout(60)
        def two(one: int) -> int:
            return one + 1
        """,
    )
    heard: list[Event] = []

    build(tmp_path, "two", executor="inline", on_event=heard.append)

    told = [event.text for event in heard if isinstance(event, Notice) and event.kind == "executor"]
    assert told == [
        "'one' may take longer than its @timeout: nothing ends a step that runs in the build's own process"
    ]


def test_a_build_that_only_waits_for_a_try_can_be_interrupted(tmp_path: Path) -> None:
    """Ctrl-C is heard at once."""
    write(tmp_path, FLAKY.replace("(OSError,)", '(OSError,), wait="24 h"'))
    running = start(tmp_path, "build", "doubled")
    assert running.stderr is not None
    line = ""
    while line := running.stderr.readline():
        if "try 2 of 3 in 24 h" in line:
            break

    running.send_signal(signal.SIGINT)

    running.communicate(timeout=60)
    assert "'prices' failed (ConnectionError: reset 1); try 2 of 3 in 24 h" in line
    assert running.returncode == 130


def test_what_a_decorator_cannot_take_is_told_with_its_place(tmp_path: Path) -> None:
    """As a mistake of the project, without a traceback."""
    write(tmp_path, FLAKY.replace("@retry(3, on=(OSError,))", '@retry(3, wait="soon")'))

    status, text = command(tmp_path, "build", "doubled")

    assert status == 2
    assert (
        text == "error: nodes.py:13: @retry: 'soon' is no duration\n  try: \"5s\", or a number of seconds\n"
    )


@pytest.mark.skipif(count_cores() < 2, reason="there is one core")
@pytest.mark.parametrize("begun", ["", "import numpy"], ids=["loaded later", "loaded by the import"])
def test_a_step_has_the_threads_of_the_cores_that_it_takes(tmp_path: Path, begun: str) -> None:
    """And the next one in its process those of its own."""
    write(
        tmp_path,
        f"""
        {begun}
        from dagbuild import resources

        def _count() -> list[int]:
            import numpy
            from threadpoolctl import threadpool_info

            return [pool["num_threads"] for pool in threadpool_info()]

        @resources(cpus=2)
        def two() -> list[int]:
            return _count()

        def one(two: list[int]) -> list[int]:
            return _count()
        """,
    )

    values = build(tmp_path, "one", "two", jobs=count_cores()).values

    assert set(values["two"]) == {2}
    if begun:
        assert set(values["one"]) == {1}
