"""What execute makes of the values of its targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dagbuild.driver.results import (
    ArrowTableResult,
    DictResult,
    NumpyMatrixResult,
    PandasDataFrameResult,
    ResultBuilder,
)
from dagbuild.ground.errors import UserError

A = pd.Series([1, 2, 3], name="something else")
B = pd.Series([10, 20], index=[1, 5])
FRAME = pd.DataFrame({"x": [1, 2, 3], "a": [7, 8, 9]})


def frame(**outputs: Any) -> Any:
    return PandasDataFrameResult().build_result(**outputs)


def test_a_dict_holds_the_values_as_they_are() -> None:
    """Nothing is copied or converted."""
    assert DictResult().build_result(a=A)["a"] is A


def test_series_are_aligned_by_index() -> None:
    """The index is the union; what is missing is NaN; columns are called after their nodes, in order."""
    result = frame(b=B, a=A)

    assert list(result.columns) == ["b", "a"]
    assert sorted(result.index) == [0, 1, 2, 5]
    assert result.loc[1].tolist() == [10, 2]
    assert np.isnan(result.loc[5, "a"])


def test_scalars_fill_and_lists_match() -> None:
    """A scalar is repeated, a list or array needs one element for each row."""
    result = frame(a=A, s="x", l=[4, 5, 6], v=np.array([1, 2, 3]), p=pl.Series([7, 8, 9]))

    assert result.loc[2].tolist() == [3, "x", 6, 3, 9]
    assert frame(s=3, u="x").to_dict("records") == [{"s": 3, "u": "x"}]
    assert frame(l=[1, 2], m=3).to_dict("list") == {"l": [1, 2], "m": [3, 3]}
    with pytest.raises(UserError, match="'l' has 2 elements, but the result has 3 rows"):
        frame(a=A, l=[1, 2])


def test_dtypes_stay() -> None:
    """Columns of one index keep their types."""
    result = frame(a=A, when=pd.Series(pd.to_datetime(["2020", "2021", "2022"])), c=A.astype("category"))

    assert str(result.dtypes["a"]) == "int64"
    assert result.dtypes["when"].kind == "M"
    assert str(result.dtypes["c"]) == "category"


def test_a_lone_frame_is_the_result() -> None:
    """One frame, nothing else: that very frame."""
    assert frame(df=FRAME) is FRAME


def test_frames_give_their_columns_with_a_prefix() -> None:
    """Among others a frame's columns are called node.column; polars frames too."""
    result = frame(a=A, df=FRAME, pf=pl.DataFrame({"z": [1, 2, 3]}))

    assert list(result.columns) == ["a", "df.x", "df.a", "pf.z"]
    assert result["pf.z"].tolist() == [1, 2, 3]


def test_what_cannot_be_told_apart_is_refused() -> None:
    """Two columns of one name, and indexes that cannot be aligned."""
    with pytest.raises(UserError, match=r"the result has two columns 'df\.x'"):
        frame(a=A, df=pd.DataFrame([[1, 2]], columns=["x", "x"]))
    with pytest.raises(UserError, match="'r' has an index with repeated labels"):
        frame(a=A, r=pd.Series([1, 2], index=[0, 0]))


def test_repeated_labels_are_fine_when_all_agree() -> None:
    """Equal indexes need no aligning."""
    repeated = pd.Series([1, 2], index=[0, 0])

    assert frame(r=repeated, s=repeated + 1).to_numpy().tolist() == [[1, 2], [2, 3]]


def test_a_mapping_is_a_column() -> None:
    """A dict's keys are the labels of rows, as in Hamilton."""
    result = frame(d={"p": 1, "q": 2}, s=3)

    assert result.index.tolist() == ["p", "q"]
    assert result.to_dict("list") == {"d": [1, 2], "s": [3, 3]}


def test_rows_are_the_sorted_union() -> None:
    """Of indexes that differ; where they are equal, their order stays."""
    turned = pd.Series([1, 2, 3], index=[3, 1, 2])

    assert frame(a=turned, b=pd.Series([10, 20], index=[5, 1])).index.tolist() == [1, 2, 3, 5]
    assert frame(a=turned, b=turned).index.tolist() == [3, 1, 2]


def test_a_matrix_has_a_column_for_each_value() -> None:
    """Scalars are repeated; lengths must agree; there is no third dimension."""
    result = NumpyMatrixResult().build_result(a=A, b=[4, 5, 6], c=5)

    assert result.tolist() == [[1, 4, 5], [2, 5, 5], [3, 6, 5]]
    with pytest.raises(UserError, match="'c' has 2 elements, but the matrix has 3 rows"):
        NumpyMatrixResult().build_result(a=A, c=[1, 2])
    with pytest.raises(UserError, match="'m' has 2 dimensions"):
        NumpyMatrixResult().build_result(m=np.zeros((2, 2)))


def test_arrow_tables() -> None:
    """A lone table or frame becomes the table itself; else the frame of all values does."""
    table = pa.table({"a": [1]})

    assert ArrowTableResult().build_result(t=table) is table
    assert ArrowTableResult().build_result(p=pl.DataFrame({"a": [1]})).column_names == ["a"]
    assert ArrowTableResult().build_result(a=A, s=1).column_names == ["a", "s"]
    assert ArrowTableResult().build_result(df=FRAME).column_names == ["x", "a"]


def test_ones_own() -> None:
    """A subclass gets the values by name."""

    class Names(ResultBuilder):
        def build_result(self, **outputs: Any) -> Any:
            return sorted(outputs)

    assert Names().build_result(b=1, a=2) == ["a", "b"]
