"""Sequences of elements as artifacts: joined and split without reading a value, and never more trusted than before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.elements import ELEMENTS
from dagbuild.ground.errors import CodecError
from dagbuild.model.record import Artifact
from dagbuild.testing.memory import MemoryStore


class Thing:
    """What is stored as a pickle."""


@pytest.fixture
def artifacts() -> Artifacts:
    return Artifacts(MemoryStore())


def test_elements_come_back_in_order(artifacts: Artifacts) -> None:
    """As the artifacts that they were; of what two of them hold, the blobs are named once."""
    frame = pd.DataFrame({"a": range(20_000)})
    saved = [artifacts.save(value) for value in (1, frame, "two", [frame, 3], frame)]

    whole = artifacts.join(saved)

    assert [each.digest for each in artifacts.split(whole)] == [each.digest for each in saved]
    assert len(set(whole.blobs)) == len(whole.blobs)
    values = artifacts.load(whole)
    assert values[0] == 1
    pd.testing.assert_frame_equal(values[4], frame)


def test_many_elements_are_told_of_in_a_blob(artifacts: Artifacts) -> None:
    """So that the record stays small; equal sequences are equal artifacts."""
    saved = [artifacts.save(number) for number in range(5_000)]

    whole = artifacts.join(saved)

    assert len(whole.blobs) == 1
    assert "items" not in whole.meta
    assert artifacts.load(whole) == list(range(5_000))
    assert artifacts.join_unsaved(saved) == whole
    assert artifacts.join([*reversed(saved)]).digest != whole.digest


@pytest.mark.parametrize(
    "items", [5, [5], [["plain/1"]], [["plain/1", {}, [7]]], [["plain/1", {}, [], 1, 2, 3, 4]]]
)
def test_what_is_no_list_of_elements_is_not_read(artifacts: Artifacts, items: Any) -> None:
    """And says so as whatever else is damaged."""
    with pytest.raises(CodecError):
        artifacts.load(Artifact(ELEMENTS, {"items": items}))


def test_a_strangers_element_is_read_as_a_strangers_value_is(artifacts: Artifacts) -> None:
    """No element is unpickled of a sequence that nobody who is trusted has signed."""
    pickled = replace(artifacts.save(Thing()), code=False)
    whole = artifacts.join([artifacts.save(1), pickled])

    with pytest.raises(CodecError, match="nobody who is trusted"):
        artifacts.load(replace(whole, data_only=True))
    assert isinstance(artifacts.load(whole)[1], Thing)


def test_what_is_joined_with_a_strangers_value_is_a_strangers(artifacts: Artifacts) -> None:
    """But for a number or a text, which can hide nothing."""
    frame, number = (
        replace(artifacts.save(value), data_only=True) for value in (pd.DataFrame({"a": [1]}), 1)
    )

    assert artifacts.join([frame]).data_only
    assert not artifacts.join([number]).data_only
