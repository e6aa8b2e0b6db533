"""Columns to a frame before a function takes it: with_columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from dagbuild import (
    Driver,
    cache,
    config,
    extract_columns,
    inject,
    parameterize,
    source,
    tag,
    value,
    with_columns,
)
from dagbuild.ground.errors import GraphError, UserError
from dagbuild.plan.plan import Status
from tests.unit.modifiers.running import crosses_processes, make_graph, run


def cost(spend: pd.Series, rate: float) -> pd.Series:
    """What it costs."""
    return spend * rate


def largest(cost: pd.Series) -> float:
    return float(cost.max())


def share(cost: pd.Series, largest: float) -> pd.Series:
    return cost / largest


def table() -> pd.DataFrame:
    return pd.DataFrame({"spend": [1.0, 3.0], "signups": [4, 5]}, index=[7, 8])


@tag(of="weeks")
@with_columns(cost, largest, share, columns_to_pass=["spend"])
def weeks(table: pd.DataFrame, days: int = 7) -> pd.DataFrame:
    """With what they cost."""
    return table


def test_each_column_is_a_node_and_the_frame_with_them_another() -> None:
    """What is no column is made for those that are; other decorators are for the function's own node."""
    graph = make_graph(weeks, table)

    assert set(graph.nodes) == {
        "weeks",
        "table",
        *(f"weeks.{name}" for name in ("_append", "spend", "cost", "largest", "share")),
    }
    assert set(graph.inputs) == {"rate", "days"}
    assert graph.nodes["weeks"].upstream == ("weeks._append", "days")
    assert graph.nodes["weeks._append"].upstream == ("table", "weeks.spend", "weeks.cost", "weeks.share")
    assert graph.nodes["weeks.spend"].upstream == ("table",)
    assert graph.nodes["weeks.cost"].doc == "What it costs."
    assert (graph.nodes["weeks"].tags, graph.nodes["weeks.cost"].tags) == ({"of": "weeks"}, {})
    made = run(graph, "weeks", rate=2.0)
    assert made.columns.tolist() == ["spend", "signups", "cost", "share"]
    assert made["share"].tolist() == [1 / 3, 1.0]
    assert table().columns.tolist() == ["spend", "signups"]
    assert all(crosses_processes(graph.nodes[f"weeks.{name}"]) for name in ("_append", "spend"))


def test_columns_are_chosen_in_order_and_what_nobody_needs_is_left_out() -> None:
    """Also under a name of one's own, and from a module."""

    @with_columns(
        cost,
        largest,
        share,
        columns_to_pass=["spend", "signups"],
        select=["share", "cost"],
        namespace="more.of",
    )
    def few(table: pd.DataFrame) -> pd.DataFrame:
        return table

    @with_columns(cost, share, largest, columns_to_pass=["spend"], select=["cost"])
    def one(table: pd.DataFrame) -> pd.DataFrame:
        return table

    graph = make_graph(few, one, table)

    assert "more.of.signups" not in graph.nodes
    assert {"one.share", "one.largest"}.isdisjoint(graph.nodes)
    assert run(graph, "few", rate=1.0).columns.tolist() == ["spend", "signups", "share", "cost"]


def test_functions_can_take_the_frame_itself() -> None:
    """Under the parameter's name, or under another one; so a column that is there can take another's place."""

    @extract_columns("spend", "signups")
    def doubled(table: pd.DataFrame) -> pd.DataFrame:
        return table * 2

    @with_columns(doubled, cost, on_input="table", select=["cost", "signups"])
    def by_input(days: int, table: pd.DataFrame) -> pd.DataFrame:
        return table

    def tripled(frame: pd.DataFrame) -> pd.Series:
        return frame["spend"] * 3

    @with_columns(tripled, pass_dataframe_as="frame")
    def by_name(table: pd.DataFrame) -> pd.DataFrame:
        return table

    graph = make_graph(by_input, by_name, table)

    assert graph.nodes["by_input"].upstream == ("days", "by_input._append")
    made = run(graph, "by_input", rate=1.0, days=1)
    assert made.to_dict("list") == {"spend": [1.0, 3.0], "signups": [8, 10], "cost": [2.0, 6.0]}
    assert run(graph, "by_name")["tripled"].tolist() == [3.0, 9.0]


def test_several_stand_above_each_other() -> None:
    """The lower one's columns are put to what the upper one gives."""

    def more(cost: pd.Series) -> pd.Series:
        return cost + 1

    @with_columns(cost, columns_to_pass=["spend"])
    @with_columns(more, columns_to_pass=["cost"], namespace="below")
    def both(table: pd.DataFrame) -> pd.DataFrame:
        return table

    graph = make_graph(both, table)

    assert graph.nodes["below._append"].upstream == ("both._append", "below.cost", "below.more")
    assert graph.nodes["both._append"].upstream == ("table", "both.spend", "both.cost")
    assert run(graph, "both", rate=1.0)["more"].tolist() == [2.0, 4.0]


def test_the_frame_is_what_the_parameter_is_bound_to() -> None:
    """By another decorator, above or below; of several nodes each has its own columns."""

    @inject(table=source("other"))
    @with_columns(cost, columns_to_pass=["spend"])
    def bound(table: pd.DataFrame) -> pd.DataFrame:
        return table

    @with_columns(cost, columns_to_pass=["spend"])
    @parameterize(
        left={"table": source("table"), "by": value(1)}, right={"table": source("other"), "by": value(2)}
    )
    def several(table: pd.DataFrame, by: int) -> pd.DataFrame:
        return table * by

    graph = make_graph(bound, several, table)

    assert graph.nodes["bound._append"].upstream[0] == "other"
    assert set(graph.inputs) == {"other", "rate"}
    other = pd.DataFrame({"spend": [10.0]})
    assert run(graph, "right", other=other, rate=3.0).to_dict("list") == {"spend": [20.0], "cost": [60.0]}
    assert run(graph, "left", other=other, rate=3.0)["cost"].tolist() == [3.0, 9.0]


def test_config_chooses_among_columns() -> None:
    """And what is required of it is asked for."""

    @config.when(kind="double")
    def more__double(spend: pd.Series) -> pd.Series:
        return spend * 2

    @config.when_not(kind="double")
    def more__same(spend: pd.Series) -> pd.Series:
        return spend

    @with_columns(more__double, more__same, columns_to_pass=["spend"], config_required=["kind"])
    def chosen(table: pd.DataFrame) -> pd.DataFrame:
        return table

    assert run(make_graph(chosen, table, kind="double"), "chosen")["more"].tolist() == [2.0, 6.0]
    assert run(make_graph(chosen, table, kind="any"), "chosen")["more"].tolist() == [1.0, 3.0]
    with pytest.raises(GraphError, match="it needs the config value 'kind', which is not there"):
        make_graph(chosen, table)


@pytest.mark.leaves_threads
def test_polars_has_it_too(tmp_path: Path) -> None:
    """Eager, by columns, and lazy, by expressions; what is lazy is never stored."""

    def eager_cost(spend: pl.Series, rate: float) -> pl.Series:
        return spend * rate

    def eager() -> pl.DataFrame:
        return pl.DataFrame({"spend": [1.0, 2.0]})

    @with_columns(eager_cost, columns_to_pass=["spend"])
    def eager_weeks(eager: pl.DataFrame) -> pl.DataFrame:
        return eager

    def lazy_cost(spend: pl.Expr, rate: float) -> pl.Expr:
        return spend * rate

    def spend(lazy: pl.LazyFrame) -> pl.Expr:
        return pl.col("spend") + 1

    @cache("never")
    def lazy(eager: pl.DataFrame) -> pl.LazyFrame:
        return eager.lazy()

    @with_columns(lazy_cost, columns_to_pass=["spend"])
    def lazy_weeks(lazy: pl.LazyFrame) -> pl.DataFrame:
        return lazy.collect()

    @with_columns(spend, on_input="lazy")
    def replaced(lazy: pl.LazyFrame) -> pl.DataFrame:
        return lazy.collect()

    @with_columns(lazy_cost, columns_to_pass=["spnd", "spend"])
    def missing(lazy: pl.LazyFrame) -> pl.DataFrame:
        return lazy.collect()

    functions = (eager, lazy, eager_weeks, lazy_weeks, replaced, missing)
    driver = Driver({}, *functions, cache=tmp_path, executor="inline")
    given = {"rate": 3.0}
    told = driver.execute(["eager_weeks", "lazy_weeks", "replaced"], inputs=given)

    assert told["eager_weeks"].to_dict(as_series=False) == {"spend": [1.0, 2.0], "eager_cost": [3.0, 6.0]}
    assert told["lazy_weeks"].to_dict(as_series=False) == {"spend": [1.0, 2.0], "lazy_cost": [3.0, 6.0]}
    assert told["replaced"].to_dict(as_series=False) == {"spend": [2.0, 3.0]}
    with pytest.raises(UserError, match="node 'lazy' has no column 'spnd'"):
        driver.execute(["missing"], inputs=given)


def test_a_frame_from_outside_has_its_columns_taken(tmp_path: Path) -> None:
    """An input as well as a node; only a column that changes is made again."""
    driver = Driver({}, weeks, cache=tmp_path, executor="inline")
    first = driver.execute(["weeks"], inputs={"table": table(), "rate": 1.0})["weeks"]
    changed = driver.status(["weeks"], inputs={"table": table().assign(signups=0), "rate": 1.0})

    assert first.columns.tolist() == ["spend", "signups", "cost", "share"]
    fresh = {name for name, step in changed.steps.items() if step.status is Status.FRESH}
    assert fresh == {"weeks.spend", "weeks.cost", "weeks.largest", "weeks.share"}


WRONG: Any = "spend"


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (lambda: with_columns(columns_to_pass=["spend"]), "neither a module nor a function is given"),
        (lambda: with_columns(cost), "by none\n  try: one of columns_to_pass, on_input, pass_dataframe_as"),
        (lambda: with_columns(cost, columns_to_pass=["a"], on_input="b"), "by 'columns_to_pass', 'on_input'"),
        (
            lambda: with_columns(cost, columns_to_pass=WRONG),
            "columns_to_pass is 'spend'\n  try: a list of names",
        ),
        (lambda: with_columns(cost, columns_to_pass=["spend"], select=[]), "select is []"),
        (
            lambda: with_columns(cost, columns_to_pass=["spend"], namespace="a b"),
            "cannot stand in front of names",
        ),
    ],
)
def test_what_is_written_wrong_is_refused_where_it_stands(decorate: Any, message: str) -> None:
    """With what to write instead."""
    with pytest.raises(GraphError) as caught:
        decorate()

    assert message in str(caught.value)


def spend(spend: pd.Series) -> pd.Series:
    return spend * 2


@pytest.mark.parametrize(
    ("decorator", "message"),
    [
        (
            with_columns(spend, columns_to_pass=["spend"]),
            "'spend': passed from the frame, and made by a function",
        ),
        (
            with_columns(cost, columns_to_pass=["spend"], select=["costs"]),
            "no 'costs' to select\n  try: did you mean",
        ),
        (
            with_columns(cost, largest, columns_to_pass=["spend"], select=["largest"]),
            "'largest' is float, which is no column",
        ),
        (with_columns(cost, on_input="tables"), "has no parameter 'tables'\n  try: did you mean 'table'?"),
        (
            with_columns(cost, on_input="days"),
            "takes 'days' as int, which is no frame\n  try: annotate it with",
        ),
    ],
)
def test_what_does_not_fit_the_function_is_told_at_load(decorator: Any, message: str) -> None:
    """With the function's place."""

    def start(table: pd.DataFrame, days: int) -> pd.DataFrame:
        return table

    with pytest.raises(GraphError) as caught:
        make_graph(decorator(start), table)

    assert message in str(caught.value)
    assert "test_with_columns.py" in str(caught.value)


def test_two_under_one_name_are_told() -> None:
    """With how to tell them apart."""

    @with_columns(cost, columns_to_pass=["spend"])
    @with_columns(share, columns_to_pass=["cost"])
    def both(table: pd.DataFrame) -> pd.DataFrame:
        return table

    with pytest.raises(GraphError, match="two of them make nodes under 'both'"):
        make_graph(both, table)
