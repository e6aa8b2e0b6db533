"""What adapters are told of tasks under dynamic execution: Hamilton's tasks, by its names, with what they take and give."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dagbuild import driver, lifecycle
from dagbuild.execution import executors
from dagbuild.ground.errors import UserError
from dagbuild.lifecycle import base as moments

pytest.importorskip("hamilton")

CODE = """
from LIBRARY.htypes import Collect, Parallelizable

def a(x: int, y: int = 3) -> int: return x + y
def each(a: int, top: int) -> Parallelizable[int]: yield from range(a)
def part(each: int, a: int) -> int: return each * a
def part_of_it(part: int, x: int) -> int: return part + x
def parts(part_of_it: Collect[int], x: int) -> int: return sum(part_of_it)
def last(parts: int) -> int: return parts
def fails(parts: int) -> int: raise ValueError("no")
def wrong(each: int) -> int: return 1 // (each - 1)
def wrongs(wrong: Collect[int]) -> int: return sum(wrong)
def other(top: int, parts: int) -> Parallelizable[int]: yield from range(top + parts)
def more(other: int) -> int: return other
def mores(more: Collect[int]) -> int: return sum(more)
"""

HOOKS = (
    "TaskSubmissionHook",
    "TaskReturnHook",
    "TaskExecutionHook",
    "TaskGroupingHook",
    "NodeExecutionHook",
)


class Hears:
    """Writes down what it is told, in words that do not hang on the library or on chance."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Any]] = []

    def run_after_task_grouping(self, *, task_ids: list[str], **_: Any) -> None:
        self.heard.append(("grouped", "", sorted(task_ids)))

    def run_after_task_expansion(self, *, task_id: str, parameters: Any, **_: Any) -> None:
        self.heard.append(("expanded", task_id, parameters))

    def run_before_task_submission(self, **told: Any) -> None:
        self.hear("submitted", told)

    def run_after_task_return(self, **told: Any) -> None:
        self.hear("returned", told)

    def run_before_task_execution(self, **told: Any) -> None:
        self.hear("begins", told)

    def run_after_task_execution(self, **told: Any) -> None:
        self.hear("ends", told)

    def run_before_node_execution(self, *, node_name: str, task_id: Any, node_kwargs: Any, **_: Any) -> None:
        self.heard.append(("calls", task_id, (node_name, node_kwargs)))

    def run_after_node_execution(self, *, node_name: str, task_id: Any, result: Any, **_: Any) -> None:
        self.heard.append(("called", task_id, (node_name, result)))

    def hear(self, what: str, told: Mapping[str, Any]) -> None:
        rest = {name: each for name, each in told.items() if name not in ("run_id", "task_id", "nodes")}
        rest |= {
            "nodes": {node.name for node in told["nodes"]},
            "purpose": told["purpose"].name,
            "error": repr(told.get("error")),
        }
        self.heard.append((what, told["task_id"], rest))


def play(
    library: str, names: list[str], *, threads: bool = False, **given: Any
) -> list[tuple[str, str, Any]]:
    made = importlib.import_module
    hooks = made(f"{library}.lifecycle.api")
    hears: Any = type("Told", (Hears, *(getattr(hooks, name) for name in HOOKS)), {})()
    executors = made(f"{library}.execution.executors")
    chosen = executors.MultiThreadingExecutor(2) if threads else executors.SynchronousLocalTaskExecutor()
    module = made(f"{library}.ad_hoc_utils").module_from_source(
        CODE.replace("LIBRARY", library), f"tasks_{library}"
    )
    builder = made(f"{library}.driver").Builder().with_modules(module).with_config({"top": 2})
    builder.enable_dynamic_execution(allow_experimental_mode=True).with_remote_executor(chosen)
    try:
        builder.with_adapters(hears).build().execute(names, **given)
    except (ValueError, ZeroDivisionError) as error:
        hears.heard.append(("raised", "", str(error)))
    heard: list[tuple[str, str, Any]] = hears.heard
    return heard


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


RUNS: dict[str, dict[str, Any]] = {
    "a block": {"names": ["last"], "inputs": {"x": -1}},
    "an input, and nothing in the block": {"names": ["last", "x"], "inputs": {"x": -3}},
    "an optional input": {"names": ["a"], "inputs": {"x": 1, "y": 1}},
    "an override": {"names": ["last"], "inputs": {"x": 1}, "overrides": {"a": 2}},
    "elements that are given": {"names": ["last"], "inputs": {"x": 1}, "overrides": {"each": [5, 6]}},
    "elements themselves": {"names": ["each"], "inputs": {"x": -1}},
    "a failure": {"names": ["a", "fails"], "inputs": {"x": -2}},
    "a failure in a block": {"names": ["wrongs"], "inputs": {"x": 0}},
    "a block after a block": {"names": ["mores"], "inputs": {"x": -1}},
}


@pytest.mark.parametrize("run", RUNS)
def test_is_told_what_hamilton_tells_of_tasks(run: str) -> None:
    """Each task has Hamilton's name, and is told of with the same words, values and order of its moments."""
    theirs, ours = (play(library, **RUNS[run]) for library in ("hamilton", "dagbuild"))

    # Which of two tasks that are both ready goes first is chance there: what each of them is told is compared.
    for task in sorted({task for _, task, _ in (*theirs, *ours)}):
        mine, its = ([each for each in heard if each[1] == task] for heard in (ours, theirs))
        assert mine == its


@pytest.mark.parametrize("run", ["a block", "a failure in a block"])
def test_threads_change_nothing_of_it(run: str) -> None:
    """But that tasks of a block begin before the first has ended."""
    plain, beside = (play("dagbuild", threads=threads, **RUNS[run]) for threads in (False, True))

    def tell(heard: list[tuple[str, str, Any]]) -> list[str]:
        return sorted(map(repr, heard))

    assert set(tell(plain)) <= set(tell(beside))
    if run == "a block":
        assert tell(plain) == tell(beside)


def test_a_task_goes_when_what_it_takes_is_back() -> None:
    """Each is told of before those that take what it gives."""
    heard = play("dagbuild", ["last", "mores"], inputs={"x": -1})

    moments_of = [(what, task) for what, task, _ in heard]
    for first, then in [
        ("x", "a"),
        ("a", "expand-each"),
        ("expand-each", "expand-each.0.block-each"),
        ("expand-each.1.block-each", "collect-each"),
        ("collect-each", "last"),
        ("collect-each", "expand-other"),
    ]:
        assert moments_of.index(("returned", first)) < moments_of.index(("submitted", then))


NESTED = """
from dagbuild.htypes import Collect, Parallelizable

def group(n: int) -> Parallelizable[int]: yield from range(n)
def member(group: int) -> Parallelizable[int]: yield from range(group)
def size(member: int, group: int) -> int: return member + group
def sizes(size: Collect[int]) -> int: return sum(size)
def all_sizes(sizes: Collect[int]) -> list: return list(sizes)
def share(group: int, all_sizes: list) -> float: return group / sum(all_sizes)
def shares(share: Collect[float]) -> list: return list(share)
def twice(share: Collect[float]) -> list: return [2 * each for each in share]
"""


def test_blocks_that_hamilton_cannot_run_are_tasks_as_well() -> None:
    """Elements of elements, several that take the same elements together, and a block that needs what came of it."""
    module = importlib.import_module("dagbuild.ad_hoc_utils").module_from_source(NESTED)
    hears: Any = type("Told", (Hears, *(getattr(lifecycle, name) for name in HOOKS)), {})()
    plain = driver.Builder().with_modules(module).build()
    dynamic = (
        driver.Builder()
        .with_modules(module)
        .enable_dynamic_execution()
        .with_remote_executor(executors.MultiThreadingExecutor(2))
        .with_adapters(hears)
        .build()
    )
    names = ["shares", "twice", "all_sizes", "share"]

    assert dynamic.execute(names, inputs={"n": 4}) == plain.execute(names, inputs={"n": 4})
    (grouped,) = [told for what, _, told in hears.heard if what == "grouped"]
    assert len(set(grouped)) == len(grouped)
    assert {"expand-group", "block-group-size", "block-group-share", "collect-group"} <= set(grouped)
    begun = [task for what, task, _ in hears.heard if what == "begins"]
    assert len(set(begun)) == len(begun)
    assert "expand-group.2.block-group-size.member.1" in {
        task for what, task, _ in hears.heard if what == "calls"
    }


def test_without_dynamic_execution_there_are_no_tasks() -> None:
    """As in Hamilton: each call of a node is told of, and has none."""
    module = importlib.import_module("dagbuild.ad_hoc_utils").module_from_source(
        CODE.replace("LIBRARY", "dagbuild")
    )
    hears: Any = type("Told", (Hears, *(getattr(lifecycle, name) for name in HOOKS)), {})()
    driver.Builder().with_modules(module).with_adapters(hears).build().execute(["a"], inputs={"x": 1})

    assert hears.heard == [("calls", None, ("a", {"x": 1})), ("called", None, ("a", 4))]


def test_who_has_calls_made_elsewhere_has_all_that_is_told_made_there() -> None:
    """It is given the node, what it takes, and what calls it with everybody told."""
    heard: dict[str, list[Any]] = {}
    for library in ("hamilton", "dagbuild"):
        seen: list[Any] = []
        there = importlib.import_module(f"{library}.lifecycle.base")

        class Sends(there.BaseDoRemoteExecute):  # type: ignore[name-defined,misc]
            def do_remote_execute(self, *, node: Any, execute_lifecycle_for_node: Any, **kwargs: Any) -> Any:
                seen.append(("sent", node.name, kwargs))  # noqa: B023
                return execute_lifecycle_for_node(**kwargs)

        class Looks(there.BasePreNodeExecute):  # type: ignore[name-defined,misc]
            def pre_node_execute(self, *, node_: Any, kwargs: Any, **_: Any) -> None:
                seen.append(("called", node_.name, kwargs))  # noqa: B023

        module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
            "def a(x: int) -> int: return x\ndef b(a: int, x: int) -> int: return a + x\n", f"sent_{library}"
        )
        made = importlib.import_module(f"{library}.driver").Builder().with_modules(module)
        assert made.with_adapters(Sends(), Looks()).build().execute(["b"], inputs={"x": 2}) == {"b": 4}
        heard[library] = seen

    assert heard["dagbuild"] == heard["hamilton"]
    assert issubclass(lifecycle.TaskExecutionHook, moments.BasePreTaskExecute)


OWN = """
from LIBRARY.function_modifiers import tag
from LIBRARY.htypes import Collect, Parallelizable

def each(n: int) -> Parallelizable[int]: yield from range(n)
def part(each: int) -> int: return each * 10
def parts(part: Collect[int]) -> list: return list(part)
@tag(where="there")
def sent(parts: list) -> int: return sum(parts)
"""


def make_own(library: str) -> tuple[Any, list[str]]:
    """Return a manager of executors of one's own, which chooses by tag, and what they have done."""
    executors = importlib.import_module(f"{library}.execution.executors")
    done: list[str] = []

    class Own(executors.TaskExecutor):  # type: ignore[name-defined,misc]
        def __init__(self, name: str) -> None:
            self.name = name
            self.busy: list[Any] = []

        def init(self) -> None:
            self.pool = ThreadPoolExecutor(1)
            done.append(f"{self.name} opens")

        def finalize(self) -> None:
            self.pool.shutdown()
            done.append(f"{self.name} closes")

        def can_submit_task(self) -> bool:
            return all(each.done() for each in self.busy)

        def submit_task(self, task: Any) -> Any:
            done.append(
                f"{self.name} {task.task_id} {task.base_id} {task.purpose.name} {task.spawning_task_id}"
            )
            self.busy.append(self.pool.submit(executors.base_execute_task, task))
            return executors.TaskFutureWrappingPythonFuture(self.busy[-1])

    class Chooses(executors.DefaultExecutionManager):  # type: ignore[name-defined,misc]
        def get_executor_for_task(self, task: Any) -> Any:
            if any(node.tags.get("where") == "there" for node in task.nodes):
                return self.remote_executor
            return super().get_executor_for_task(task)

    local = executors.SynchronousLocalTaskExecutor()
    return Chooses(local_executor=local, remote_executor=Own("remote")), done


def test_executors_and_managers_of_ones_own_are_asked() -> None:
    """As in Hamilton: they are opened, given tasks as long as they take some, and closed."""
    told = {}
    for library in ("hamilton", "dagbuild"):
        manager, done = make_own(library)
        module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
            OWN.replace("LIBRARY", library), f"own_{library}"
        )
        builder = importlib.import_module(f"{library}.driver").Builder().with_modules(module)
        builder.enable_dynamic_execution(allow_experimental_mode=True).with_execution_manager(manager)
        assert builder.build().execute(["sent"], inputs={"n": 3}) == {"sent": 30}
        told[library] = done

    assert told["dagbuild"] == told["hamilton"]
    assert told["dagbuild"][0] == "remote opens" and told["dagbuild"][-1] == "remote closes"


def test_with_a_cache_an_executor_of_ones_own_is_refused() -> None:
    """It would not be asked; nor are tasks handed to what runs whole graphs."""
    manager, _ = make_own("dagbuild")
    module = importlib.import_module("dagbuild.ad_hoc_utils").module_from_source(
        OWN.replace("LIBRARY", "dagbuild")
    )
    builder = driver.Builder().with_modules(module).with_execution_manager(manager)

    with pytest.raises(ValueError, match="Own calls functions itself"):
        builder.copy().with_cache("kept").build().execute(["sent"], inputs={"n": 3})
    manager.remote_executor = executors.MultiProcessingExecutor(2)
    with pytest.raises(UserError, match="MultiProcessingExecutor runs whole graphs"):
        builder.build().execute(["sent"], inputs={"n": 3})
