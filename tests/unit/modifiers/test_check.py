"""Checks of what a function returns, as nodes of their own."""

from __future__ import annotations

import datetime
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dagbuild.ground.errors import GraphError
from dagbuild.modifiers import (
    DataValidationError,
    DataValidationWarning,
    DataValidator,
    ValidationResult,
    check_output,
    check_output_custom,
)
from dagbuild.modifiers.known_checks import CHECKS
from tests.unit.modifiers.running import crosses_processes, make_graph, run


@check_output(range=(0, 1), allow_nans=False, importance="fail")
def share(a: pd.Series) -> pd.Series:
    """A share."""
    return a


@check_output(range=(0, 1))
def mild(a: float) -> float:
    return a


class Divisible(DataValidator):
    def __init__(self, by: int, importance: str = "fail") -> None:
        super().__init__(importance)
        self.by = by

    def applies_to(self, datatype: type) -> bool:
        return datatype is int

    def description(self) -> str:
        return f"Is a multiple of {self.by}."

    @classmethod
    def name(cls) -> str:
        return "divisible_validator"

    def validate(self, dataset: int) -> ValidationResult:
        return ValidationResult(dataset % self.by == 0, f"{dataset} by {self.by}")


@check_output_custom(Divisible(3), Divisible(2, "warn"))
def number(a: int) -> int:
    return a


def test_checks_are_nodes_of_their_own() -> None:
    """The raw value, a node for each check, and the checked value under the function's name."""
    graph = make_graph(share)

    assert {name: node.upstream for name, node in graph.nodes.items()} == {
        "share_raw": ("a",),
        "share_range_validator": ("share_raw",),
        "share_allow_nans_validator": ("share_raw",),
        "share": ("share_raw", "share_range_validator", "share_allow_nans_validator"),
    }
    assert graph.nodes["share_raw"].function is share
    assert graph.nodes["share"].type is pd.Series
    assert graph.nodes["share_range_validator"].type is ValidationResult
    assert all(crosses_processes(node) for node in graph.nodes.values() if node.function is not share)


def test_what_decides_a_check_is_among_its_sources() -> None:
    """The bounds count for the check only, the importance for the checked node only."""
    nodes = make_graph(share).nodes

    assert nodes["share_range_validator"].sources == ((0, 1),)
    assert nodes["share_range_validator"].operation == "check_output/1:range"
    assert nodes["share"].sources == ((("range_validator", "fail"), ("allow_nans_validator", "fail")),)
    assert nodes["share_raw"].sources == ()


def test_a_failed_check_fails_the_checked_node() -> None:
    """The raw value and the results are there all the same; the message tells every check that failed."""
    graph = make_graph(share)
    bad = pd.Series([0.5, 2.0, np.nan])

    result = run(graph, "share_range_validator", a=bad)
    assert (result.passes, result.message) == (
        False,
        "is between 0 and 1: no (rows 2 of 3, such as 2.0, nan)",
    )
    with pytest.raises(DataValidationError) as caught:
        run(graph, "share", a=bad)
    assert str(caught.value) == (
        "node 'share' did not pass: range_validator: is between 0 and 1: no (rows 2 of 3, such as 2.0, nan); "
        "allow_nans_validator: has nothing missing: no (rows 1 of 3, such as nan)"
    )


def test_a_warning_hands_the_value_on() -> None:
    """With importance "warn" the value comes through and the user is told."""
    with pytest.warns(DataValidationWarning, match=r"node 'mild' did not pass: range_validator") as told:
        value = run(make_graph(mild), "mild", a=3.0)

    assert value == 3.0
    assert told[0].filename == __file__


def test_a_passed_check_says_nothing() -> None:
    """No warning, no error, the very value."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(make_graph(mild), "mild", a=0.5) == 0.5


def test_stacked_checks_join() -> None:
    """Two decorators make one checked node, each with its own importance; equal names are numbered."""

    @check_output(range=(0, 5), importance="fail")
    @check_output(range=(0, 3), data_type=int)
    def count(a: int) -> int:
        return a

    graph = make_graph(count)

    assert list(graph.nodes) == [
        "count_raw", "count_range_validator", "count_data_type_validator", "count_range_validator_1", "count",
    ]  # fmt: skip
    with pytest.warns(DataValidationWarning):
        assert run(graph, "count", a=4) == 4
    with pytest.raises(DataValidationError), pytest.warns(DataValidationWarning):
        run(graph, "count", a=6)


def test_own_validators() -> None:
    """Class and attributes of a validator are sources; each has its importance."""
    graph = make_graph(number)

    assert graph.nodes["number_divisible_validator"].sources == (Divisible, "by", 3)
    assert graph.nodes["number_divisible_validator"].doc == "Is a multiple of 3."
    assert run(graph, "number", a=6) == 6
    with pytest.warns(DataValidationWarning, match="9 by 2"):
        assert run(graph, "number", a=9) == 9
    with pytest.raises(DataValidationError, match="node 'number' did not pass: divisible_validator: 8 by 3"):
        run(graph, "number", a=8)


def test_a_validator_must_apply() -> None:
    """A validator that does not take the type is refused when the graph is made."""

    @check_output_custom(Divisible(2))
    def word(a: str) -> str:
        return a

    @check_output(range=(0, 1))
    def text(a: str) -> str:
        return a

    with pytest.raises(GraphError) as caught:
        make_graph(word, text)

    assert [problem.message for problem in caught.value.problems] == [
        "@check_output_custom: 'divisible_validator' does not apply to 'word', which is str",
        "@check_output: 'range' checks a column, a frame or a number, but 'text' is str",
    ]


NEW_YEAR = datetime.date(2020, 1, 1)
FLOATS = pd.Series([0.0, 1.0, 2.0])
HOLES = pd.Series([1.0, None, None, 4.0])
NULLABLE = pd.Series([1, None, 3], dtype="Int64")
FRAME = pd.DataFrame({"a": [1, 2], "b": [3, 4]})


@pytest.mark.parametrize(
    ("argument", "given", "good", "bad"),
    [
        ("range", (0, 2), FLOATS, HOLES),
        ("range", (1, 3), pd.Series([1, 2], dtype="Int64"), NULLABLE),
        ("range", (0, 2), pl.Series([1, 2]), pl.Series([1, None])),
        ("range", (0, 2), np.array([[0, 1], [2, 2]]), np.array([3])),
        ("range", (0, 4), FRAME, FRAME * 2),
        ("range", (0, 4), pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [5]})),
        ("range", (0, 2), 2, 2.5),
        ("range", (NEW_YEAR, None), NEW_YEAR, datetime.date(2019, 1, 1)),
        ("at_least", 0, FLOATS, -FLOATS),
        ("at_least", 1, 1, 0.5),
        ("at_most", 2, FLOATS, FLOATS + 1),
        ("values_in", [1.0, 4.0], HOLES, FLOATS),
        ("values_in", ["a", "b"], pl.Series(["a", None]), pl.Series(["c"])),
        ("values_in", ["a", "b"], "a", "c"),
        ("data_type", float, FLOATS, pd.Series([1])),
        ("data_type", int, NULLABLE, FLOATS),
        ("data_type", np.number, FLOATS, pd.Series(["a"])),
        ("data_type", str, pd.Series(["a"]), FLOATS),
        ("data_type", int, pl.Series([1]), pl.Series([1.0])),
        ("data_type", pl.Int64, pl.Series([1]), pl.Series([1.0])),
        ("data_type", str, pl.Series(["a"]), pl.Series([1])),
        ("data_type", float, 1.0, "x"),
        ("data_type", "datetime64[ns]", pd.Series(pd.to_datetime(["2020-01-01"])).astype("datetime64[ns]"), FLOATS),
        ("allow_nans", False, FLOATS, HOLES),
        ("allow_nans", False, FRAME, HOLES.to_frame()),
        ("allow_nans", False, 1.0, float("nan")),
        ("max_fraction_nans", 0.5, HOLES, pd.Series([None, None, 1.0])),
        ("max_fraction_nans", 0.5, pd.Series([], dtype=float), pl.Series([None, 1.0, None])),
        ("max_standard_dev", 1.0, FLOATS, FLOATS * 10),
        ("mean_in_range", (0, 1), FLOATS, FLOATS + 1),
        ("min_rows", 2, FRAME, FRAME.head(1)),
        ("min_rows", 2, pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1]})),
        ("min_rows", 3, FLOATS, FLOATS.head(2)),
        ("allow_none", False, 0, None),
        ("contains", ["a", "b"], "cab", "cat"),
        ("does_not_contain", "x", "cab", "xylophone"),
    ],
)  # fmt: skip
def test_each_check_tells_good_from_bad(argument: Any, given: Any, good: Any, bad: Any) -> None:
    """Every check passes what it should and finds what it should, in pandas, polars, numpy and plain values."""
    check = CHECKS[argument](given)

    assert check.validate(good).passes
    found = check.validate(bad)
    assert not found.passes
    assert ": no (" in found.message


@pytest.mark.parametrize(("argument", "given"), [("max_standard_dev", 1.0), ("mean_in_range", (0, 1))])
def test_a_check_of_columns_says_so_when_it_meets_something_else(argument: Any, given: Any) -> None:
    """Where the annotation says nothing, a check that only columns can pass names what it was given."""
    check = CHECKS[argument](given)

    with pytest.raises(TypeError, match=f"'{argument}' checks a column or a frame, and this is float"):
        check.validate(0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: check_output(), "@check_output: no checks are given"),
        (lambda: check_output(rnge=(0, 1)), "@check_output: there is no check 'rnge'"),
        (lambda: check_output(range=3), "@check_output: range=3: (low, high) is needed"),
        (lambda: check_output(allow_nans=True), "@check_output: allow_nans=True: True checks nothing; leave it out"),
        (lambda: check_output(values_in="ab"), "@check_output: values_in='ab': a list of values is needed"),
        (lambda: check_output(importance="loud", range=(0, 1)), "@check_output: importance is 'loud'"),
        (lambda: check_output_custom(3), "@check_output_custom: 3 is no DataValidator"),  # type: ignore[arg-type]  # wrong on purpose
    ],
)  # fmt: skip
def test_wrong_arguments_are_told_where_they_are_written(make: Any, message: Any) -> None:
    """A decorator refuses what it cannot use when the module is imported."""
    with pytest.raises(GraphError) as caught:
        make()

    assert caught.value.problems[0].message == message
