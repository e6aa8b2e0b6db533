"""What static reading finds in a node's closure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.code import SourceReader
from dagbuild.model.node import Node, Where
from dagbuild.observe.unseen import UnseenFinder
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
