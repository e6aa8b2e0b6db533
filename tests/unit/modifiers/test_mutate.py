"""Functions that say above themselves what they are put behind: mutate, apply_to."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dagbuild.ground.errors import GraphError
from dagbuild.loader import are_same, list_holdings, load_graph
from dagbuild.model.graph import Graph
from tests.unit.modifiers.running import make_graph, run

Make = Callable[..., ModuleType]


@pytest.fixture
def make_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Give a function that writes a module and imports it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(text: str, path: str = "mutated") -> ModuleType:
        file = tmp_path / f"{path}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text("from dagbuild import *\n" + textwrap.dedent(text))
        made.append(path.removesuffix("/__init__").replace("/", "."))
        return importlib.import_module(made[-1])

    yield make
    for name in made:
        sys.modules.pop(name, None)


def load(module: ModuleType, **config: object) -> Graph:
    return load_graph([module], config)


def refuse(module: ModuleType) -> list[str]:
    with pytest.raises(GraphError) as caught:
        load(module)
    return [str(problem).rpartition("/")[2] for problem in caught.value.problems]


def test_a_transform_is_a_step_behind_what_it_names(make_module: Make) -> None:
    """Whether it is a helper or not, it is no node itself; the functions can be called as ever."""
    module = make_module('''
        def f(a: int) -> int:
            """What it is."""
            return a

        @mutate(f)
        def _more(v: int) -> int:
            """Adds."""
            return v + 1

        @mutate(f, by=source("rate"))
        def times(v: int, by: int) -> int:
            return v * by
    ''')
    graph = load(module)

    assert list(graph.nodes) == ["f.raw", "f.with_more", "f.with_times", "f"]
    assert graph.nodes["f.with_times"].upstream == ("f.with_more", "rate")
    assert graph.nodes["f.with_more"].function is module._more
    assert (graph.nodes["f.with_more"].doc, graph.nodes["f"].doc) == ("Adds.", "What it is.")
    assert run(graph, "f", a=1, rate=10) == 20
    assert module.times(2, 3) == 6


def test_several_functions_are_named_with_what_they_are_given(make_module: Make) -> None:
    """What `apply_to` gives stands in place of what all are given; a text names a function, also all its variants."""
    module = make_module("""
        @mutate("f", apply_to("g", by=5).named("five", namespace="none"), apply_to("h"), by=7)
        def _more(v: int, by: int) -> int:
            return v + by

        def f(a: int) -> int:
            return a

        def g(a: int) -> int:
            return a

        @config.when(kind="a")
        def h__a(a: int) -> int:
            return a

        @config.when(kind="b")
        def h__b(a: int) -> int:
            return -a
    """)
    graph = load(module, kind="b")

    assert [name for name in graph.nodes if "." in name] == [
        "f.raw", "f.with_more", "g.raw", "g.five", "h.raw", "h.with_more",
    ]  # fmt: skip
    assert [run(graph, name, a=1) for name in "fgh"] == [8, 6, 6]


def test_transforms_stand_in_the_order_of_the_module(make_module: Make) -> None:
    """Behind the steps of @pipe_output, inside of what stands above that; several on one function from it outwards."""
    module = make_module("""
        def _first(v: int) -> int:
            return v + 1

        @check_output(at_least=0)
        @pipe_output(step(_first))
        def f(a: int) -> int:
            return a

        @mutate(f, by=3)
        @mutate(f, by=2)
        def _times(v: int, by: int) -> int:
            return v * by

        @mutate(f, f)
        def _last(v: int) -> int:
            return v - 1

        @tag(of="g")
        @check_output(at_least=0)
        def g(a: int) -> int:
            return a

        @mutate(g)
        def _behind_the_check(v: int) -> int:
            return v
    """)
    graph = load(module)

    assert list(graph.nodes) == [
        "f.raw", "f.with_first", "f.with_times", "f.with_times_1", "f.with_last", "f.with_last_1", "f_raw",
        "f_at_least_validator", "f", "g_raw", "g_at_least_validator", "g.raw", "g.with_behind_the_check", "g",
    ]  # fmt: skip
    assert [graph.nodes[f"f.with_times{n}"].parameters[1].binding.value for n in ("", "_1")] == [2, 3]  # type: ignore[union-attr]
    assert graph.nodes["g"].tags == {"of": "g"}
    assert run(graph, "f", a=1) == 10


def test_outputs_and_config_choose_where_a_transform_stands(make_module: Make) -> None:
    """As they do with steps."""
    module = make_module("""
        @extract_fields({"p": int, "q": int})
        def f(a: int) -> dict[str, int]:
            return {"p": a, "q": a}

        @mutate(apply_to(f, by=2).on_output("p"), apply_to(f, by=3).when(k=1))
        def _times(v: int, by: int) -> int:
            return v * by
    """)

    assert [run(load(module, k=1), name, a=1) for name in "pq"] == [6, 3]
    assert [run(load(module, k=2), name, a=1) for name in "pq"] == [2, 1]
    assert load(module, k=2).nodes["q"].config_used == {"k": 2}
    assert list(load(module).nodes) == ["f", "p.raw", "p.with_times", "p", "q"]


def test_what_is_named_in_vain_is_told(make_module: Make) -> None:
    """With everything else that is wrong: functions that are not there, helpers, transforms, and another module's."""
    make_module("def far(a: int) -> int: return a", "elsewhere_mutated")
    module = make_module("""
        from elsewhere_mutated import far
        def price(a: int) -> int: return a
        def _helper(a: int) -> int: return a
        @mutate("prise")
        def _one(v: int) -> int: return v
        @mutate(_helper, far)
        def _two(v: int) -> int: return v
        @mutate(_two)
        def _three(v: int) -> int: return v
        @mutate
        def _four(v: int) -> int: return v
        @mutate(price, nosuch=1)
        def _five(v: int) -> int: return v
        @config.when(k=1)
        @mutate(apply_to(price).on_output("nosuch"))
        def _six(v: int) -> int: return v
    """)

    assert refuse(module) == [
        "mutated.py:7: @mutate on '_one': 'prise' is no function of its module that makes a node\n"
        "  try: did you mean 'price'?",
        "mutated.py:9: @mutate on '_two': '_helper' is no function of its module that makes a node",
        "mutated.py:9: @mutate on '_two': 'far' is of another module, 'elsewhere_mutated'\n"
        "  try: name functions of its own module, or put @pipe_output(step(...)) on the other",
        "mutated.py:11: @mutate on '_three': '_two' is no function of its module that makes a node",
        "mutated.py:13: @mutate on '_four': whose outputs it is for is not said\n  try: @mutate(function)",
        "mutated.py:18: @config on '_six': it is no node, so that this would choose nothing\n"
        "  try: @mutate(apply_to(function).when(key=value))",
        "mutated.py:18: @mutate on '_six': 'nosuch' is none of the outputs that it could be put on: 'price'",
    ]


def test_what_a_transform_cannot_be_given_is_told_where_it_stands(make_module: Make) -> None:
    """And not where the function stands that it is put behind."""
    module = make_module("""
        def f(a: int) -> int: return a
        @mutate(f, nosuch=1)
        def _one(v: int) -> int: return v
    """)

    assert refuse(module) == ["mutated.py:5: @mutate on '_one': it has no parameter 'nosuch'"]


def test_a_transform_that_another_of_its_name_hides_is_told(make_module: Make) -> None:
    """Python keeps the last of them alone; Hamilton would let the value pass both."""
    module = make_module("""
        def f(a: int) -> int: return a
        @mutate(f)
        def _more(v: int) -> int: return v + 1
        @mutate(f)
        def _more(v: int) -> int: return v + 2
    """)

    assert refuse(module) == [
        "mutated.py:7: '_more' is defined twice in this file: this one hides line 5\n  try: rename one"
    ]


def test_functions_of_a_notebook_are_behind_each_other_whichever_is_defined_anew(make_module: Make) -> None:
    """By name, where the very function is another by now; what has changed is seen."""
    module = make_module("""
        def f(a: int) -> int: return a
        @mutate(f)
        def _more(v: int) -> int: return v + 1
    """)
    before = list_holdings([module])
    assert are_same(before, list_holdings([module]))

    exec("def f(a: int) -> int: return a * 100", vars(module))

    assert run(load(module), "f", a=1) == 101
    middle = list_holdings([module])
    exec("@mutate('f')\ndef _more(v: int) -> int: return v + 2", vars(module))
    assert not are_same(before, middle)
    assert not are_same(middle, list_holdings([module]))
    assert run(load(module), "f", a=1) == 102


def test_a_step_that_is_exchanged_in_place_is_seen(make_module: Make) -> None:
    """Its signature makes a node, as that of a function does."""
    module = make_module("""
        def _more(v: int, by: int = 1) -> int: return v + by
        @pipe_input(step(_more))
        def f(a: int) -> int: return a
    """)
    before = list_holdings([module])

    module._more.__defaults__ = (5,)

    assert not are_same(before, list_holdings([module]))


def test_a_step_that_another_cell_defines_anew_is_followed(make_module: Make) -> None:
    """As a helper is; what a file defines twice stays two functions, and so does what has no name in its module."""
    module = make_module("""
        def _more(v: int) -> int: return v + 1
        def _other(v: int) -> int: return v + 10
        _first = _other
        @pipe_input(step(_more), step(_first))
        def f(a: int) -> int: return a
        def _first(v: int) -> int: return v
        def _more(v: int) -> int: return v
        exec(compile("def _other(v: int) -> int: return v + 20", "a cell", "exec"))
    """)
    before = list_holdings([module])
    names = list(load(module).nodes)
    assert (run(load(module), "f", a=0), names) == (21, ["f.with_more", "f.with_other", "f"])

    exec(
        compile("def _more(v: int, by: int = 7) -> int: return v + by", "another cell", "exec"), vars(module)
    )

    assert not are_same(before, list_holdings([module]))
    assert run(load(module), "f", a=0) == 27


def test_functions_handed_over_are_a_module_together(make_module: Make) -> None:
    """As `create_module` and a Driver take them."""
    module = make_module("""
        def f(a: int) -> int: return a
        @mutate(f)
        def more(v: int) -> int: return v + 1
    """)

    assert list(make_graph(module.f, module.more).nodes) == ["f.raw", "f.with_more", "f"]


def test_transforms_stand_where_the_function_is_defined(make_module: Make) -> None:
    """Also where another module, or nobody, has been asked for that; what is not in the graph is nobody's matter there."""

    make_module("", "within/__init__")
    inner = make_module(
        """
        def f(a: int) -> int: return a
        def other(a: int) -> int: return a
        @mutate(f)
        def _more(v: int) -> int: return v + 1
        @mutate(f, other)
        def public(v: int) -> int: return v + 2
        """,
        "within/inner",
    )
    outer = sys.modules["within"]
    exec("from within.inner import f, public", vars(outer))
    steps = ["f.raw", "f.with_more", "f.with_public", "f"]

    assert list(load(outer).nodes) == steps
    assert list(load_graph([outer, inner], {}).nodes)[:4] == steps
    assert list(make_graph(inner.f).nodes) == steps
    before = list_holdings([outer])
    exec("@mutate(f)\ndef _more(v: int) -> int: return v", vars(inner))
    assert not are_same(before, list_holdings([outer]))
