"""Steps before a parameter and behind outputs: pipe_input, pipe_output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dagbuild.ground.errors import GraphError
from dagbuild.model.elements import Collect, Parallelizable
from dagbuild.model.node import Group, Source, Value
from dagbuild.modifiers import (
    cache,
    check_output,
    config,
    does,
    extract_fields,
    group,
    hamilton_exclude,
    inject,
    parameterize,
    pipe,
    pipe_input,
    pipe_output,
    retry,
    source,
    step,
    tag,
    value,
)
from tests.unit.modifiers.running import call, crosses_processes, make_graph, run


def _more(v: int, by: int) -> int:
    """Adds."""
    return v + by


def times(v: int, by: int = 2, plus: int = 0) -> int:
    return v * by + plus


def _words(v: int) -> str:
    return f"<{v}>"


def _sum(v: int, parts: list[int]) -> int:
    return v + sum(parts)


def refuse(*functions: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(GraphError) as caught:
        make_graph(*functions, **given)
    return "\n".join(str(problem).partition(": ")[2] for problem in caught.value.problems)


def refuse_step(make: Callable[[], Any]) -> str:
    with pytest.raises(GraphError) as caught:
        make()
    return str(caught.value)


def test_steps_stand_before_the_first_parameter() -> None:
    """Each is a node whose function is its own, with its documentation; literals and sources are bindings."""

    @pipe_input(step(_more, 2), step(times, by=source("rate")))
    def f(a: int, b: int) -> int:
        return a + b

    graph = make_graph(f)
    first, second, last = (graph.nodes[name] for name in ("f.with_more", "f.with_times", "f"))

    assert [(p.name, p.binding) for p in first.parameters] == [("v", Source("a")), ("by", Value(2))]
    assert first.function is _more
    assert (first.doc, first.operation, first.where.module) == ("Adds.", "", __name__)
    assert second.upstream == ("f.with_more", "rate", "plus")
    assert not graph.inputs["plus"].required
    assert not graph.inputs["rate"].required
    assert last.upstream == ("f.with_times", "b")
    assert last.function is f
    assert run(graph, "f", a=1, b=5, rate=10) == 35


def test_steps_stand_before_the_parameter_that_is_named() -> None:
    """Another one stays as it is; `pipe` is the old name."""

    @pipe(step(_more, by=1), on_input="b")
    def f(a: int, b: int) -> int:
        return a - b

    graph = make_graph(f)

    assert graph.nodes["f"].upstream == ("a", "f.with_more")
    assert run(graph, "f", a=1, b=5) == -5


def test_uses_of_one_function_are_counted() -> None:
    """Also those that have names of their own; an empty name is none. Functions of one name are counted together."""

    def another() -> Any:
        def _more(v: int, by: int) -> int:
            return v

        return _more

    @pipe_input(
        step(times),
        step(times).named("k"),
        step(_more, 1).named(""),
        step(times, 3),
        step(another(), 1),
    )
    def f(a: int) -> int:
        return a

    names = list(make_graph(f).nodes)

    assert names == ["f.with_times", "f.k", "f.with_more", "f.with_times_2", "f.with_more_1", "f"]


def test_names_have_the_namespace_that_is_said() -> None:
    """That of all of them, that of one, or that of the function's node; None is none."""

    @pipe_input(
        step(times).named("one", namespace="deep.er"),
        step(times).named("two"),
        step(times).namespaced(None),
    )
    def f(a: int) -> int:
        return a

    @pipe_input(step(times), step(_more, 1).named("own"), namespace="n")
    def g(a: int) -> int:
        return a

    @pipe_input(step(_words), namespace=None)
    def h(a: str) -> str:
        return a

    assert list(make_graph(f).nodes) == ["deep.er.one", "f.two", "with_times_2", "f"]
    assert list(make_graph(g).nodes) == ["n.with_times", "n.own", "g"]
    assert list(make_graph(h).nodes) == ["with_words", "h"]


def test_config_leaves_steps_out() -> None:
    """Every condition must hold, a missing key is None; what was asked for is noted where it counts."""

    @pipe_input(
        step(times).when(k=1),
        step(times).when_not(k=1),
        step(_more, 1).when_in(k=[1, 2]).when_not(off=True),
        step(_more, 2).when_not_in(k=[1, 2]),
    )
    def f(a: int) -> int:
        return a

    def other(x: int) -> int:
        return x

    one, none = make_graph(f, other, k=1), make_graph(f, other)

    assert list(one.nodes) == ["f.with_times", "f.with_more", "f", "other"]
    assert list(none.nodes) == ["f.with_times", "f.with_more", "f", "other"]
    assert none.nodes["f.with_more"].parameters[1].binding == Value(2)
    assert list(make_graph(f, k=2, off=True).nodes) == ["f.with_times", "f"]
    assert [one.nodes[name].config_used for name in list(one.nodes)[:3]] == [
        {"k": 1}, {"k": 1, "off": None}, {"k": 1, "off": None},
    ]  # fmt: skip
    assert one.nodes["other"].config_used == {}


def test_without_steps_the_function_is_as_it_was() -> None:
    """When config leaves out all of them, or none is given; the config counts as read."""

    @pipe_output(step(times).when(mode="on"))
    @pipe_input(step(times).when(mode="on"))
    def f(a: int) -> int:
        return a

    @pipe_output()
    @pipe_input()
    def g(a: int) -> int:
        return a

    graph = make_graph(f, g)

    assert [(name, node.upstream) for name, node in graph.nodes.items()] == [("f", ("a",)), ("g", ("a",))]
    assert graph.nodes["f"].config_used == {"mode": None}
    assert "'mode'" in refuse(f, mdoe="on")


def test_steps_stand_behind_the_output() -> None:
    """What the function gives is `.raw`, and under its name is what the last step gives, of that one's type."""

    @tag(of="f")
    @pipe_output(step(_more, 2), step(_words))
    def f(a: int) -> int:
        """What it is."""
        return a

    graph = make_graph(f)
    raw, last = graph.nodes["f.raw"], graph.nodes["f"]

    assert list(graph.nodes) == ["f.raw", "f.with_more", "f.with_words", "f"]
    assert [node.upstream for node in graph.nodes.values()] == [
        ("a",), ("f.raw",), ("f.with_more",), ("f.with_words",),
    ]  # fmt: skip
    assert raw.function is f
    assert (last.type, last.tags, last.operation) == (str, {"of": "f"}, "pipe_output/1")
    assert last.doc == raw.doc == "What it is."
    assert raw.tags == {}
    assert run(graph, "f", a=1) == "<3>"
    assert crosses_processes(last)


def test_config_is_noted_of_what_it_shapes_alone() -> None:
    """Which is what takes the value of a step that comes and goes, and the steps that it has led to."""

    @pipe_output(step(_more, 2), step(times).when(k=1), step(_words))
    @pipe_input(step(times).when(up=1).named("second"), step(_more, 1).named("third"))
    @pipe_input(step(_more, 1).named("fourth"))
    def f(a: int) -> int:
        return a

    def used(**given: Any) -> dict[str, list[str]]:
        return {name: sorted(node.config_used) for name, node in make_graph(f, **given).nodes.items()}

    behind = {"f.raw": [], "f.with_more": [], "f.with_words": ["k"], "f": ["k"]}
    assert used() == {"f.third": ["up"], "f.fourth": ["up"], **behind}
    assert used(up=1, k=1) == {
        "f.second": ["up"], "f.third": ["up"], "f.fourth": ["up"], **behind, "f.with_times": ["k"],
    }  # fmt: skip


def test_outputs_can_be_chosen() -> None:
    """For all steps or for single ones; names count for each output by itself, and no namespace but its own holds."""

    @pipe_output(
        step(times, 3).on_output("p"), step(times, 10).on_output(["p", "q"]).named("n", namespace="x")
    )
    @extract_fields({"p": int, "q": int, "r": int})
    def f(a: int) -> dict[str, int]:
        return {"p": a, "q": a, "r": a}

    @pipe_output(step(times, 3), on_output=["u"], namespace="ns")
    @extract_fields({"u": int, "w": int})
    def g(a: int) -> dict[str, int]:
        return {"u": a, "w": a}

    graph = make_graph(f, g)

    assert list(graph.nodes) == [
        "f", "p.raw", "p.with_times", "p.n", "p", "q.raw", "q.n", "q", "r", "g", "u.raw", "ns.with_times", "u", "w",
    ]  # fmt: skip
    assert [run(graph, name, a=1, plus=0) for name in ("p", "q", "r", "u", "w")] == [30, 10, 1, 3, 1]


def test_decorators_further_out_see_what_comes_of_the_steps() -> None:
    """As fields, as what is checked; those nearer to the function act before them."""

    def _double(d: dict[str, int]) -> dict[str, int]:
        return {name: 2 * each for name, each in d.items()}

    @extract_fields({"p": int})
    @pipe_output(step(_double))
    def fields(a: int) -> dict[str, int]:
        return {"p": a}

    @check_output(range=(0, 10))
    @pipe_output(step(times))
    def after(a: int) -> int:
        return a

    @pipe_output(step(times))
    @check_output(range=(0, 10))
    def before(a: int) -> int:
        return a

    graph = make_graph(fields, after, before)

    assert run(graph, "p", a=3) == 6
    assert list(graph.nodes)[4:] == [
        "after.raw", "after.with_times", "after_raw", "after_range_validator", "after",
        "before_raw", "before_range_validator", "before.raw", "before.with_times", "before",
    ]  # fmt: skip
    assert graph.nodes["after"].upstream == ("after_raw", "after_range_validator")
    assert graph.nodes["before.raw"].upstream == ("before_raw", "before_range_validator")
    assert run(graph, "after", a=3, plus=0) == run(graph, "before", a=3, plus=0) == 6


def test_stacked_pipes_pass_the_value_on() -> None:
    """What stands further out comes first, also to what nearer steps take by the same name."""

    @pipe_input(step(_more, 1).named("outer"), on_input="b")
    @pipe_input(step(_more, 2), namespace="second")
    @pipe_input(step(times, by=source("b")))
    def f(a: int, b: int) -> int:
        return a * 1000 + b

    graph = make_graph(f)

    assert graph.nodes["f"].upstream == ("f.with_times", "f.outer")
    assert graph.nodes["f.with_times"].upstream == ("second.with_more", "f.outer", "plus")
    assert graph.nodes["second.with_more"].upstream == ("a",)
    assert run(graph, "f", a=1, b=5, plus=0) == (1 + 2) * 6 * 1000 + 6


def test_both_ends_can_have_steps() -> None:
    """The names of all of them must differ."""

    @pipe_output(step(_more, 1), step(times))
    @pipe_input(step(_more, 10).named("before"))
    def f(a: int) -> int:
        return a * 100

    graph = make_graph(f)

    assert list(graph.nodes) == ["f.before", "f.raw", "f.with_more", "f.with_times", "f"]
    assert run(graph, "f", a=0) == 2002


def test_bound_parameters_and_several_nodes_have_steps_as_well() -> None:
    """A step takes what the parameter is bound to; each node of the function has its own steps."""

    @pipe_input(step(_more, 1))
    @inject(a=value(4), b=source("other"))
    def f(a: int, b: int) -> int:
        return a + b

    @parameterize(one={"a": source("x")}, two={"a": source("y")})
    @pipe_output(step(times, 3), on_output="two")
    @pipe_input(step(_more, 1))
    def g(a: int) -> int:
        return a

    graph = make_graph(f, g)

    assert graph.nodes["f.with_more"].upstream == ()
    assert run(graph, "f", other=10) == 15
    assert list(graph.nodes)[2:] == [
        "one.with_more", "one", "two.with_more", "two.raw", "two.with_times", "two",
    ]  # fmt: skip
    assert [run(graph, "one", x=1), run(graph, "two", y=5, plus=0)] == [2, 18]


def test_a_default_passes_the_steps() -> None:
    """Where nobody gives the input, the first step takes the parameter's default, or its own where it has one."""

    def _own(v: int = 50) -> int:
        return v

    @pipe_input(step(_more, 1))
    def f(a: int = 7) -> int:
        return a

    @pipe_input(step(_own))
    def g(b: int = 7) -> int:
        return b

    graph = make_graph(f, g)

    assert not graph.inputs["a"].required
    assert graph.nodes["f.with_more"].parameters[0].default == 7
    assert graph.nodes["g.with_own"].parameters[0].default == 50


def test_variants_and_other_functions_bodies_have_steps() -> None:
    """Steps are named after the node; what is said of the function's calls is not said of its steps."""

    @config.when(kind="a")
    @pipe_output(step(_more, 1))
    def f__a(a: int) -> int:
        return a

    @retry(3)
    @cache(version=2)
    @does(times)
    @pipe_input(step(_more, 1))
    def g(v: int) -> int:  # type: ignore[empty-body]  # its body is another function's
        pass

    graph = make_graph(f__a, g, kind="a")

    assert list(graph.nodes) == ["f.raw", "f.with_more", "f", "g.with_more", "g"]
    assert [node.retry is None for node in graph.nodes.values()] == [True, True, True, True, False]
    assert graph.nodes["g.with_more"].cache.version == "2"
    assert run(graph, "g", v=1) == 4


def test_groups_reach_steps() -> None:
    """As they reach parameters."""

    @pipe_input(step(_sum, parts=group(source("b"), value(3))))
    def f(a: int, b: int) -> int:
        return a + b

    graph = make_graph(f)

    assert graph.nodes["f.with_sum"].parameters[1].binding == Group((Source("b"), Value(3)))
    assert run(graph, "f", a=1, b=10) == 24


def test_steps_before_a_collect_are_called_for_each_element() -> None:
    """The parameter collects what comes of them; a step that collects takes all of them."""

    def page(n: int) -> Parallelizable[int]:
        return list(range(n))

    def _all(pages: Collect[int]) -> int:
        return sum(pages)

    @pipe_input(step(times))
    def total(page: Collect[int]) -> int:
        return sum(page)

    @pipe_input(step(_all))
    def whole(page: int) -> int:
        return page

    graph = make_graph(page, total, whole)

    assert graph.nodes["total.with_times"].block == ("page",)
    assert graph.nodes["total"].block == ()
    assert graph.nodes["whole"].block == graph.nodes["whole.with_all"].block == ()


def test_steps_that_give_iterators_are_never_cached() -> None:
    """Like nodes that do."""

    def _each(v: int) -> Iterator[int]:
        yield from range(v)

    @pipe_output(step(_each))
    def f(a: int) -> int:
        return a

    graph = make_graph(f)

    assert [node.cache.never for node in graph.nodes.values()] == [False, True, True]
    assert list(call(graph.nodes["f.with_each"], {"f.raw": 3})) == [0, 1, 2]


def test_a_function_can_be_step_and_node() -> None:
    """What decorators say of the node is not said of the step."""

    @tag(of="node")
    @pipe_input(step(_more, 1))
    def f(a: int) -> int:
        return a

    @pipe_input(step(f))
    def g(a: int) -> int:
        return a

    graph = make_graph(f, g)

    assert graph.nodes["g.with_f"].upstream == ("a",)
    assert graph.nodes["g.with_f"].tags == {}
    assert run(graph, "g", a=1) == 1


def test_types_are_checked_from_step_to_step() -> None:
    """Each edge, and the one that leads into the function or out of it."""

    @pipe_input(step(_words), step(times))
    def f(a: str) -> int:
        return 1

    @pipe_output(step(_words))
    def g(a: int) -> int:
        return a

    def h(g: int) -> int:
        return g

    told = refuse(f, g, h)

    assert "parameter 'v' of 'f.with_times' is int, but node 'f.with_words' at " in told
    assert "parameter 'a' of 'f' is str, but node 'f.with_times' at " in told
    assert "parameter 'g' of 'h' is int, but node 'g' at " in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (step(_more, nosuch=3), "step(_more): it has no parameter 'nosuch'"),
        (step(_more, bye=3), "try: did you mean 'by'?"),
        (step(_more, v=3), "step(_more): 'v' is its first parameter, which takes the value that it is applied to"),
        (step(_more, 1, 2), "its parameters behind 'v' cannot be given these: too many positional arguments"),
        (step(_more, 1, by=2), "cannot be given these: multiple values for argument 'by'"),
        (step(lambda v: v), "parameter 'v' of '<lambda>' has no annotation\n  try: annotate it: a step is a node"),
        (step(lambda: 1), "'<lambda>' has no return annotation"),
    ],
)  # fmt: skip
def test_steps_that_cannot_be_called_are_refused(given: Any, words: str) -> None:
    """What is given to them must fit their parameters, and these must be annotated."""

    @pipe_input(given)
    def f(a: int) -> int:
        return a

    assert words in refuse(f)


def test_steps_must_take_and_give_one_value() -> None:
    """None at all, many of them, and those that come later are refused."""

    def _nothing() -> int:
        return 1

    def _star(v: int, *more: int) -> int:
        return v

    async def _later(v: int) -> int:
        return v

    def _elements(v: int) -> Parallelizable[int]:
        return [v]

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        @pipe_output(step(function))
        def f(a: int) -> int:
            return a

        return f

    assert "step(_nothing): it has no parameter that could take the value" in refuse(make(_nothing))
    assert "'_star' takes *more" in refuse(make(_star))
    assert "'f.with_later' is an async function" in refuse(make(_later))
    assert "step(_elements): it gives elements, and a step gives one value" in refuse(make(_elements))


def test_two_nodes_of_one_name_are_refused() -> None:
    """Within a function's steps, at both its ends, and where two @pipe_output stand on one output."""

    @pipe_output(step(times))
    @pipe_input(step(times))
    def f(a: int) -> int:
        return a

    @pipe_output(step(times))
    @pipe_output(step(_more, 1))
    def g(a: int) -> int:
        return a

    @pipe_input(step(times).named("h", namespace=None))
    def h(a: int) -> int:
        return a

    told = refuse(f, g, h)

    assert "@pipe_output: 'f.with_times' would be the name of 2 nodes" in told
    assert "try: name a step otherwise: step(...).named('other')" in told
    assert (
        "@pipe_output: 'g.raw' would be the name of 2 nodes\n  try: put all steps into one @pipe_output"
        in told
    )
    assert "@pipe_input: 'h' would be the name of 2 nodes" in told


def test_two_functions_steps_of_one_name_are_refused() -> None:
    """So are the nodes of two decorators of a function; where they stand does not tell them apart."""

    @pipe_input(step(times), namespace=None)
    def f(a: int) -> int:
        return a

    @pipe_input(step(times), namespace=None)
    def g(a: int) -> int:
        return a

    @check_output(range=(0, 10))
    @pipe_output(step(_more, 1))
    @check_output(range=(0, 10))
    def h(a: int) -> int:
        return a

    told = refuse(f, g, h)

    assert "'with_times' is made twice of 'times'\n  try: name one of them otherwise" in told
    assert "'h_raw' is made twice of 'h'" in told


def test_ends_that_are_not_there_are_refused() -> None:
    """A parameter, an output, and an output of a step that is none of those that it may be put on."""

    @pipe_input(step(times), on_input="amuont")
    def f(amount: int) -> int:
        return amount

    @pipe_input(step(times))
    def g() -> int:
        return 1

    @pipe_output(step(times), on_output="q")
    def h(a: int) -> int:
        return a

    @pipe_output(step(times).on_output("k"))
    @extract_fields({"p": int})
    def k(a: int) -> dict[str, int]:
        return {"p": a}

    told = refuse(f, g, h, k)

    assert "@pipe_input: 'f' has no parameter 'amuont'\n  try: did you mean 'amount'?" in told
    assert "@pipe_input: 'g' has no parameter" in told
    assert "@pipe_output: target 'q' is none of the function's nodes: h" in told
    assert "step(times): 'k' is none of the outputs that it could be put on: 'p'" in told


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: step(len), "step: <built-in function len> is no function that is written in Python"),
        (lambda: step("times"), "step: 'times' is no function"),  # type: ignore[arg-type]
        (lambda: step(times).named("a b"), "named: 'a b' is no name of a node"),
        (lambda: step(times).named("a", namespace=""), "namespaced: '' is no namespace of a node"),
        (lambda: pipe_input(times), "is no step\n  try: step(function, ...)"),  # type: ignore[arg-type]
        (lambda: pipe_output(times), "is no step\n  try: step(function, ...)"),  # type: ignore[arg-type]
        (lambda: pipe_input(step(times), namespace="a[1]"), "@pipe_input: 'a[1]' is no namespace of a node"),
        (lambda: pipe_input(step(times), on_input=["a", "b"]), "one parameter is named at a time"),  # type: ignore[arg-type]
        (lambda: pipe_input(step(times).on_output("p")), "step(times) is put on an output"),
        (lambda: pipe_output(step(times).on_output("p"), on_output="q"), "say it in one of the two places"),
        (lambda: pipe_output(step(times), on_output=...), "@pipe_output: on_output is ..."),  # type: ignore[arg-type]
        (lambda: pipe_input(step(times).namespaced("a"), namespace="b"), "say it in one of the two places"),
        (lambda: pipe_input(step(times), collapse=True), "steps are nodes, and cannot become one"),
        (lambda: pipe_output(step(times), collapse=True), "steps are nodes, and cannot become one"),
    ],
)  # fmt: skip
def test_what_makes_no_pipe_is_refused_where_it_is_written(make: Callable[[], Any], words: str) -> None:
    """Before there is a graph."""
    assert words in refuse_step(make)


def test_functions_that_give_elements_have_no_steps_behind_them() -> None:
    """They would take an element for the whole; before a parameter they may stand."""

    @pipe_output(step(times))
    def f(n: int) -> Parallelizable[int]:
        return [n]

    @pipe_input(step(times))
    def g(n: int) -> Parallelizable[int]:
        return [n]

    @hamilton_exclude
    @pipe_output(step(_more, 1))
    def left_out(n: int) -> int:
        return n

    assert "'f' gives elements, which its decorators would take for one value" in refuse(f)
    assert list(make_graph(g, left_out).nodes) == ["g.with_times", "g"]
