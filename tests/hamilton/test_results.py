"""What result builders make of values is what Hamilton's do."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

pytest.importorskip("hamilton")

TURNED = pd.Series([1, 2, 3], index=[3, 1, 2])
OTHER = pd.Series([10, 20], index=[5, 1])
FRAME = pd.DataFrame({"p": [1, 2], "q": [3, 4]})
PANDAS: dict[str, dict[str, Any]] = {
    "indexes that differ": {"a": TURNED, "b": OTHER},
    "one index": {"a": TURNED, "b": TURNED * 2},
    "a scalar": {"a": TURNED, "b": 7},
    "scalars": {"a": 1, "b": "x"},
    "a list": {"a": [1, 2], "b": 7},
    "a list beside an index": {"a": [1, 2, 3], "b": TURNED},
    "a dict": {"a": {"x": 1, "y": 2}},
    "a dict and a scalar": {"a": {"x": 1, "y": 2}, "b": 3},
    "a dict and an index": {"a": {1: 1, 2: 2}, "b": TURNED},
    "a frame": {"a": FRAME},
    "a frame and a column": {"a": FRAME, "b": pd.Series([1, 2])},
    "a scalar and a frame": {"b": 3, "a": FRAME},
    "frames": {"a": FRAME, "b": FRAME},
    "a lone column": {"a": pd.Series([1, 2], name="other")},
    "a lone scalar": {"a": 3},
    "an array": {"a": np.array([1, 2]), "b": None},
    "repeated labels": {"a": pd.Series([1, 2], index=[0, 0]), "b": pd.Series([3, 4], index=[0, 0])},
    "texts": {"a": pd.Series([1, 2], index=["b", "a"]), "b": pd.Series([1, 2], index=["c", "a"])},
}
WRONG: dict[str, dict[str, Any]] = {
    "lengths": {"a": [1, 2, 3], "b": [1]},
    "repeated labels that differ": {
        "a": pd.Series([1, 2], index=[0, 0]),
        "b": pd.Series([1, 2], index=[0, 1]),
    },
}
COLUMN = pl.Series("q", [1, 2])
TABLE = pl.DataFrame({"a": [1, 2]})
POLARS: dict[str, dict[str, Any]] = {
    "a column and a scalar": {"x": COLUMN, "y": 3},
    "a frame": {"x": TABLE},
    "a frame and a column": {"x": TABLE, "y": COLUMN},
    "a lazy frame": {"x": TABLE.lazy()},
    "scalars": {"x": 1, "y": "z"},
    "a list": {"x": [1, 2], "y": COLUMN},
}


def make(library: str, module: str, name: str, outputs: dict[str, Any]) -> Any:
    logging.getLogger("hamilton").setLevel(logging.CRITICAL)
    return getattr(importlib.import_module(f"{library}.{module}"), name)().build_result(**outputs)


@pytest.mark.parametrize("kind", PANDAS)
def test_a_frame_of_pandas(kind: str) -> None:
    """Its rows in their order, its columns, its types."""
    theirs = make("hamilton", "base", "PandasDataFrameResult", PANDAS[kind])

    pd.testing.assert_frame_equal(make("dagbuild", "base", "PandasDataFrameResult", PANDAS[kind]), theirs)


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("library", ["hamilton", "dagbuild"])
def test_what_makes_no_frame_is_a_value_error(library: str, kind: str) -> None:
    """Whoever catches Hamilton's catches ours."""
    with pytest.raises(ValueError, match=r"."):
        make(library, "base", "PandasDataFrameResult", WRONG[kind])


@pytest.mark.parametrize("library", ["hamilton", "dagbuild"])
def test_indexes_of_one_type(library: str) -> None:
    """Where the strict one is asked for."""
    name, outputs = "StrictIndexTypePandasDataFrameResult", {"a": TURNED, "b": TURNED.rename(str)}

    assert make(library, "base", name, {"a": TURNED, "b": TURNED})["b"].tolist() == [1, 2, 3]
    assert make(library, "base", name, {"a": TURNED, "b": [4, 5, 6], "c": 7})["b"].tolist() == [4, 5, 6]
    for wrong in (outputs, {"a": 1, "b": [1, 2]}, {"a": 1}):
        with pytest.raises(ValueError, match="index"):
            make(library, "base", name, wrong)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(
    "outputs", [{"a": np.array([1, 2]), "b": 1}, {"a": [3, 4], "b": 4}, {"a": pd.Series([3, 4]), "b": 4}]
)
def test_a_matrix(outputs: dict[str, Any]) -> None:
    """Of numpy's class for it."""
    theirs, ours = (
        make(library, "base", "NumpyMatrixResult", outputs) for library in ("hamilton", "dagbuild")
    )

    assert type(ours) is type(theirs)
    assert ours.tolist() == theirs.tolist()


@pytest.mark.leaves_threads  # polars's own
@pytest.mark.parametrize("kind", POLARS)
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("plugins.h_polars", "PolarsDataFrameResult"),
        ("plugins.h_polars_lazyframe", "PolarsLazyFrameResult"),
    ],
)
def test_a_frame_of_polars(kind: str, module: str, name: str) -> None:
    """Computed or lazy; a lazy frame of one column keeps its name here, and is the value's in Hamilton."""
    theirs, ours = (make(library, module, name, POLARS[kind]) for library in ("hamilton", "dagbuild"))

    assert type(ours) is type(theirs)
    theirs, ours = theirs.lazy().collect(), ours.lazy().collect()
    if name == "PolarsLazyFrameResult" and kind == "a frame":
        theirs = theirs.rename({"x": "a"})
    assert ours.equals(theirs)
    assert ours.schema == theirs.schema
