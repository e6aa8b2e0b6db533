"""The one JSON text of a plain value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagbuild.ground.digest import canonical_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@given(PLAIN)
def test_is_the_json_of_the_library_with_sorted_keys(value: Any) -> None:
    """Any JSON reader reads it back, and one value has one text."""
    text = canonical_json(value)

    assert text == json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
    assert canonical_json(json.loads(text)) == text


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_has_not_are_refused(number: Any) -> None:
    """A refusal leaves nothing behind: the same containers are written once they hold something else."""
    value: dict[str, Any] = {"a": [1, [number]]}
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(value)

    value["a"][1][0] = 2
    assert canonical_json(value) == b'{"a":[1,[2]]}'


def test_what_is_not_plain_is_refused() -> None:
    """No object is written as something that looks like it."""
    with pytest.raises(TypeError, match="set"):
        canonical_json({"a": {1}})
