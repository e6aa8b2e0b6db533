"""One function, several nodes: parameterize and its kin, inject, does."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dagbuild.ground.errors import GraphError
from dagbuild.model.node import Group, Source, Value
from dagbuild.modifiers import (
    ParameterizedExtract,
    check_output,
    does,
    extract_columns,
    group,
    inject,
    parameterize,
    parameterize_extract_columns,
    parameterize_sources,
    parameterize_values,
    pipe_input,
    source,
    step,
    tag_outputs,
    value,
)
from tests.unit.modifiers.running import crosses_processes, make_graph, run


@parameterize(
    doubled={"by": value(2)},
    tripled=({"by": value(3), "x": source("y")}, "Three times {x}"),
)
def times(x: int, by: int, plus: int = 0) -> int:
    """{x} times {by} is {output_name}; {this} stays."""
    return x * by + plus


def _tens(tens: int, ones: int) -> int:
    return 10 * tens + ones


def _twice(v: int) -> int:
    return 2 * v


def _total(**parts: int) -> int:
    return sum(parts.values())


def _read(path: str, sep: str = ",") -> str:
    return f"{path}{sep}"


@does(_total)
def everything(a: int, b: int = 5) -> int:  # type: ignore[empty-body]  # its body is another function's
    """Sums."""


@does(_read, path="spend_path")
def spend(spend_path: str) -> str:  # type: ignore[empty-body]  # its body is another function's
    pass


@parameterize_extract_columns(
    ParameterizedExtract(("low", ("high", "The high one")), {"x": source("start")}),
    ParameterizedExtract(("left", "right"), {"x": value(10)}),
)
def pair(x: int) -> pd.DataFrame:
    """From {x}."""
    return pd.DataFrame({"a": [x], "b": [x + 1]})


def test_each_keyword_is_a_node() -> None:
    """Literals and sources are bindings of the user's own function; the name of the function is no node."""
    graph = make_graph(times)

    assert list(graph.nodes) == ["doubled", "tripled"]
    doubled, tripled = graph.nodes.values()
    assert doubled.function is times
    assert [parameter.binding for parameter in doubled.parameters] == [Source("x"), Value(2), Source("plus")]
    assert tripled.upstream == ("y", "plus")
    assert run(graph, "doubled", x=4) == 8
    assert run(graph, "tripled", y=4, plus=1) == 13


def test_documentation_is_filled_in() -> None:
    """Braces with a parameter's name are filled in, others are left alone; a given text is taken as it is."""
    graph = make_graph(times)

    assert graph.nodes["doubled"].doc == "x times 2 is doubled; {this} stays."
    assert graph.nodes["tripled"].doc == "Three times {x}"


def test_values_and_sources_are_short_forms() -> None:
    """parameterize_values binds one parameter to values, parameterize_sources parameters to nodes."""

    @parameterize_values("by", {("twice", "Two"): 2, "thrice": 3})
    def scaled(x: int, by: int) -> int:
        return x * by

    @parameterize_sources(of_a={"x": "a"}, of_b={"x": "b"})
    def copied(x: int) -> int:
        return x

    graph = make_graph(scaled, copied)

    assert list(graph.nodes) == ["twice", "thrice", "of_a", "of_b"]
    assert graph.nodes["twice"].doc == "Two"
    assert run(graph, "thrice", x=2) == 6
    assert run(graph, "of_b", b=7) == 7


def test_groups_are_lists_and_dicts() -> None:
    """A group of nodes and values arrives as a list, or as a dict when named."""

    @inject(parts=group(source("a"), value(3)), named=group(x=source("a"), y=source("b")))
    def joined(parts: list[int], named: dict[str, int]) -> str:
        return f"{parts} {named}"

    graph = make_graph(joined)

    assert graph.nodes["joined"].upstream == ("a", "b")
    assert graph.inputs["a"].type is int
    assert graph.nodes["joined"].parameters[0].binding == Group((Source("a"), Value(3)))
    assert run(graph, "joined", a=1, b=2) == "[1, 3] {'x': 1, 'y': 2}"


def test_a_groups_members_must_fit_its_elements() -> None:
    """The element type of the list is what each member must have."""

    def word(x: int) -> str:
        return str(x)

    @inject(parts=group(source("word")))
    def joined(parts: list[int]) -> int:
        return 1

    with pytest.raises(GraphError) as caught:
        make_graph(word, joined)

    assert "parameter 'parts' of 'joined' is int, but node 'word' at " in caught.value.problems[0].message


def test_inject_and_parameterize_stack_both_ways() -> None:
    """The order of the two does not matter."""

    @parameterize(one={"x": value(1)}, two={"x": value(2)})
    @inject(y=value(10))
    def inner(x: int, y: int) -> int:
        """{x} and {y}"""
        return x + y

    @inject(y=value(20))
    @parameterize(three={"x": value(3)})
    def outer(x: int, y: int) -> int:
        """{x} and {y}"""
        return x + y

    graph = make_graph(inner, outer)

    assert [run(graph, name) for name in ("one", "two", "three")] == [11, 12, 23]
    assert graph.nodes["two"].doc == "2 and 10"


def test_checks_and_tags_follow_every_node() -> None:
    """Transforms act on each node that the expansion makes; tags can name one of them."""

    @tag_outputs(two={"kind": "even"})
    @check_output(range=(0, 5))
    @parameterize(one={"x": value(1)}, two={"x": value(2)})
    def number(x: int) -> int:
        return x

    graph = make_graph(number)

    assert list(graph.nodes) == [
        "one_raw", "one_range_validator", "one", "two_raw", "two_range_validator", "two",
    ]  # fmt: skip
    assert graph.nodes["two"].tags == {"kind": "even"}
    assert graph.nodes["one"].tags == {}


def test_columns_of_several_frames_need_their_own_decorator() -> None:
    """extract_columns takes one frame; the message counts what it met."""

    @extract_columns("a")
    @parameterize(one={"x": value(1)}, two={"x": value(2)})
    def frames(x: int) -> pd.DataFrame:
        return pd.DataFrame()

    with pytest.raises(GraphError) as caught:
        make_graph(frames)

    assert caught.value.problems[0].message == (
        "@extract_columns: it needs one node, but the decorators below it make 2: 'one', 'two'"
    )


def test_parameterized_columns_are_renamed() -> None:
    """Each use of the function is a frame of its own, its columns named as asked."""
    graph = make_graph(pair)

    assert list(graph.nodes) == ["pair__0", "low", "high", "pair__1", "left", "right"]
    assert run(graph, "high", start=1).tolist() == [2]
    assert run(graph, "pair__1").columns.tolist() == ["left", "right"]
    assert graph.nodes["pair__0"].sources == (pair,)
    assert graph.nodes["pair__0"].operation == "rename_columns/1:low,high"
    assert graph.nodes["low"].doc == "From start."
    assert graph.nodes["high"].doc == "The high one"
    assert crosses_processes(graph.nodes["pair__0"])


def test_without_renaming_the_columns_must_be_there() -> None:
    """reassign_columns=False leaves the user's function as the node's."""

    @parameterize_extract_columns(ParameterizedExtract(("a",), {"x": value(1)}), reassign_columns=False)
    def frame(x: int) -> pd.DataFrame:
        return pd.DataFrame({"a": [x]})

    graph = make_graph(frame)

    assert graph.nodes["frame__0"].function is frame
    assert run(graph, "a").tolist() == [1]


def test_does_hands_the_work_over() -> None:
    """The other function is the node's; renamed parameters arrive under its names."""
    graph = make_graph(spend)

    assert graph.nodes["spend"].function is _read
    assert graph.nodes["spend"].upstream == ("spend_path",)
    assert run(graph, "spend", spend_path="a") == "a,"


def test_does_keeps_the_defaults_of_the_declaration() -> None:
    """A default of the empty function is handed over when nothing else is, and counts among the sources."""
    graph = make_graph(everything)

    assert run(graph, "everything", a=1) == 6
    assert run(graph, "everything", a=1, b=1) == 2
    assert graph.nodes["everything"].sources == (_total, "b", 5)
    assert crosses_processes(graph.nodes["everything"])


def test_other_decorators_name_the_parameters_of_a_function_that_does_renames() -> None:
    """They are those of the function that they stand on, whatever the other one calls them."""

    @parameterize(one={"n": value(3)}, two={"n": source("y")})
    @does(_tens, tens="n", ones="x")
    def several(n: int, x: int = 5) -> int:  # type: ignore[empty-body]  # its body is another function's
        pass

    @inject(n=value(4))
    @pipe_input(step(_twice), on_input="x")
    @does(_tens, tens="n", ones="x")
    def single(n: int, x: int) -> int:  # type: ignore[empty-body]  # its body is another function's
        pass

    graph = make_graph(several, single)

    assert [run(graph, name, y=2, x=1) for name in ("one", "two", "single")] == [31, 21, 42]
    assert run(graph, "one") == 35


def test_does_needs_an_empty_body_and_matching_parameters() -> None:
    """What does would ignore, and what the other function cannot take, is refused."""

    @does(_total)
    def busy(a: int) -> int:
        return a + 1

    @does(_read)
    def wrong(file: str) -> str:  # type: ignore[empty-body]  # its body is another function's
        pass

    with pytest.raises(GraphError) as caught:
        make_graph(busy, wrong)

    assert [problem.message for problem in caught.value.problems] == [
        "@does: 'busy' has a body",
        "@does: '_read' cannot take the parameters of 'wrong': missing a required argument: 'path'",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: inject(x=3), "@inject: parameter 'x' is 3"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: parameterize(out={"x": "a"}), "@parameterize: parameter 'x' of 'out' is 'a'"),  # type: ignore[dict-item]  # wrong on purpose
        (lambda: parameterize(), "@parameterize: no nodes are given"),
        (lambda: group(source("a"), b=source("b")), "group: give either a list or names, not both"),
        (lambda: group(3), "group: 3 is neither source(...) nor value(...)"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: source(3), "source(3): a name is needed"),  # type: ignore[arg-type]  # wrong on purpose
    ],
)
def test_wrong_bindings_are_told_where_they_are_written(make: Any, message: Any) -> None:
    """A decorator refuses what it cannot use when the module is imported."""
    with pytest.raises(GraphError) as caught:
        make()

    assert caught.value.problems[0].message == message


def test_unknown_parameters_are_told_with_the_nearest() -> None:
    """A misspelt parameter is no silent new one."""

    @inject(lenght=value(3))
    def node(length: int) -> int:
        return length

    with pytest.raises(GraphError) as caught:
        make_graph(node)

    problem = caught.value.problems[0]
    assert (problem.message, problem.hint) == (
        "@inject: 'node' has no parameter 'lenght'",
        "did you mean 'length'?",
    )
