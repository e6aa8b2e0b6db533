"""Whole numbers that are longer than Python writes."""

import sys
from typing import Any

import pytest

from dagbuild.ground.digits import any_length, is_long, spell, tell


def test_the_whole_text_is_written() -> None:
    """By whatever writes it, also where such a number is inside."""
    assert spell(10**5000, str) == "1" + "0" * 5000
    assert spell([10**5000]) == "[1" + "0" * 5000 + "]"
    assert spell("a", ascii) == "'a'"


def test_the_limit_is_as_it_was_afterwards() -> None:
    """Also after an error: a node of the project sees what Python does."""
    before = sys.get_int_max_str_digits()

    with pytest.raises(KeyError), any_length():
        raise KeyError

    spell(10**5000)
    assert sys.get_int_max_str_digits() == before


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        ("a", "'a'"),
        (10**5000, "an integer of about 5,001 digits"),
        (-(10**5000), "an integer of about 5,001 digits"),
        ([10**5000], "a list that cannot be printed"),
    ],
    ids=["int", "text", "long", "negative", "in a list"],  # pytest cannot print them either
)
def test_a_value_is_told_in_short(value: Any, text: Any) -> None:
    """And quickly."""
    assert tell(value) == text


def test_long_is_what_python_does_not_write() -> None:
    """A little less is not."""
    assert is_long(10**4400)
    assert not is_long(10**4200)
    assert not is_long("1" * 5000)
