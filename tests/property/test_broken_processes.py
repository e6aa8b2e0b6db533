"""A builder that overlooks something of the world must be caught, in processes of their own: see `damages.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.property.damages import DAMAGES
from tests.property.edits import MEANT
from tests.property.processes import Processes, warm_player
from tests.property.search import Search
from tests.warm import Warm


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with warm_player() as opened:
        yield opened


START = 3
"""From where a history is soon found for each of them."""


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_builder_that_overlooks_something_gives_stale_values(damage: str, warm: Warm) -> None:
    """What a build does not look at gives an old value after some edit."""
    _, ways = DAMAGES[damage]

    with pytest.raises(AssertionError, match="stale after"):
        Search(examples=60, start=START).run(Processes(warm, damage), ways, kinds=MEANT)
