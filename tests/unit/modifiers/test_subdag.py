"""A graph within a node: subdag."""

from __future__ import annotations

from typing import Annotated, Any, cast

import pandas as pd
import pytest

from dagbuild import (
    Collect,
    Columns,
    DataValidationError,
    Driver,
    File,
    Parallelizable,
    cache,
    check_output,
    config,
    configuration,
    extract_fields,
    group,
    parameterize,
    parameterized_subdag,
    source,
    subdag,
    tag,
    tag_outputs,
    value,
    writes,
)
from dagbuild.ground.errors import GraphError, UserError
from dagbuild.loader import create_module, load_graph
from dagbuild.model.graph import Graph
from tests.unit.modifiers.running import crosses_processes, make_graph, run


def scaled(amount: int, factor: int) -> int:
    """The amount by the factor."""
    return amount * factor


@config.when(mode="up")
def moved__up(scaled: int, step: int) -> int:
    return scaled + step


@config.when_not(mode="up")
def moved__down(scaled: int, step: int) -> int:
    return scaled - step


@tag(kind="bound")
@extract_fields({"low": int, "high": int})
def bounds(moved: int, margin: int = 1) -> dict[str, int]:
    return {"low": moved - margin, "high": moved + margin}


PARTS = create_module(scaled, moved__up, moved__down, bounds, name="parts")


@subdag(
    PARTS, inputs={"amount": source("spend"), "factor": value(3)}, config={"mode": configuration("direction")}
)
def uk(low: int, high: int) -> int:
    """Both bounds of the UK."""
    return low * 1000 + high


@subdag(PARTS, inputs={"amount": source("spend"), "factor": value(4)}, config={"mode": "down", "step": 2})
def de(high: int, moved: int) -> int:
    return high * 1000 + moved


def inputs_of(graph: Graph) -> set[str]:
    return set(graph.inputs)


def test_inner_nodes_stand_under_the_name_of_the_node_around_them() -> None:
    """What is within is taken from there; what nobody gives comes from outside under its own name."""
    graph = make_graph(uk, de, direction="up")

    inner = "amount bounds factor high low mode moved scaled"
    assert set(graph.nodes) == {
        "uk",
        "de",
        "de.step",
        *(f"{up}.{name}" for up in ("uk", "de") for name in inner.split()),
    }
    assert inputs_of(graph) == {"spend", "step", "margin", "direction"}
    assert graph.nodes["uk"].upstream == ("uk.low", "uk.high")
    assert graph.nodes["uk.moved"].upstream == ("uk.scaled", "step")
    assert graph.nodes["uk.bounds"].upstream == ("uk.moved", "margin")
    assert graph.nodes["uk.scaled"].doc == "The amount by the factor."
    assert graph.nodes["uk.low"].tags == {"kind": "bound"} != graph.nodes["uk"].tags
    assert graph.nodes["de.moved"].upstream == ("de.scaled", "de.step")


def test_each_use_has_its_own_inputs_and_config() -> None:
    """The config of the decorator wins over the config around it, which it can take values of."""
    graph = make_graph(uk, de, direction="up", mode="down")

    assert run(graph, "uk", spend=10, step=5) == 34036
    assert run(graph, "de", spend=10, step=5) == 39038
    assert graph.nodes["uk.moved"].config_used == {"mode": "up"}
    assert run(make_graph(uk, direction="down"), "uk.moved", spend=10, step=5) == 25
    assert all(crosses_processes(node) for node in graph.nodes.values())


def test_what_is_given_stands_there_as_a_node_that_is_not_stored() -> None:
    """It is typed as what takes it, a value by itself; where elements are given, each of them."""
    graph = make_graph(uk, direction="up")

    assert graph.nodes["uk.amount"].upstream == ("spend",)
    assert graph.nodes["uk.amount"].type is int
    assert graph.nodes["uk.factor"].type is int
    assert graph.nodes["uk.mode"].upstream == ("direction",)
    assert graph.nodes["uk.amount"].cache.never
    assert [name for name, node in graph.nodes.items() if node.is_inner] == [
        name for name in graph.nodes if name != "uk"
    ]


def test_names_can_be_chosen() -> None:
    """A namespace for what is within, a name for the node itself; parameters from outside keep their names."""

    @subdag(
        scaled, inputs={"factor": value(2)}, namespace="a.b", final_node_name="end", external_inputs=["low"]
    )
    def start(scaled: int, low: int, maybe: int = 7) -> int:
        return scaled + low + maybe

    graph = make_graph(start)

    assert set(graph.nodes) == {"end", "a.b.scaled", "a.b.factor"}
    assert inputs_of(graph) == {"amount", "low", "a.b.maybe"}
    assert run(graph, "end", amount=3, low=1) == 14


def test_subdags_nest() -> None:
    """Names are put in front of names, and what the inner one takes from outside the outer one can have."""

    @subdag(scaled, inputs={"amount": source("base")})
    def inner(scaled: int) -> int:
        return scaled

    def base(start: int) -> int:
        return start + 1

    @subdag(inner, base, inputs={"start": source("begin"), "factor": value(10)})
    def outer(inner: int) -> int:
        return -inner

    graph = make_graph(outer)

    assert set(graph.nodes) == {
        "outer",
        "outer.inner",
        "outer.base",
        "outer.start",
        "outer.factor",
        "outer.inner.scaled",
        "outer.inner.amount",
    }
    assert graph.nodes["outer.inner.scaled"].upstream == ("outer.inner.amount", "outer.factor")
    assert graph.nodes["outer.inner.amount"].upstream == ("outer.base",)
    assert run(graph, "outer", begin=1) == -20


def test_other_decorators_of_the_function_are_for_its_own_node() -> None:
    """No inner node is taken for one of its nodes, and inner ones that nobody takes are in nobody's way."""

    @check_output(range=(0, 100), importance="fail")
    @tag(owner="me")
    @subdag(PARTS, inputs={"amount": value(1), "factor": value(2), "step": value(0)})
    @config.when(on=True)
    def checked__on(low: int) -> int:
        return low

    @parameterize(one={"by": value(1)}, two={"by": value(2)})
    @subdag(scaled, inputs={"amount": value(5), "factor": value(2)}, external_inputs=["by"])
    def several(scaled: int, by: int) -> int:
        return scaled * by

    graph = make_graph(checked__on, several, on=True)

    own = {name for name, node in graph.nodes.items() if not node.is_inner}
    assert own == {"checked", "checked_raw", "checked_range_validator", "one", "two"}
    assert graph.nodes["checked"].tags == {"owner": "me"}
    assert run(graph, "checked") == 1
    assert (run(graph, "one"), run(graph, "two")) == (10, 20)
    assert "checked" not in make_graph(checked__on).nodes


def test_elements_and_groups_and_columns_pass_through(tmp_path: Any) -> None:
    """Blocks may be within, around or closed within; a group is made of several; a table gives its columns alone."""

    def one(n: int) -> Parallelizable[int]:
        return list(range(n))

    def square(one: int) -> int:
        return one**2

    def total(square: Collect[int]) -> int:
        return sum(square)

    @subdag(one, square, total, inputs={"n": value(4)})
    def within(total: int) -> int:
        return total

    @subdag(square, inputs={"one": source("element")})
    def each(square: int) -> int:
        return square

    def element() -> Parallelizable[int]:
        return [5, 6]

    @subdag(total, inputs={"square": source("each")})
    def closed(total: int) -> int:
        return total

    def sums(parts: list[int]) -> int:
        return sum(parts)

    @subdag(sums, inputs={"parts": group(source("within"), value(1))})
    def grouped(sums: int) -> int:
        return sums

    def mean(table: Annotated[pd.DataFrame, Columns("a")]) -> float:
        return float(table["a"].mean()) + table.shape[1]

    def table() -> pd.DataFrame:
        return pd.DataFrame({"a": [1, 3], "b": [0, 0]})

    @subdag(mean, inputs={"table": source("table")})
    def averaged(mean: float) -> float:
        return mean

    def text(path: File) -> str:
        return path.path.read_text()

    @subdag(text, inputs={"path": source("file")})
    def words(text: str) -> str:
        return text

    tmp_path.joinpath("x.txt").write_text("first")
    functions = (within, each, element, closed, grouped, table, averaged, words)
    driver = Driver({}, *functions, cache=tmp_path / "cache", executor="inline")
    targets = ["within", "each", "each.one", "closed", "grouped", "averaged"]
    told = driver.execute(targets)
    first = driver.execute(["words"], inputs={"file": str(tmp_path / "x.txt")})
    tmp_path.joinpath("x.txt").write_text("second")
    second = driver.execute(["words"], inputs={"file": str(tmp_path / "x.txt")})

    assert list(told.values()) == [14, [25, 36], [5, 6], 61, 15, 3.0]
    assert (first["words"], second["words"]) == ("first", "second")
    assert driver.execute(["closed"], overrides={"each.one": [1, 2]})["closed"] == 5


def test_declared_outputs_are_named_by_the_whole_name() -> None:
    """Two uses of a function that writes {node} write two files."""

    @writes("out/{node}.md")
    def page() -> None: ...

    @subdag(page, namespace="a.deep")
    def one(page: None) -> None: ...

    @subdag(page)
    def two(page: None) -> None: ...

    graph = make_graph(one, two)

    assert graph.nodes["a.deep.page"].writes == ("out/a.deep.page.md",)
    assert graph.nodes["two.page"].writes == ("out/two.page.md",)


def test_what_is_said_of_an_inner_node_has_its_whole_name() -> None:
    """A field that is not there, a check that does not pass."""

    @extract_fields({"gone": int})
    def fields() -> dict[str, int]:
        return {}

    @check_output(range=(0, 1), importance="fail")
    def checked() -> int:
        return 5

    @subdag(fields, checked)
    def around(gone: int, checked: int) -> int:
        return gone + checked

    graph = make_graph(around)

    with pytest.raises(UserError, match=r"node 'around\.fields' has no field 'gone'"):
        run(graph, "around.gone")
    with pytest.raises(DataValidationError, match=r"around\.checked"):
        run(graph, "around.checked")


def test_decorators_of_the_node_can_be_for_inner_ones() -> None:
    """By their names, or for all: tags, checks, caching; what only gives on what it is given is never stored."""

    def around(decorate: Any) -> Graph:
        def outer(scaled: int) -> int:
            return scaled

        return make_graph(decorate(subdag(scaled, inputs={"amount": value(1), "factor": value(2)})(outer)))

    named = around(tag_outputs(**{"outer.scaled": {"of": "one"}, "outer": {"of": "end"}}))
    every = around(tag(of="all", target_=...))
    checked = around(check_output(range=(0, 1), importance="fail", target_="outer.scaled"))
    cached = around(cache("never"))

    assert {name: node.tags.get("of") for name, node in named.nodes.items() if node.tags} == {
        "outer.scaled": "one",
        "outer": "end",
    }
    assert {node.tags["of"] for node in every.nodes.values()} == {"all"}
    assert {"outer.scaled_raw", "outer.scaled_range_validator"} < set(checked.nodes)
    with pytest.raises(DataValidationError, match=r"outer\.scaled"):
        run(checked, "outer")
    assert all(node.cache.never for node in cached.nodes.values())
    assert not around(cache(version="2")).nodes["outer.amount"].cache.version
    with pytest.raises(GraphError, match=r"target 'outer.scale' is none of .*outer\.scaled"):
        around(tag(of="x", target_="outer.scale"))


@parameterized_subdag(
    PARTS,
    inputs={"amount": source("spend"), "factor": value(3)},
    config={"mode": "up"},
    external_inputs=["extra"],
    one={},
    two={"inputs": {"factor": value(5), "step": source("far")}, "external_inputs": ["low"]},
    three={"config": {"mode": "down"}},
)
def country(low: int, moved: int, extra: int = 0) -> int:
    """Of each of them."""
    return low * 1000 + moved + extra


def test_one_function_may_have_several_graphs() -> None:
    """What is said of one comes before what is said of all."""
    graph = make_graph(country)

    assert {name for name, node in graph.nodes.items() if not node.is_inner} == {"one", "two", "three"}
    assert graph.nodes["two"].upstream == ("low", "two.moved", "extra")
    assert graph.nodes["three"].doc == "Of each of them."
    assert run(graph, "one", spend=10, step=1) == 30031
    assert run(graph, "two", spend=10, far=2, low=1, extra=4) == 1056
    assert run(graph, "three", spend=10, step=1) == 28029


def refuse(*functions: Any, **given: Any) -> list[str]:
    with pytest.raises(GraphError) as caught:
        load_graph([create_module(*functions)], given)
    return [str(problem).partition(": ")[2] for problem in caught.value.problems]


WRONG: Any = 3


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (lambda: subdag(), "neither a module nor a function is given"),
        (lambda: subdag("parts"), "'parts' is neither a module nor a function\n  try: import it"),
        (lambda: subdag([scaled]), "is neither a module nor a function\n  try: give them one by one"),
        (lambda: subdag(scaled, inputs={"amount": WRONG}), "is 3\n  try: source(3) for a node, value(3)"),
        (lambda: subdag(scaled, inputs={"amount": cast(Any, configuration("a"))}), "give it in config="),
        (lambda: subdag(scaled, config={"amount": source("a")}), "config is known before any node runs"),
        (
            lambda: subdag(scaled, config={"a": 1}, inputs={"a": value(2)}),
            "'a': given in inputs= and in config=",
        ),
        (lambda: subdag(scaled, namespace=""), "'' cannot stand in front of names"),
        (lambda: subdag(scaled, external_inputs="abc"), "external_inputs='abc'"),
        (lambda: parameterized_subdag(scaled), "no node is named"),
        (lambda: parameterized_subdag(scaled, one=WRONG), "'one' is 3\n  try: one={"),
        (
            lambda: parameterized_subdag(scaled, one={"input": {}}),
            "'one' says 'input'\n  try: did you mean 'inputs'?",
        ),
        (
            lambda: parameterized_subdag(scaled, config={"a": 1}, one={"inputs": {"a": value(1)}}),
            "'a': given in",
        ),
        (lambda: configuration(WRONG), "a key of the config is needed"),
    ],
)
def test_what_is_written_wrong_is_refused_where_it_stands(decorate: Any, message: str) -> None:
    """With what to write instead."""
    with pytest.raises(GraphError) as caught:
        decorate()

    assert message in str(caught.value)


def test_what_does_not_fit_together_is_told_at_load() -> None:
    """Each problem with its place; those of inner functions at these."""

    @subdag(scaled, inputs={"amont": value(1), "factor": value(1)})
    def misspelt(scaled: int) -> int:
        raise NotImplementedError

    @subdag(scaled, inputs={"amount": value(1)})
    def unknown(scaled: int, scale: int) -> int:
        raise NotImplementedError

    @subdag(scaled, inputs={"scaled": source("x")})
    def twice(scaled: int) -> int:
        raise NotImplementedError

    @subdag(scaled, config={"mode": configuration("direction")})
    def lacking(scaled: int) -> int:
        raise NotImplementedError

    @subdag(scaled, inputs={"amount": value("text")})
    def mistyped(scaled: int) -> int:
        raise NotImplementedError

    def bare(x):  # type: ignore[no-untyped-def]
        return x

    @subdag(bare)
    def untyped(bare: int) -> int:
        raise NotImplementedError

    @subdag(create_module(name="empty"))
    def empty(scaled: int) -> int:
        raise NotImplementedError

    def expect(function: Any, *messages: str) -> None:
        told = refuse(function, directions=1)
        assert len(told) == len(messages)
        assert all(message in problem for message, problem in zip(messages, told, strict=True)), told

    expect(misspelt, "@subdag: no function takes the input 'amont'\n  try: did you mean 'amount'?")
    expect(unknown, "'unknown' takes 'scale', which is nothing within\n  try: did you mean 'scaled'?")
    expect(twice, "'scaled': given from outside, and made by a function within")
    expect(lacking, "config 'mode' is the config value 'direction', which is not there\n  try: did you mean")
    expect(mistyped, "parameter 'amount' of 'mistyped.scaled' is int, but node 'mistyped.amount'")
    expect(untyped, "parameter 'x' of 'bare' has no annotation", "'bare' has no return annotation")
    expect(empty, "no function of 'empty' makes a node")


def test_a_subdag_of_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Directly or around a corner."""
    module = create_module(name="own")

    @subdag(module)
    def inner(x: int) -> int:
        raise NotImplementedError

    @subdag(inner)
    def outer(inner: int) -> int:
        raise NotImplementedError

    module.__dict__["__dagbuild_functions__"] = [outer]

    assert refuse(outer)[0].startswith("@subdag: 'outer' is within itself\n  try: move what it is made of")


def test_config_that_only_a_subdag_reads_is_no_slip() -> None:
    """And what only the decorator itself gives is asked of nobody."""
    graph = make_graph(uk, direction="up", directions="down", mode="up")
    assert "uk.moved" in graph.nodes

    told = refuse(uk, directon="up")
    assert told[0].endswith("did you mean 'directon'?")


def test_an_input_within_a_node_is_said_in_quotes() -> None:
    """As a table of the node's name, it is told how."""

    @subdag(scaled)
    def uk(scaled: int, extra: int = 2) -> int:
        return scaled + extra

    assert make_graph(uk, **{"uk.extra": 3}).inputs["uk.extra"].type is int
    assert 'for its name has a dot in it: "uk.extra"' in refuse(uk, uk={"extra": 3})[0]
