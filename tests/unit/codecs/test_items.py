"""One item of a stored dict or tuple: read without the others, and what it is when it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.model.node import Columns
from dagbuild.store.local import LocalStore
from dagbuild.testing.memory import MemoryStore
from tests.exact import assert_same
from tests.support import count_lines
from tests.unit.codecs.counting import CountingStore

pytestmark = pytest.mark.leaves_threads


def frame(seed: int) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(20_000) + seed, "y": [f"{seed} {i}" for i in range(20_000)]})


@pytest.mark.parametrize("make", [dict, tuple], ids=["dict", "tuple"])
def test_of_an_item_its_own_blobs_are_read(make: Any) -> None:
    """What lies in others is not even looked at."""
    store = CountingStore()
    artifacts = Artifacts(store)
    items = [(f"f{i}", frame(i)) for i in range(4)] if make is dict else [frame(i) for i in range(4)]
    artifact = artifacts.save(make(items))
    store.read.clear()
    key: Any = "f2" if make is dict else 2

    found = artifacts.load_item(artifact, key)

    assert_same(found[key], frame(2))
    assert list(found) == [key]
    assert sum(ref.size for ref in set(store.read)) < artifact.size / 3


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1, "b": [1, {"c": {2}}], "c": None},
        {"a": "x" * 5_000, "é": b"y" * 9_000, "b": (1, 2.5)},
        {f"key {i}": i for i in range(3_000)},
        {"a": np.arange(10), "b": pd.Series([1.5, None], name="s"), "c": {"d": np.arange(30_000)}},
        {"a": {1, 2}, 3: "three", "": ()},
        (1, [2], {"three": 3}, np.arange(40_000)),
        {},
        (),
        5,
        "text",
        None,
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        object,
    ],
)
def test_an_item_is_what_the_whole_has_there(value: Any) -> None:
    """For each key, and where it is none, the whole comes, which says so."""
    artifacts = Artifacts(MemoryStore())
    artifact = artifacts.save(value)
    whole = artifacts.load(artifact)
    keys = [*value] if isinstance(value, dict) else range(len(value)) if isinstance(value, tuple) else []
    named = list(value.columns) if hasattr(value, "columns") else []

    for key in [*keys, *named]:
        assert_same(artifacts.load_item(artifact, key)[key], whole[key])
    for key in ("nobody", -1, 7):
        assert_same(artifacts.load_item(artifact, key), whole)


def test_items_that_share_something_come_with_it() -> None:
    """What is one object in the dict is told of once, with the first item that has it."""
    artifacts = Artifacts(MemoryStore())
    shared = [1, 2]
    artifact = artifacts.save({"a": {"inner": shared}, "b": shared, "c": [shared, shared]})

    assert artifacts.load_item(artifact, "a")["a"] == {"inner": [1, 2]}
    assert artifacts.load_item(artifact, "b")["b"] == [1, 2]
    first, second = artifacts.load_item(artifact, "c")["c"]
    assert first is second


def test_each_consumer_has_its_own() -> None:
    """What one changes in an item, no other sees."""
    artifacts = Artifacts(MemoryStore())
    artifact = artifacts.save(
        {"a": [1], "b": {"c": {2}}, "d": pd.Series(range(9)), "e": pd.Series(range(50_000))}
    )
    before = artifacts.load(artifact)

    artifacts.load_item(artifact, "a")["a"][0] = 7
    artifacts.load_item(artifact, "b")["b"]["c"].clear()
    for key in ("d", "e"):
        series = artifacts.load_item(artifact, key)[key]
        series[:] = 7

    for key, item in before.items():
        assert_same(artifacts.load_item(artifact, key)[key], item)


def test_files_in_a_dict_are_not_mixed_up(tmp_path: Path) -> None:
    """Each item has its own copy, whether it is read alone or with the others."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.txt").write_text(name)
    artifacts = Artifacts(LocalStore(tmp_path / "cache"))
    paths = {name: tmp_path / name / "same.txt" for name in ("a", "b")}
    artifact = artifacts.save(paths, takes=lambda path: path.exists())

    alone = {name: artifacts.load_item(artifact, name)[name].read_text() for name in ("b", "a")}

    assert alone == {"a": "a", "b": "b"}
    assert {name: path.read_text() for name, path in artifacts.load(artifact).items()} == alone


def read_columns(count: int, library: Callable[[Any], Any]) -> Callable[[], object]:
    artifacts = Artifacts(MemoryStore())
    artifact = artifacts.save(library({f"c{i}": [i, i] for i in range(count)}))

    def read() -> None:
        for i in range(count):
            artifacts.excerpt(artifact, Columns(f"c{i}"))
            artifacts.load(artifact, Columns(f"c{i}"))

    read()  # opens the codecs
    return read


def read_items(count: int, make: Callable[[Any], Any]) -> Callable[[], object]:
    artifacts = Artifacts(MemoryStore())
    items: Any = [(f"c{i}", [i]) for i in range(count)]
    artifact = artifacts.save(make(dict(items) if make is pd.DataFrame else items))
    keys: Any = range(count) if make is tuple else [f"c{i}" for i in range(count)]

    def read() -> None:
        for key in keys:
            artifacts.load_item(artifact, key)

    read()
    return read


@pytest.mark.parametrize(
    ("prepare", "kind"),
    [
        (read_columns, pd.DataFrame),
        (read_columns, pl.DataFrame),
        (read_items, dict),
        (read_items, tuple),
        (read_items, pd.DataFrame),
    ],
    ids=["pandas", "polars", "dict", "tuple", "filled"],
)
def test_all_parts_one_by_one_are_as_much_work_as_there_are_parts(prepare: Any, kind: Any) -> None:
    """Four times as many take about four times as many lines, not sixteen times."""
    few, many = (count_lines(prepare(count, kind)) for count in (60, 240))

    assert many < 4.6 * few
