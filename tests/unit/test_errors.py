"""The words for near misses."""

from typing import Any

import pytest

from dagbuild.ground.errors import find_nearest


@pytest.mark.parametrize(
    ("typed", "meant"), [("statsu", "status"), ("stat", "stats"), ("statu", "status"), ("zzz", None)]
)
def test_swapped_letters_are_the_likeliest_slip(typed: Any, meant: Any) -> None:
    """A name with the same letters comes before one that is as near otherwise."""
    assert find_nearest(typed, ["stats", "status", "plan"]) == meant
