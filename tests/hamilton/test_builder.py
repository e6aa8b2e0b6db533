"""The Builder at Hamilton's address: what it is told, and caching with it: a right one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dagbuild import UserError, ad_hoc_utils, base, driver
from dagbuild.execution import executors, grouping

CODE = """
import os
from dagbuild.htypes import Collect, Parallelizable

def _note(name: str) -> None:
    log = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, name.encode() + b"\\n")
    os.close(log)

def raw(x: int) -> int:
    _note("raw")
    return x

def scaled(raw: int) -> int:
    _note("scaled")
    return raw * _SCALE

_SCALE = 2

def part(scaled: int) -> Parallelizable[int]:
    yield from range(scaled)

def squared(part: int) -> int:
    _note("squared")
    return part * part

def total(squared: Collect[int]) -> int:
    return sum(squared)
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


@pytest.fixture
def load(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")

    def make(old: str = "", new: str = "") -> ModuleType:
        code = CODE.format(log=str(log))
        assert old in code
        code = code.replace(old, new) if old else code
        return ad_hoc_utils.module_from_source(code, "built_of_text")

    return make


@pytest.fixture
def take(log: Path) -> Callable[[], list[str]]:
    def read() -> list[str]:
        lines = log.read_text().split() if log.exists() else []
        log.write_text("")
        return lines

    return read


Take = Callable[[], list[str]]


def build(module: ModuleType, **caching: Any) -> Any:
    return driver.Builder().with_modules(module).with_cache("kept", **caching).build()


def test_values_are_kept_and_an_edit_of_a_constant_counts(
    load: Callable[..., ModuleType], take: Take
) -> None:
    """Where Hamilton's own cache gives the old value."""
    first = build(load()).execute(["scaled"], inputs={"x": 3})
    ran = take()
    again = build(load()).execute(["scaled"], inputs={"x": 3})
    nothing = take()
    edited = build(load("_SCALE = 2", "_SCALE = 5")).execute(["scaled"], inputs={"x": 3})

    assert (first, again, edited) == ({"scaled": 6}, {"scaled": 6}, {"scaled": 15})
    assert (ran, nothing, take()) == (["raw", "scaled"], [], ["scaled"])


@pytest.mark.parametrize(
    ("caching", "ran"),
    [
        ({}, []),
        ({"default": ["raw"]}, []),
        ({"recompute": ["raw"]}, ["raw"]),
        ({"recompute": True}, ["raw", "scaled"]),
        ({"disable": ["raw"]}, ["raw"]),
        ({"default_behavior": "recompute", "default": ["scaled"]}, ["raw"]),
        ({"ignore": ["raw"]}, []),
    ],
)
def test_behaviors(
    load: Callable[..., ModuleType], take: Take, caching: dict[str, Any], ran: list[str]
) -> None:
    """What runs the second time; a value that comes out equal reruns nothing below it."""
    module = load()
    build(module).execute(["scaled"], inputs={"x": 3})
    take()

    assert build(module, **caching).execute(["scaled"], inputs={"x": 3}) == {"scaled": 6}
    assert take() == ran


def test_what_was_made_anew_is_what_stands(load: Callable[..., ModuleType], take: Take) -> None:
    """After a recompute that gave another value, the next build has that one; Hamilton's has the first for ever."""
    module = load("    return x\n", "    return __import__('time').time_ns() + x\n")
    first, anew, after, later = (
        build(module, **caching).execute(["raw"], inputs={"x": 3})["raw"]
        for caching in ({}, {"recompute": ["raw"]}, {}, {})
    )

    assert first < anew == after == later


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"metadata_store": object()}, "takes no stores of one's own"),
        ({"default_behavior": "sometimes"}, "there is no behavior 'sometimes'"),
        ({"recompute": ["a"], "ignore": ["a"]}, "names 'a' twice"),
        ({"default_loader_behavior": "sometimes"}, "there is no behavior 'sometimes'"),
    ],
)
def test_what_with_cache_cannot_mean_is_refused(wrong: dict[str, Any], told: str) -> None:
    """In words, and before anything is built."""
    with pytest.raises(UserError, match=told):
        driver.Builder().with_cache(**wrong)


ERRORS = """
from dataclasses import dataclass

class ApiError(Exception):
    def __init__(self, message, status):
        super().__init__(message)
        self.status = status

class Reset(ConnectionError):
    def __init__(self, message, status):
        super().__init__(104, message)
        self.status = status

@dataclass(frozen=True)
class Frozen(Exception):
    message: str
    status: int

def page(url: str) -> str: raise KIND("no", 404)
"""


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("ApiError", False), ("ApiError", True), ("Reset", False), ("Reset", True), ("Frozen", False)],
)
def test_an_exception_of_any_class_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, kept: bool
) -> None:
    """As itself, with what it holds, from the process of its node as well."""
    monkeypatch.chdir(tmp_path)
    module = ad_hoc_utils.module_from_source(ERRORS.replace("KIND", kind), "raised_of_text")
    builder = driver.Builder().with_modules(module)
    made = builder.with_cache("kept").build() if kept else builder.build()

    with pytest.raises(getattr(module, kind), match="no") as raised:
        made.execute(["page"], inputs={"url": "u"})

    assert raised.value.status == 404
    assert raised.value.__notes__ == ["in node 'page', <raised_of_text>:19"]


def test_a_result_is_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array that is stored can be changed by who asked for it, and the next one gets what was stored."""
    monkeypatch.chdir(tmp_path)
    code = "import numpy as np\ndef raw() -> np.ndarray: return np.arange(3.0)\n"
    made = build(ad_hoc_utils.module_from_source(code, "arrays_of_text"))

    first = made.execute(["raw"])["raw"]
    first[0] = 100

    assert made.execute(["raw"])["raw"].tolist() == [0, 1, 2]


EXECUTORS: dict[str, Callable[[], executors.TaskExecutor]] = {
    "here": executors.SynchronousLocalTaskExecutor,
    "threads": lambda: executors.MultiThreadingExecutor(max_tasks=2),
    "processes": lambda: executors.MultiProcessingExecutor(max_tasks=2),
}


@pytest.mark.parametrize("kind", EXECUTORS)
@pytest.mark.parametrize("kept", [False, True])
def test_blocks_run_wherever_they_are_sent(
    load: Callable[..., ModuleType], take: Take, kind: str, kept: bool
) -> None:
    """Each element once; without a cache, again each time."""
    builder = driver.Builder().with_modules(load()).enable_dynamic_execution(allow_experimental_mode=True)
    builder.with_local_executor(executors.SynchronousLocalTaskExecutor())
    builder.with_remote_executor(EXECUTORS[kind]()).with_grouping_strategy(grouping.GroupByRepeatableBlocks())
    made = builder.with_cache("kept").build() if kept else builder.build()

    ran = []
    for _ in range(2):
        assert made.execute(["total", "squared"], inputs={"x": 1}) == {"total": 1, "squared": [0, 1]}
        ran.append(sorted(take()))

    once = ["raw", "scaled", "squared", "squared"]
    assert ran == [once, [] if kept else once]


def test_a_value_that_cannot_be_stored_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is made anew where it is needed, and that is said."""
    monkeypatch.chdir(tmp_path)
    module = ad_hoc_utils.module_from_source(
        "import threading\n"
        "def client() -> object: return threading.Lock()\n"
        "def used(client: object) -> bool: return client.acquire()\n",
        "unstorable_of_text",
    )

    assert build(module).execute(["used"]) == {"used": True}
    assert [r.message for r in caplog.records if "cannot be stored" in r.message] == [
        "the value of 'client' cannot be stored: it is made anew where it is needed; @cache(\"never\") says so"
    ]


def test_copies_do_not_know_of_each_other(load: Callable[..., ModuleType]) -> None:
    """What is said to one of them is not said to the other."""
    first = driver.Builder().with_config({"x": 1}).with_modules(load())
    second = first.copy().with_config({"x": 5}).with_adapters(base.PandasDataFrameResult())

    assert first.build().execute(["scaled"]) == {"scaled": 2}
    assert second.build().execute(["scaled"])["scaled"].tolist() == [10]


def test_a_later_module_wins_where_that_is_allowed(load: Callable[..., ModuleType]) -> None:
    """And is refused else."""
    other = ad_hoc_utils.module_from_source("def raw(x: int) -> int: return x + 100\n", "other_of_text")
    builder = driver.Builder().with_modules(load(), other)

    with pytest.raises(ValueError, match="'raw' is made twice"):
        builder.build()
    assert builder.allow_module_overrides().build().execute(["raw"], inputs={"x": 1}) == {"raw": 101}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    import sys

    yield
    for name in ("built_of_text", "other_of_text", "unstorable_of_text", "raised_of_text", "arrays_of_text"):
        sys.modules.pop(name, None)
