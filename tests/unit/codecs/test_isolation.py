"""A loaded value is its consumer's own: changing it changes no other value and no stored byte, and just works."""

import gc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import SGDRegressor

from tests.exact import assert_same

ROWS = 9_000


@pytest.fixture
def frame() -> Any:
    return pd.DataFrame({
        "a": np.arange(float(ROWS)), "b": np.arange(float(ROWS)), "n": pd.array(range(ROWS), dtype="Int64"),
        "t": pd.date_range("2020", periods=ROWS, freq="s"), "z": pd.date_range("2020", periods=ROWS, freq="s", tz="UTC"),
        "k": pd.Categorical(["x", "y"] * (ROWS // 2)), "s": [str(i) for i in range(ROWS)],
        "o": pd.Series([[i] for i in range(ROWS)], dtype=object), "small": np.arange(ROWS, dtype="i1"),
    })  # fmt: skip


def set_cell(df: Any) -> None:
    df.iloc[0, 0] = -1.0


def set_loc(df: Any) -> None:
    df.loc[3, "b"] = -1.0


def set_at(df: Any) -> None:
    df.at[3, "a"] = -1.0


def set_mask(df: Any) -> None:
    df.loc[df["a"] > 100, "a"] = 0.0


def set_column(df: Any) -> None:
    df["a"] = 0.0


def add_in_place(df: Any) -> None:
    df["a"] += 1


def set_integer(df: Any) -> None:
    df.loc[0, "n"] = pd.NA


def set_time(df: Any) -> None:
    df.loc[0, "t"] = pd.Timestamp("1999-01-01")


def set_zoned(df: Any) -> None:
    df.loc[0, "z"] = pd.Timestamp("1999-01-01", tz="UTC")


def set_category(df: Any) -> None:
    df.loc[0, "k"] = "y"


def set_text(df: Any) -> None:
    df.loc[0, "s"] = "changed"


def fill_in_place(df: Any) -> None:
    df.loc[0, "a"] = np.nan
    df.fillna({"a": 5.0}, inplace=True)


def sort_in_place(df: Any) -> None:
    df.sort_values("a", ascending=False, inplace=True)
    df.iloc[0, 0] = 3.0


def reset_index(df: Any) -> None:
    df.index = pd.Index(range(len(df)), name="i")
    df = df.reset_index()
    df.loc[0, "i"] = 99


def change_a_cell_itself(df: Any) -> None:
    df["o"].iloc[0].append(5)


def change_a_slice(df: Any) -> None:
    part = df["a"]
    del df
    gc.collect()
    part.iloc[0] = -5.0


def clip_in_place(df: Any) -> None:
    df["b"] = df["b"].clip(upper=3)
    df["small"] = df["small"] * 2
    df.iloc[:, 8] = 1


CHANGES = [
    set_cell, set_loc, set_at, set_mask, set_column, add_in_place, set_integer, set_time, set_zoned, set_category, set_text,
    fill_in_place, sort_in_place, reset_index, change_a_cell_itself, change_a_slice, clip_in_place,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changing_a_frame_changes_nothing_else(artifacts: Any, frame: Any, change: Any) -> None:
    """Ordinary pandas code meets no read-only error, and neither the store nor another consumer sees a change."""
    artifact = artifacts.save(frame)
    other = artifacts.load(artifact)

    change(artifacts.load(artifact))

    assert_same(frame, other)
    assert_same(frame, artifacts.load(artifact))


@pytest.mark.parametrize("force", [False, True])
def test_forcing_a_way_in_changes_nothing_else(artifacts: Any, frame: Any, force: Any) -> None:
    """Who writes to the arrays behind pandas writes to memory of their own, or gets pandas' own refusal."""
    artifact = artifacts.save(frame)
    mine = artifacts.load(artifact)

    for array in (mine["a"].to_numpy(), mine["a"].values, mine.index.to_numpy(), mine["n"].array._data):
        try:
            if force:
                array.flags.writeable = True
            array[:] = 7
        except ValueError:
            pass

    assert_same(frame, artifacts.load(artifact))


def test_numpy_arrays_are_read_only(artifacts: Any) -> None:
    """An array cannot be written to, not even by force: the error says so instead of a wrong value later."""
    for array in (np.arange(5), np.arange(ROWS), np.empty(0), np.arange(1_000_000)):
        loaded = artifacts.load(artifacts.save(array))

        with pytest.raises(ValueError, match=r"read-only|WRITEABLE"):
            loaded += 1
        if array.size:
            with pytest.raises(ValueError, match="WRITEABLE"):
                loaded.flags.writeable = True


def test_containers_are_made_afresh(artifacts: Any) -> None:
    """Lists, dicts and sets in a value are the consumer's, also those in attrs."""
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"list": [1]}
    value = {"list": [1, [2]], "dict": {"a": {1}}, "bytes": bytearray(b"a"), "frame": frame}
    artifact = artifacts.save(value)
    mine = artifacts.load(artifact)

    mine["list"][1].append(3)
    mine["dict"]["a"].add(2)
    mine["dict"].update(b=1)
    mine["bytes"][0] = 0
    mine["frame"].attrs["list"].append(2)
    mine["frame"].loc[0, "a"] = 9

    assert_same(value, artifacts.load(artifact))


def test_models_can_be_trained_further(artifacts: Any) -> None:
    """An object from a pickle can be changed, its large arrays too, and only this one changes."""
    rng = np.random.default_rng(0)
    model = SGDRegressor(random_state=0).fit(rng.normal(size=(20, 10_000)), np.arange(20.0))
    artifact = artifacts.save(model)
    mine = artifacts.load(artifact)

    mine.coef_[:] = 5
    mine.partial_fit(rng.normal(size=(20, 10_000)), np.arange(20.0))

    assert (mine.coef_ != model.coef_).any()
    assert artifacts.load(artifact).coef_.tobytes() == model.coef_.tobytes()


def test_the_saved_value_may_be_changed_afterwards(artifacts: Any) -> None:
    """What the node goes on doing with its value does not reach the store."""
    array = np.arange(ROWS * 10)
    artifact = artifacts.save(array)

    array[:] = 0

    assert artifacts.load(artifact)[5] == 5


def test_what_is_one_list_stays_one_list(artifacts: Any) -> None:
    """A list that is in a value twice, or in itself, comes back so."""
    shared = [1]
    own: list[Any] = []
    own.append(own)

    first, second = artifacts.load(artifacts.save([shared, shared]))
    assert first is second
    loaded = artifacts.load(artifacts.save(own))
    assert loaded[0] is loaded


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame({"a": [1]}),
        lambda: pd.Series([1]),
        lambda: np.arange(3),
        lambda: np.ma.masked_array([1, 2], [True, False]),
        lambda: pl.DataFrame({"a": [1]}),
    ],
)
def test_a_table_that_is_there_twice_is_one(artifacts: Any, make: Any) -> None:
    """Changing it in one place of a value changes it in the other, as in the node that made it; equal ones stay two."""
    table = make()
    value = {"one": table, "again": [table], "equal": make()}

    loaded = artifacts.load(artifacts.save(value))

    assert loaded["one"] is loaded["again"][0]
    assert loaded["one"] is not loaded["equal"]
    assert_same(loaded, value)
    items = artifacts.describe(artifacts.save({"one": table, "again": table}))["items"]
    assert items["one"] == items["again"]
