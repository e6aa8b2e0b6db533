"""What static reading finds in a node's closure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.model.node import Node, Where
from dagbuild.observe.unseen import UnseenFinder
from dagbuild.observe.world import ASKINGS, find_asking, last_names
from tests.unit.observe import unseen_samples
from tests.unit.observe.unseen_samples import FOUND, SILENT, helper


def _find(function: Callable[..., Any]) -> list[tuple[str, str]]:
    node = Node("n", int, function, (), Where("m", None, None))
    reader = SourceReader([unseen_samples], str(Path(__file__).parent))
    return [(unseen.name, unseen.where) for unseen in UnseenFinder(reader).find(node)]


@pytest.mark.parametrize("name", FOUND)
def test_use_is_found_with_its_place(name: str) -> None:
    function, text = FOUND[name]

    found = _find(function)

    assert len(found) == 1 and found[0][0].startswith(text)
    assert found[0][1].startswith("unseen_samples.py:")


def test_line_is_that_of_the_use() -> None:
    line = helper.__code__.co_firstlineno + 1

    assert _find(helper) == [("reads the clock: datetime.datetime.now", f"unseen_samples.py:{line}")]


@pytest.mark.parametrize("name", SILENT)
def test_what_is_harmless_is_not_told(name: str) -> None:
    assert _find(SILENT[name]) == []


def test_each_name_stands_in_the_table_once() -> None:
    """With one meaning."""
    names = [name for asking in ASKINGS for name in asking.names]

    assert len(names) == len(set(names))


def test_who_looks_for_an_exact_name_finds_its_row() -> None:
    """Though another row stands for all that is below its module."""
    for asking in ASKINGS:
        for name in asking.names:
            assert find_asking(name + "x" * name.endswith(".")) == (asking if asking.text else None)


def test_an_import_is_doubted_for_all_that_leaves_no_trace() -> None:
    """What people are told of a node, but for what is observed or differs each time, and what they are not told of."""
    assert {"now", "time", "exists", "stat", "getuser", "stdin", "argv", "input"} <= last_names("doubt")
    assert {"__file__", "cwd", "getcwd", "home", "resolve"} <= last_names("place")
    assert not last_names("doubt") & last_names("place")
    assert not {"random", "getpid", "platform", "run", "open"} & (last_names("doubt") | last_names("place"))
