"""Which words a library reads of what it is handed: as far as its calls are followed, and no further."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from dagbuild.code import library_words
from dagbuild.code.library_words import DEPTH, LibraryWords
from tests.support import noting

CHAIN = """
def first(thing):
    return second(thing)

def second(thing):
    return third(thing)

def third(thing):
    return fourth(thing)

def fourth(thing):
    return thing.__doc__
"""


@pytest.fixture
def library() -> Any:
    """A package of functions that call each other; the last one reads docstrings."""
    module = ModuleType("some_library")
    exec(CHAIN, vars(module))
    return module


@pytest.mark.parametrize(
    ("name", "depth", "words"),
    [
        ("fourth", 0, {"__doc__"}),
        ("third", 0, set()),
        ("third", 1, {"__doc__"}),
        ("second", 1, set()),
        ("second", DEPTH, {"__doc__"}),
        ("first", DEPTH, set()),
    ],
)
def test_calls_are_followed_so_far(library: Any, name: str, depth: int, words: set[str]) -> None:
    assert LibraryWords().find(getattr(library, name), depth) == words


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_whom_the_last_ones_call_is_not_asked(
    library: Any, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    """That is most of the work where a library's class is named: pandas' frame has hundreds of methods."""
    asked: list[str] = []
    called = noting(asked, lambda function, package: function.__name__, library_words._called)
    monkeypatch.setattr(library_words, "_called", called)

    LibraryWords().find(library.first, depth)

    assert asked == ["first", "second", "third"][:depth]
