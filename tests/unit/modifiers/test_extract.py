"""Columns, fields and elements as nodes of their own."""

from __future__ import annotations

from typing import TypedDict

import pandas as pd
import polars as pl
import pytest

from dagbuild.ground.errors import GraphError, UserError
from dagbuild.modifiers import check_output, extract_columns, extract_fields, tag, unpack_fields
from tests.unit.modifiers.running import crosses_processes, make_graph, run

pytestmark = pytest.mark.leaves_threads


@extract_columns("spend", ("signups", "People who came"))
def frame(path: str) -> pd.DataFrame:
    """What was spent."""
    return pd.DataFrame({"spend": [1, 2], "signups": [3, 4], "more": [5, 6]})


@extract_columns("spend", "other", fill_with=0)
def filled(path: str) -> pd.DataFrame:
    return pd.DataFrame({"spend": [1, 2]}, index=[7, 9])


@extract_columns("spend", "other", fill_with=0)
def rows(path: str) -> pl.DataFrame:
    return pl.DataFrame({"spend": [1, 2]})


@extract_columns("spend")
def lazy(path: str) -> pl.LazyFrame:
    return pl.DataFrame({"spend": [1, 2]}).lazy()


@extract_columns("sped")
def misspelt(path: str) -> pd.DataFrame:
    return pd.DataFrame({"spend": [1], "b": [2]})


@extract_columns("a")
def twice(path: str) -> pd.DataFrame:
    return pd.DataFrame([[1, 2]], columns=["a", "a"])


def test_frame_and_columns_are_nodes() -> None:
    """The frame keeps the function's name; each column is a Series node under its own."""
    graph = make_graph(frame)

    assert {name: node.type for name, node in graph.nodes.items()} == {
        "frame": pd.DataFrame,
        "spend": pd.Series,
        "signups": pd.Series,
    }
    assert graph.nodes["frame"].function is frame
    assert graph.nodes["spend"].upstream == ("frame",)
    assert graph.nodes["spend"].operation == "extract_columns/1:spend"
    assert graph.nodes["spend"].doc == "What was spent."
    assert graph.nodes["signups"].doc == "People who came"
    assert run(graph, "signups", path="").tolist() == [3, 4]
    assert crosses_processes(graph.nodes["spend"])


def test_fill_with_stands_in_for_a_missing_column() -> None:
    """A missing column is filled over the whole index, of the frame as well; what fills is among what that is made of."""
    graph = make_graph(filled)

    assert run(graph, "spend", path="").tolist() == [1, 2]
    other = run(graph, "other", path="")
    assert (other.name, other.tolist(), other.index.tolist()) == ("other", [0, 0], [7, 9])
    assert list(run(graph, "filled", path="").columns) == ["spend", "other"]
    assert graph.nodes["filled"].sources == (filled, 0)


def test_polars_frames_are_frames() -> None:
    """Columns of polars frames are polars Series, of lazy ones too."""
    graph = make_graph(rows)

    assert graph.nodes["spend"].type is pl.Series
    assert run(graph, "other", path="").to_list() == [0, 0]
    assert run(make_graph(lazy), "spend", path="").to_list() == [1, 2]


def test_a_missing_column_names_node_and_columns() -> None:
    """The error says which node, which columns it has, and what may have been meant."""
    with pytest.raises(UserError) as caught:
        run(make_graph(misspelt), "sped", path="")

    assert str(caught.value) == (
        "node 'misspelt' has no column 'sped'; its columns are 'spend', 'b'\n  try: did you mean 'spend'?"
    )


def test_a_repeated_column_is_refused() -> None:
    """A name that stands for two columns would give a frame."""
    with pytest.raises(UserError, match="node 'twice' has 2 columns 'a'"):
        run(make_graph(twice), "a", path="")


def test_only_frames_have_columns() -> None:
    """The return annotation must be a frame."""

    @extract_columns("a")
    def number(x: int) -> int:
        return x

    with pytest.raises(GraphError) as caught:
        make_graph(number)

    assert caught.value.problems[0].message == (
        "@extract_columns: 'number' returns int, which is no DataFrame of pandas, polars or Dask"
    )


def test_a_subclass_of_a_frame_is_a_frame() -> None:
    """A frame class of somebody's has columns too."""

    class Geo(pd.DataFrame):
        pass

    @extract_columns("a")
    def shapes(x: int) -> Geo:
        return Geo({"a": [x]})

    assert make_graph(shapes).nodes["a"].type is pd.Series


def test_columns_are_given_one_by_one() -> None:
    """A list in place of names is told at once."""
    with pytest.raises(GraphError, match=r"@extract_columns: \['a', 'b'\] is no column name"):
        extract_columns(["a", "b"])  # type: ignore[arg-type]  # wrong on purpose


def test_checks_below_check_the_frame_and_above_one_column() -> None:
    """Decorators act in their order: nearest to the function first."""

    @tag(team="growth")
    @check_output(range=(0, 10), target_="spend")
    @extract_columns("spend", "signups")
    @check_output(min_rows=1)
    def both(path: str) -> pd.DataFrame:
        return pd.DataFrame({"spend": [1], "signups": [3]})

    graph = make_graph(both)

    assert list(graph.nodes) == [
        "both_raw", "both_min_rows_validator", "both",
        "spend_raw", "spend_range_validator", "spend", "signups",
    ]  # fmt: skip
    assert graph.nodes["spend_raw"].upstream == ("both",)
    assert [name for name, node in graph.nodes.items() if node.tags] == ["spend", "signups"]
    assert run(graph, "spend", path="").tolist() == [1]


@extract_fields({"count": int, "word": str})
def typed(x: int) -> dict:  # type: ignore[type-arg]  # the fields are told by the decorator
    """Doc."""
    return {"count": x}


class Row(TypedDict):
    a: int
    b: str


def test_fields_with_types() -> None:
    """A dict of types gives the nodes and their types."""
    graph = make_graph(typed)

    assert {name: node.type for name, node in graph.nodes.items()} == {
        "typed": dict,
        "count": int,
        "word": str,
    }
    assert run(graph, "count", x=2) == 2
    with pytest.raises(UserError, match="node 'typed' has no field 'word'; its fields are 'count'"):
        run(graph, "word", x=2)
    assert crosses_processes(graph.nodes["count"])


def test_fields_by_name_take_the_dicts_type() -> None:
    """Names need dict[str, T]; they come as a list or one by one."""

    @extract_fields(["a", "b"], fill_with=9)
    def listed(x: int) -> dict[str, int]:
        return {"a": x}

    @extract_fields("c", "d")
    def single(x: int) -> dict[str, float]:
        return {"c": 0.5, "d": 1.5}

    graph = make_graph(listed, single)

    assert (graph.nodes["a"].type, graph.nodes["d"].type) == (int, float)
    assert run(graph, "b", x=1) == 9
    assert run(graph, "d", x=1) == 1.5


def test_a_typed_dict_names_its_fields() -> None:
    """Without arguments the TypedDict says it all."""

    @extract_fields()
    def row(x: int) -> Row:
        return {"a": x, "b": "t"}

    graph = make_graph(row)

    assert (graph.nodes["a"].type, graph.nodes["b"].type) == (int, str)


def test_fields_of_no_known_type_are_refused() -> None:
    """Names alone say nothing of types when the dict does not."""

    @extract_fields("a")
    def row(x: int) -> dict:  # type: ignore[type-arg]  # the fields are told by the decorator
        return {"a": x}

    @extract_fields("a")
    def number(x: int) -> int:
        return x

    with pytest.raises(GraphError) as caught:
        make_graph(row, number)

    assert [problem.message for problem in caught.value.problems] == [
        "@extract_fields: the types of the fields of 'row' are not known",
        "@extract_fields: 'number' returns int, which is no dict",
    ]


def test_elements_of_a_tuple() -> None:
    """unpack_fields names the elements in order; too many names are refused."""

    @unpack_fields("low", "high")
    def bounds(x: int) -> tuple[int, str]:
        return x, "high"

    @unpack_fields("first", "second")
    def many(x: int) -> tuple[float, ...]:
        return 1.0, 2.0

    graph = make_graph(bounds, many)

    assert (graph.nodes["low"].type, graph.nodes["high"].type, graph.nodes["second"].type) == (
        int,
        str,
        float,
    )
    assert run(graph, "high", x=1) == "high"

    @unpack_fields("a", "b")
    def short(x: int) -> tuple[int]:
        return (x,)

    with pytest.raises(GraphError, match="2 names for the 1 elements of 'short'"):
        make_graph(short)
