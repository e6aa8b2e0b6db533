"""Types of frames that import no library: the same classes are of the same kind as Hamilton says."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dagbuild.experimental import h_databackends as ours
from dagbuild.experimental.databackend import AbstractBackend

theirs = pytest.importorskip("hamilton.experimental.h_databackends")

VALUES: list[Any] = [
    pd.DataFrame(),
    pd.Series(dtype=float),
    type("Own", (pd.DataFrame,), {})(),
    pl.DataFrame(),
    pl.LazyFrame(),
    pl.Series(),
    pa.table({}),
    pa.array([1]),
    pa.chunked_array([[1]]),
    np.arange(2),
    1,
    [],
]


@pytest.mark.parametrize("name", [name for name in ours.__all__ if name.startswith("Abstract")])
def test_values_are_of_the_kinds_that_hamilton_says(name: str) -> None:
    one, other = getattr(theirs, name), getattr(ours, name)

    assert [isinstance(value, other) for value in VALUES] == [isinstance(value, one) for value in VALUES]
    assert [issubclass(type(value), other) for value in VALUES] == [
        issubclass(type(value), one) for value in VALUES
    ]


def test_all_frames_and_all_columns_are_listed() -> None:
    for one, other in (
        (theirs.DATAFRAME_TYPES, ours.DATAFRAME_TYPES),
        (theirs.COLUMN_TYPES, ours.COLUMN_TYPES),
    ):
        assert {kind.__name__ for kind in other} == {kind.__name__ for kind in one}
        assert [isinstance(value, other) for value in VALUES] == [isinstance(value, one) for value in VALUES]


def test_functions_are_chosen_by_them() -> None:
    """`functools.singledispatch` takes them, and so does a class of one's own."""

    class Whole(AbstractBackend):
        _backends = [("builtins", "int")]  # noqa: RUF012 - as it is written for Hamilton

    @functools.singledispatch
    def tell(value: Any) -> str:
        return "other"

    tell.register(ours.AbstractPandasDataFrame, lambda value: "pandas")
    tell.register(Whole, lambda value: "whole")

    assert [tell(value) for value in (pd.DataFrame(), pl.DataFrame(), 3, True, 2.5)] == [
        "pandas",
        "other",
        "whole",
        "whole",
        "other",
    ]
    Whole.register_backend("builtins", "float")
    assert isinstance(2.5, Whole)


def test_no_library_is_imported_for_them() -> None:
    code = (
        "import sys; from dagbuild.driver.backends import AbstractPandasDataFrame\n"
        "print(isinstance(1, AbstractPandasDataFrame), 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]
