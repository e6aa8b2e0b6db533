"""After any edit to any project, a cached build equals a clean one, and building again computes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.property.builder import Here
from tests.property.edits import EDITS, FREE, MEANT
from tests.property.processes import Processes, warm_player
from tests.property.search import Search
from tests.property.strategies import ALL
from tests.property.ways import PLACED
from tests.warm import Warm

PARTS = 4
"""So that they can be played side by side."""


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with warm_player() as opened:
        yield opened


@pytest.fixture
def search(request: pytest.FixtureRequest) -> Search:
    """How far to search, as the command line has it."""
    wanted, start = request.config.getoption("--histories"), request.config.getoption("--seed")
    return Search(wanted or (150 if request.config.getoption("--thorough") else 90), start, shrink=True)


def test_edits_are_of_many_kinds() -> None:
    assert len(EDITS) > 50
    assert len(FREE) > 20


def test_a_cached_build_equals_a_clean_build(search: Search) -> None:
    """Whatever is edited: values are those of the functions themselves, and nothing known is computed again."""
    Search(max(search.examples // 2, 1), search.start, shrink=True).run(Here())


@pytest.mark.parametrize("part", range(PARTS))
def test_a_process_that_finds_a_cache_gives_what_one_without_gives(
    part: int, search: Search, warm: Warm
) -> None:
    """Each build in a process of its own, with files, variables and what nodes share there."""
    Search(max(search.examples // 15, 1), search.start * PARTS + part, shrink=True).run(
        Processes(warm), ALL, most=6
    )


def test_edits_count_where_names_count_too(search: Search, warm: Warm) -> None:
    """Ways in which names count that may change elsewhere: no edit that means something is missed."""
    Search(max(search.examples // 30, 1), search.start, shrink=True).run(
        Processes(warm), sorted(PLACED), most=4, kinds=MEANT
    )
