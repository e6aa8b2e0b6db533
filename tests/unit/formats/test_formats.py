"""Loaders and savers by themselves: what was saved is loaded again, and what cannot be is told in a line."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dagbuild.formats import (
    DataLoader,
    DataSaver,
    check_arguments,
    find_loader,
    find_saver,
    register_adapter,
)
from dagbuild.ground.errors import GraphError, UserError
from dagbuild.registry import LOADER_REGISTRY as LOADERS
from dagbuild.registry import SAVER_REGISTRY as SAVERS
from tests.exact import assert_same

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
POLARS = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})

ROUND_TRIPS = {
    "json": {"a": [1, None, "x"]},
    "yaml": {"a": [1, None, "x"]},
    "pickle": {1: (2, 3)},
    "file": "a text\n",
    "npy": np.arange(6).reshape(2, 3),
}
FRAMES = ("csv", "parquet", "feather", "excel", "orc", "json", "pickle", "html", "xml", "stata")
POLARS_FRAMES = ("csv", "parquet", "feather", "avro", "json", "ndjson")
NEEDS = {"excel": "openpyxl", "html": "lxml", "xml": "lxml", "yaml": "yaml"}


def save_and_load(form: str, value: Any, path: Path) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    saver: Any = find_saver(form, type(value), "it")
    loader: Any = find_loader(form, type(value), "it")
    saved = saver(str(path)).save_data(value)
    loaded, told = loader(str(path)).load_data(type(value))
    return loaded, saved, told


@pytest.mark.parametrize("form", ROUND_TRIPS)
def test_a_plain_value_that_was_saved_is_loaded_again(form: str, tmp_path: Path) -> None:
    pytest.importorskip(NEEDS.get(form, "json"))
    path = tmp_path / "x.dat"

    loaded, saved, told = save_and_load(form, ROUND_TRIPS[form], path)

    assert_same(loaded, ROUND_TRIPS[form])
    for metadata in (saved["file_metadata"], told["file_metadata"]):
        assert metadata["path"] == str(path)
        assert metadata["size"] == path.stat().st_size
        assert metadata["last_modified"] == path.stat().st_mtime
        assert metadata["timestamp"] >= metadata["last_modified"]


@pytest.mark.parametrize("form", FRAMES)
def test_a_frame_of_pandas_that_was_saved_is_loaded_again(form: str, tmp_path: Path) -> None:
    pytest.importorskip(NEEDS.get(form, "json"))

    loaded, saved, told = save_and_load(form, FRAME, tmp_path / f"x.{'xlsx' if form == 'excel' else form}")

    assert loaded[["a", "b"]].to_numpy().tolist() == FRAME.to_numpy().tolist()
    assert saved["dataframe_metadata"]["rows"] == told["dataframe_metadata"]["rows"] == 2
    assert told["dataframe_metadata"]["columns"] == len(loaded.columns)
    assert told["dataframe_metadata"]["column_names"] == list(loaded.columns)
    assert told["dataframe_metadata"]["datatypes"] == [str(kind) for kind in loaded.dtypes]
    assert "file_metadata" in saved
    assert "file_metadata" in told


@pytest.mark.leaves_threads
@pytest.mark.parametrize("form", POLARS_FRAMES)
def test_a_frame_of_polars_that_was_saved_is_loaded_again(form: str, tmp_path: Path) -> None:
    loaded, saved, told = save_and_load(form, POLARS, tmp_path / "x.dat")

    assert loaded.equals(POLARS)
    assert saved["dataframe_metadata"] == told["dataframe_metadata"]
    assert told["dataframe_metadata"]["datatypes"] == ["Int64", "String"]


def test_tables_in_texts_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a\tb\n1\t2\n")
    (tmp_path / "y.txt").write_text("a  b\n1  2\n")

    for form, name in (("table", "x.txt"), ("fwf", "y.txt")):
        loader: Any = find_loader(form, pd.DataFrame, "it")
        frame, _ = loader(str(tmp_path / name)).load_data(pd.DataFrame)
        assert frame.to_numpy().tolist() == [[1, 2]]


def test_a_table_of_a_database_is_saved_and_loaded(tmp_path: Path) -> None:
    sqlite3 = pytest.importorskip("sqlite3")
    connection = sqlite3.connect(tmp_path / "x.db")
    saver: Any = find_saver("sql", pd.DataFrame, "it")
    told = saver(table_name="t", db_connection=connection, index=False).save_data(FRAME)
    loader: Any = find_loader("sql", pd.DataFrame, "it")
    query = "SELECT a FROM t"
    frame, asked = loader(query_or_table=query, db_connection=connection).load_data(pd.DataFrame)
    connection.close()

    assert frame["a"].tolist() == [1, 2]
    assert (told["sql_metadata"]["table_name"], told["sql_metadata"]["rows"]) == ("t", 2)
    assert (asked["sql_metadata"]["query"], asked["sql_metadata"]["rows"]) == (query, 2)


def test_a_figure_is_saved(tmp_path: Path) -> None:
    figures = pytest.importorskip("matplotlib.figure")
    for form in ("plt", "png"):
        saver: Any = find_saver(form, figures.Figure, "it")
        told = saver(path=tmp_path / f"{form}.png", dpi=20).save_data(figures.Figure())

        assert told["file_metadata"]["size"] > 0


def test_values_that_are_in_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_NAME", "x")

    literal: Any = find_loader("literal", int, "it")
    environment: Any = find_loader("environment", dict, "it")
    memory: Any = find_saver("memory", int, "it")

    assert literal(value=3).load_data(int) == (3, {})
    assert environment(names=["A_NAME"]).load_data(dict) == ({"A_NAME": "x"}, {})
    assert memory().save_data(3) == 3
    with pytest.raises(UserError, match="the environment has no 'NO_NAME'"):
        environment(names=["NO_NAME"]).load_data(dict)


def test_options_that_concern_a_workbook_reach_its_writer(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = str(tmp_path / "x.xlsx")
    saver: Any = find_saver("excel", pd.DataFrame, "it")
    saver(path=path, sheet_name="one", index=False).save_data(FRAME)
    saver(path=path, sheet_name="two", index=False, mode="a", engine="openpyxl").save_data(FRAME)

    assert list(pd.read_excel(path, sheet_name=None)) == ["one", "two"]


def test_a_library_that_is_not_there_is_one_line_that_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lxml", "lxml.etree"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "yaml", None)
    saver: Any = find_saver("xml", pd.DataFrame, "it")

    with pytest.raises(UserError) as xml:
        saver(path_or_buffer=str(tmp_path / "x.xml")).save_data(FRAME)
    plain: Any = find_saver("yaml", dict, "it")
    with pytest.raises(UserError) as yaml:
        plain(path=str(tmp_path / "x")).save_data({})

    assert xml.value.problems[0].hint == "pip install lxml"
    assert "the format 'xml' needs" in str(xml.value)
    assert yaml.value.problems[0].hint == "pip install pyyaml"


def test_what_the_library_does_not_take_is_refused_with_the_nearest_name() -> None:
    loader: Any = find_loader("csv", pd.DataFrame, "it")

    with pytest.raises(GraphError, match=r"load_from\.csv takes no 'usecol'") as unknown:
        check_arguments(loader, ["path", "usecol"], "load_from.csv")
    with pytest.raises(GraphError, match=r"load_from\.csv needs 'path'"):
        check_arguments(loader, ["sep"], "load_from.csv")

    assert unknown.value.problems[0].hint == "did you mean 'usecols'?"


def test_formats_and_types_that_nobody_knows_are_told() -> None:
    with pytest.raises(GraphError, match="there is no format 'parket' to load from") as form:
        find_loader("parket", pd.DataFrame, "it")
    with pytest.raises(GraphError, match="'x' is int, which no loader of 'json' is for") as kind:
        find_loader("json", int, "'x'")
    with pytest.raises(GraphError, match="which no saver of 'csv' is for"):
        find_saver("csv", Any, "'x'")  # whose it is, is not known

    assert form.value.problems[0].hint == "did you mean 'parquet'?"
    assert "dict, list" in str(kind.value.problems[0].hint)


@pytest.fixture
def own_format() -> Iterator[None]:
    yield
    for known in (LOADERS, SAVERS):
        known.pop("ours", None)


@pytest.mark.usefixtures("own_format")
def test_the_one_that_was_registered_last_counts() -> None:
    def make(kinds: Collection[type], where: str) -> type[DataLoader]:
        @dataclasses.dataclass
        class Ours(DataLoader):
            path: str

            def load_data(self, _: Any) -> tuple[Any, dict[str, Any]]:
                return where, {}

            @classmethod
            def applicable_types(cls) -> Collection[type]:
                return kinds

            @classmethod
            def name(cls) -> str:
                return "ours"

        Ours.__qualname__ = f"Ours{where}"
        return Ours

    first, second, third = make([int], "1"), make([int], "2"), make([str], "3")
    for each in (first, second, third):
        register_adapter(each)

    assert find_loader("ours", int, "it") is second
    assert find_loader("ours", str, "it") is third
    again = make([int], "1")
    register_adapter(again)  # a module that is loaded anew
    assert LOADERS["ours"] == [second, third, again]


def test_what_cannot_be_registered_is_refused() -> None:
    class Bare(DataSaver):
        def save_data(self, data: Any) -> dict[str, Any]:
            return {}

        @classmethod
        def applicable_types(cls) -> Collection[type]:
            return [int]

        @classmethod
        def name(cls) -> str:
            return "bare"

    with pytest.raises(GraphError, match="is no dataclass"):
        register_adapter(Bare)
    with pytest.raises(GraphError, match="neither a loader nor a saver"):
        register_adapter(int)
    assert "bare" not in SAVERS


def test_a_page_of_one_table_is_a_frame_and_any_page_a_list(tmp_path: Path) -> None:
    pytest.importorskip("lxml")
    path = tmp_path / "x.html"
    path.write_text(FRAME.to_html() * 2)
    loader: Any = find_loader("html", list[pd.DataFrame], "it")

    tables, _ = loader(io=str(path)).load_data(list[pd.DataFrame])

    assert len(tables) == 2
    with pytest.raises(UserError, match=r"has 2 tables"):
        loader(io=str(path)).load_data(pd.DataFrame)
