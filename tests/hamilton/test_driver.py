"""The Driver at Hamilton's address: what it is lenient about, what it refuses, and that it keeps nothing unasked."""

from __future__ import annotations

import itertools
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import graphviz
import pandas as pd
import pytest

import dagbuild
from dagbuild import ad_hoc_utils, base, driver, lifecycle
from dagbuild.graph_types import HamiltonNode
from dagbuild.plugins import h_threadpool

Load = Callable[[str], ModuleType]
CODE = """
from dagbuild.function_modifiers import config, tag

CALLS = []

def a(x: int, y: int = 2) -> int:
    CALLS.append("a")
    return (x or 0) + y

@tag(owner="us", kind=["k", "l"])
def b(a: int) -> int: return a * 2

@config.when(mode="fast")
def c__fast(b: int) -> int: return b

def fails(b: int) -> int: raise KeyError("of the user's")
"""


@pytest.fixture
def load() -> Load:
    """Make a module of a text."""

    numbers = itertools.count()
    return lambda code: ad_hoc_utils.module_from_source(code, f"driven_{next(numbers)}")


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dagbuild.toml is at or above the working folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def made(load: Load) -> Any:
    """A driver whose results are dicts, by its builder."""
    return driver.Builder().with_modules(load(CODE)).with_config({"mode": "fast"}).build()


def test_it_keeps_nothing(made: Any, tmp_path: Path) -> None:
    """A second call runs everything again, and no folder is made: a clock, a database may have another answer."""
    for _ in range(2):
        assert made.execute(["b"], inputs={"x": 1}) == {"b": 6}

    assert made.graph_modules[0].CALLS == ["a", "a"]
    assert list(tmp_path.iterdir()) == []


def test_inside_a_project_it_keeps_what_the_project_keeps(load: Load, tmp_path: Path) -> None:
    """With the project's own cache folder; what fails leaves what was finished."""
    (tmp_path / "dagbuild.toml").write_text(
        'modules = []\n[cache]\nfolder = "kept"\n[executor]\nkind = "inline"\n'
    )
    lines: list[str] = []
    told = lifecycle.PrintLn(print_fn=lines.append)
    code = CODE.replace('    CALLS.append("a")\n', "")
    made = driver.Driver({}, load(code), adapter=[base.DefaultAdapter(), told])

    with pytest.raises(KeyError, match="of the user's") as raised:
        made.execute(["fails"], inputs={"x": 1})
    assert raised.value.__notes__ == ["in node 'fails', <driven_0>:15"]
    ran = [line.split()[2] for line in lines if line.startswith("Executing")]
    lines.clear()

    assert made.execute(["b"], inputs={"x": 1}) == {"b": 6}
    assert (ran, lines) == (["a.", "b.", "fails."], [])
    assert (tmp_path / "kept" / "CACHEDIR.TAG").exists()


def test_inside_a_project_what_is_pinned_stays_so(load: Load, tmp_path: Path) -> None:
    """Of nodes of the driver's; a pin of another module's node is nobody's mistake."""
    settings = tmp_path / "dagbuild.toml"
    settings.write_text('modules = ["pinned_nodes"]\n[executor]\nkind = "inline"\n')
    (tmp_path / "pinned_nodes.py").write_text(
        "def b() -> int:\n    return 1\ndef elsewhere() -> int:\n    return 2\n"
    )
    (tmp_path / "given.json").write_text("70")
    for node in ("b", "elsewhere"):
        subprocess.run(
            [sys.executable, "-m", "dagbuild", "pin", node, "given.json"], check=True, capture_output=True
        )
    module = load("def b() -> int: return 1\ndef c(b: int) -> int: return b + 1\n")

    assert driver.Builder().with_modules(module).build().execute(["c"]) == {"c": 71}


def test_without_an_adapter_the_result_is_a_frame(load: Load) -> None:
    """Of a Driver; that of a Builder's is a dict."""
    frame = driver.Driver({}, load(CODE)).execute(["a", "b"], inputs={"x": 1})

    pd.testing.assert_frame_equal(frame, pd.DataFrame({"a": [3], "b": [6]}))


def test_targets_are_named_in_any_way(made: Any) -> None:
    """By name, by function, also by that of a variant, or as a node that was told of."""
    (module,) = made.graph_modules
    node = next(node for node in made.list_available_variables() if node.name == "a")

    assert isinstance(node, HamiltonNode)
    assert made.execute(["mode", "x", module.b, module.c__fast, node, "b"], inputs={"x": 1}) == {
        "mode": "fast", "x": 1, "b": 6, "c": 6, "a": 3,
    }  # fmt: skip
    assert made.execute("b", inputs={"x": 1}) == {"b": 6}


def test_what_is_given_is_taken_as_hamilton_takes_it(
    made: Any, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    """Unknown inputs are left alone, None fits everywhere, an input in a node's place is not used: that is said, once."""
    assert made.execute(["b"], inputs={"x": None, "unknown": 1}) == {"b": 4}
    assert made.execute(["b"], overrides={"a": 10}) == {"b": 20}
    assert made.execute(["b"], overrides={"x": 1}) == {"b": 6}
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert made.execute(["b"], inputs={"x": 1, "a": 100}) == {"b": 6}
    assert [r.message for r in caplog.records] == [
        "the input 'a' is not used, since a node makes it: to give its value, override it"
    ]
    replaced = driver.Driver({"b": 7, "mode": "fast"}, load(CODE), adapter=base.DefaultAdapter())
    assert replaced.execute(["c", "b"]) == {"c": 7, "b": 7}


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda d: d.execute(["b"]), "the input 'x' is not given, and 'a' needs it"),
        (lambda d: d.execute(["b"], inputs={"x": "s"}), "the input 'x' is 's', and is taken as int"),
        (
            lambda d: d.execute(["c"], inputs={"x": 1, "mode": "slow"}),
            "both in the config and as inputs: mode",
        ),
        (lambda d: d.execute(["bb"], inputs={"x": 1}), "there is no node or input 'bb'"),
        (
            lambda d: d.execute(["b"], inputs={"x": 1}, overrides={"aa": 1}),
            "'aa' is overridden, but there is no such",
        ),
        (lambda d: d.what_is_upstream_of("bb"), "there is no node or input 'bb'"),
        (lambda d: d.visualize_path_between("c", "a"), "there is no way from 'c' to 'a'"),
        (lambda d: d.validate_execution(["b"]), "the input 'x' is not given"),
    ],
)
def test_what_cannot_be_is_a_value_error(made: Any, call: Callable[[Any], Any], told: str) -> None:
    """Before anything runs, in words; whoever catches Hamilton's catches ours."""
    with pytest.raises(ValueError, match=told):
        call(made)

    assert made.graph_modules[0].CALLS == []


def test_the_users_own_exception_arrives(made: Any) -> None:
    """As it was raised, with a note on where."""
    with pytest.raises(KeyError, match="of the user's") as raised:
        made.execute(["fails"], inputs={"x": 1})

    assert raised.value.__notes__ == ["in node 'fails', <driven_0>:16"]


def test_values_are_handed_on_as_they_are(load: Load) -> None:
    """The very object, whatever it is: a lock, a lambda, a list that a later node changes."""
    module = load(
        "import threading\n"
        "def lock() -> object: return threading.Lock()\n"
        "def listed(lock: object) -> list: return [lock]\n"
        "def same(lock: object, listed: list) -> bool: return listed[0] is lock\n"
    )

    assert driver.Builder().with_modules(module).build().execute(["same"]) == {"same": True}


def test_asks_of_the_graph(made: Any) -> None:
    """Names along the edges, tags, and what no graph of ours has."""

    def names(nodes: list[HamiltonNode]) -> set[str]:
        return {node.name for node in nodes}

    assert names(made.what_is_upstream_of("c")) == {"a", "b", "c", "x", "y"}
    assert names(made.what_is_downstream_of("b")) == {"b", "c", "fails"}
    assert names(made.what_is_the_path_between("a", "c")) == {"a", "b", "c"}
    assert made.what_is_the_path_between("c", "a") == []
    assert names(made.list_available_variables(tag_filter={"owner": None})) == {"b"}
    assert names(made.list_available_variables(tag_filter={"kind": ["l", "m"], "owner": "us"})) == {"b"}
    assert made.list_available_variables(tag_filter={"owner": "them"}) == []
    assert made.has_cycles(["c"]) is False
    assert '"name": "a"' in made.export_execution(["b"], inputs={"x": 1})


def test_nodes_run_side_by_side_in_threads(load: Load) -> None:
    """Two nodes that wait for each other both run."""
    module = load(
        "import threading\n"
        "BOTH = threading.Barrier(2, timeout=30)\n"
        "def left(x: int) -> int: BOTH.wait(); return x\n"
        "def right(x: int) -> int: BOTH.wait(); return -x\n"
        "def total(left: int, right: int) -> int: return left + right\n"
        "def fails(left: int) -> int: raise KeyError('in a thread')\n"
    )
    made = driver.Driver({}, module, adapter=h_threadpool.FutureAdapter(max_workers=2))

    assert made.execute(["total"], inputs={"x": 1}) == {"total": 0}
    with pytest.raises(KeyError, match="in a thread"):
        made.execute(["fails", "right"], inputs={"x": 1})


def draw_svg(drawing: graphviz.Digraph) -> str:
    """What a notebook shows."""
    return str(drawing._repr_mimebundle_()["image/svg+xml"])


def test_pictures_have_hamiltons_options(made: Any, tmp_path: Path) -> None:
    """What is in them, how it is styled, and where they are written: positions are Hamilton's."""
    style = {"fillcolor": "#123456"}
    drawing = made.visualize_execution(
        ["c"], str(tmp_path / "c.svg"), None, {"x": 1},
        custom_style_function=lambda *, node, node_class: (style if node.name == "b" else {}, node_class, None),
        orient="TB", deduplicate_inputs=True,
    )  # fmt: skip

    assert "rankdir=TB" in drawing.source
    assert '\tb [label="b\\nint" fillcolor="#123456"' in drawing.source
    assert "\tx -> a\n" in drawing.source
    assert "\tfails" not in drawing.source
    assert "<svg" in draw_svg(drawing)
    assert (tmp_path / "c.svg").read_text() == draw_svg(drawing)
    whole = made.display_all_functions(hide_inputs=True, show_legend=False)
    assert "\tx" not in whole.source and "cluster__legend" not in whole.source
    assert "\tfails" in whole.source
    below = made.display_downstream_of("b")
    assert "\ta -> b\n" in below.source  # what else the nodes take is there, as with Hamilton
    assert "\t_a_y" not in below.source
    assert "\t_a_y" in made.visualize_path_between("a", "c").source
    assert "\t_a_y" not in made.visualize_path_between("a", "c", strict_path_visualization=True).source


def test_a_picture_is_graphvizs_own_object(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users add to it, take its attributes, write and copy it; what graphviz alone can draw then is told to need `dot`."""
    drawing = made.display_all_functions(graphviz_kwargs={"graph_attr": {"bgcolor": "white"}, "name": "mine"})

    assert isinstance(drawing, graphviz.Digraph)
    assert drawing.graph_attr["bgcolor"] == "white"
    assert drawing.source.startswith("digraph mine {")
    assert drawing.copy().source == drawing.source
    written = drawing.render(tmp_path / "whole", format="svg")
    assert written == str(tmp_path / "whole.svg")
    assert "<svg" in Path(written).read_text()
    assert (tmp_path / "whole").read_text() == drawing.source
    drawing.render("cleaned", str(tmp_path), cleanup=True, format="svg")
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "whole.svg", "cleaned.svg"}
    assert drawing.pipe("svg") == drawing.pipe(format="svg", encoding="utf-8").encode()
    drawing.node("more")
    drawing.edge("b", "more")
    assert "\tb -> more\n" in drawing.source
    monkeypatch.setenv("PATH", "")
    with pytest.raises(dagbuild.UserError, match="needs the program `dot`"):
        drawing.pipe("svg")


def test_a_picture_that_nothing_here_can_draw_is_written_as_svg(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hamilton's default is png; with neither Graphviz nor the extra there is a picture all the same."""
    monkeypatch.setattr("dagbuild.report.drawing.digraph.has_dot", lambda: False)
    monkeypatch.setattr("dagbuild.report.drawing.has_dot", lambda: False)
    monkeypatch.setattr("dagbuild.report.drawing.has_resvg", lambda: False)

    made.display_all_functions(str(tmp_path / "all"))

    assert (tmp_path / "all.svg").read_text().startswith("<svg")
    with pytest.raises(dagbuild.UserError, match="nothing here can draw"):
        made.display_all_functions(str(tmp_path / "all"), {"format": "png"})
