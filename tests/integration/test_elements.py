"""Nodes that are called once for each element of another's value: what runs after which edit, on every executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.errors import GraphError
from dagbuild.plan.events import BuildResult, How
from tests.support import build, load_project, write_files

SETTINGS = """
    modules = ["nodes"]
    [config]
    urls = ["a", "bb", "ccc", "dddd"]
    scale = 10
"""

NODES = """
    import pathlib
    from dagbuild import Collect, Parallelizable

    def url(urls: list) -> Parallelizable[str]:
        yield from urls

    def page(url: str, scale: int) -> str:
        _note("page", url)
        return url[:3] * scale

    def size(page: str) -> int:
        _note("size", page[:3])
        return len(page)

    def total(size: Collect[int]) -> int:
        _note("total", size)
        return sum(size)

    def longest(page: Collect[str], size: Collect[int]) -> str:
        return max(zip(size, page))[1]

    def _note(*what):
        pass
"""

EXECUTORS = ["inline", "local"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a block, that no build has touched."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": NODES})
    return tmp_path


def edit(folder: Path, old: str, new: str, name: str = "nodes.py") -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def made(result: BuildResult) -> dict[str, Any]:
    """Return how many calls were made of each node that ran, or True of one that is called once."""
    return {
        name: step.calls[0] if step.calls else True
        for name, step in result.steps.items()
        if step.how is How.COMPUTED
    }


@pytest.mark.parametrize("executor", EXECUTORS)
def test_each_element_is_computed_once(project: Path, executor: str) -> None:
    """The first build calls each node for each element, and the second calls nothing."""
    first = build(project, "total", "longest", executor=executor)
    second = build(project, "total", "longest", executor=executor)

    assert first.values == {"total": 90, "longest": "ddd" * 10}
    assert made(first) == {"url": True, "page": 4, "size": 4, "total": True, "longest": True}
    assert second.values == first.values
    assert made(second) == {}


@pytest.mark.parametrize(
    ("urls", "ran", "total"),
    [
        ('"a", "x", "bb", "ccc", "dddd"', {"page": 1, "size": 1, "total": True}, 100),
        ('"a", "bb", "dddd"', {"total": True}, 60),
        ('"dddd", "ccc", "bb", "a"', {"total": True}, 90),
        ('"a", "bb", "ccc", "dddd", "a"', {"total": True}, 100),
        ('"a", "bb", "ccc", "dddx"', {"page": 1, "total": None}, 90),
        ("", {"total": True}, 0),
    ],
)
def test_an_edit_of_the_elements_computes_what_is_new(
    project: Path, urls: str, ran: Mapping[str, Any], total: int
) -> None:
    """One inserted is one call, one removed is none, and the order concerns who collects alone."""
    build(project, "total")
    edit(project, '"a", "bb", "ccc", "dddd"', urls, "dagbuild.toml")

    result = build(project, "total")

    assert made(result) == {"url": True, **{name: count for name, count in ran.items() if count}}
    assert result.values == {"total": total}
