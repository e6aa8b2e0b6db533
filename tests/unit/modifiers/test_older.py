"""Hamilton's older decorators, where they are told what cannot be meant; what they make is held against Hamilton itself."""

from __future__ import annotations

import pandas as pd
import pytest

from dagbuild.ground.errors import GraphError
from dagbuild.modifiers.older import parameterize_frame, parametrized_input

FRAMES = {
    "have not two levels": pd.DataFrame([["a", "b"]], columns=["one", "two"]),
    "a column is 'input'": pd.DataFrame([["a", "b"]], columns=[["one", "two"], ["out", "input"]]),
    "no column is 'out'": pd.DataFrame([["a", "b"]], columns=[["one", "two"], ["source", "value"]]),
}


@pytest.mark.parametrize("why", FRAMES)
def test_a_frame_that_says_something_else_is_refused(why: str) -> None:
    """Before anything is made of it."""
    with pytest.raises(GraphError, match=why):
        parameterize_frame(FRAMES[why])


def test_a_name_without_documentation_is_refused() -> None:
    """As in Hamilton, which takes a pair."""
    with pytest.raises(GraphError, match="'a' is 'b'"):
        parametrized_input("parameter", {"a": "b"})  # type: ignore[dict-item]
