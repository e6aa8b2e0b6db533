"""Subdags and their kin make the nodes that Hamilton makes of the same text."""

from __future__ import annotations

import linecache
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dagbuild import Driver
from dagbuild.loader import load_graph

pytest.importorskip("hamilton")

HEADS = {
    "dagbuild": "from dagbuild import *\npolars_columns = with_columns\n",
    "hamilton": "from hamilton.function_modifiers import *\n"
    "from hamilton.htypes import Collect, Parallelizable\n"
    "from hamilton.plugins.h_pandas import with_columns\n"
    "from hamilton.plugins.h_polars import with_columns as polars_columns\n",
}
PARTS = '''
import pandas as pd

def a(x: int) -> int:
    """The next one."""
    return x + 1

def b(a: int, y: int = 3) -> int:
    return a * y

@config.when(mode="up")
def c__up(b: int, outside: int) -> int:
    return b + outside

@config.when(mode="down")
def c__down(b: int) -> int:
    return -b

@tag(kind="bound")
@extract_fields({"low": int, "high": int})
def d(c: int) -> dict:
    """Both bounds."""
    return {"low": c - 1, "high": c + 1}
'''


def make_module(library: str, name: str, text: str) -> types.ModuleType:
    """Return a module of a text that begins with a library's names."""
    module = types.ModuleType(name)
    file = f"<{library} {name}>"
    text = HEADS[library] + text
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    sys.modules[name] = module
    exec(compile(text, file, "exec", dont_inherit=True), vars(module))
    return module


def make_modules(library: str, text: str) -> types.ModuleType:
    """Return the module of a case, after those that it imports."""
    for name, beneath in MODULES.items():
        make_module(library, name, beneath)
    return make_module(library, "nodes", text)


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    before = dict(sys.modules)
    yield
    for name in (*MODULES, "nodes"):
        sys.modules.pop(name, None)
        if name in before:
            sys.modules[name] = before[name]


def ask_dagbuild(
    text: str, config: Mapping[str, Any], target: str, inputs: Mapping[str, Any], cache: Path
) -> Any:
    """Return (nodes with what they take, their types, tags and documentation; inputs; the target's value)."""
    module = make_modules("dagbuild", text)
    graph = load_graph([module], config)
    nodes = {
        name: (sorted(node.upstream), node.type, dict(node.tags), node.doc)
        for name, node in graph.nodes.items()
    }
    driver = Driver(dict(config), module, cache=cache, executor="inline")
    return nodes, set(graph.inputs) - set(config), driver.execute([target], inputs=dict(inputs))[target]


def ask_hamilton(text: str, config: Mapping[str, Any], target: str, inputs: Mapping[str, Any]) -> Any:
    """Return the same of Hamilton's graph, without the tags that it gives by itself."""
    from hamilton import driver

    module = make_modules("hamilton", text)
    built = (
        driver.Builder()
        .with_modules(module)
        .with_config(dict(config))
        .enable_dynamic_execution(allow_experimental_mode=True)
        .build()
    )
    nodes = {
        name: (
            sorted(node.input_types),
            node.type,
            {key: word for key, word in node.tags.items() if key != "module" and key[:9] != "hamilton."},
            node.documentation or "",
        )
        for name, node in built.graph.nodes.items()
        if not node.user_defined
    }
    outside = {name for name, node in built.graph.nodes.items() if node.user_defined} - set(config)
    return nodes, outside, built.execute([target], inputs=dict(inputs))[target]


SUBDAG = """
import parts

@subdag(parts, inputs={"x": source("start"), "y": value(4)}, config={"mode": "up"})
def end(low: int, high: int) -> int:
    "Its own."
    return low * 1000 + high
"""
COLUMNS = """
import pandas as pd
import polars as pl

def cost(a: pd.Series, rate: float) -> pd.Series:
    "What it costs."
    return a * rate

def top(cost: pd.Series) -> float:
    return float(cost.max())

def share(cost: pd.Series, top: float) -> pd.Series:
    return cost / top

@config.when(kind=1)
def more__1(a: pd.Series) -> pd.Series:
    return a + 1

@config.when(kind=2)
def more__2(a: pd.Series) -> pd.Series:
    return a + 2

@extract_columns("a", "b")
def picked(raw: pd.DataFrame) -> pd.DataFrame:
    return raw * 10
"""
RAW = """
import pandas as pd
import polars as pl
from columns import *

def raw() -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})

"""
STEPS = """
def a(x: int) -> int:
    return x + 1

@mutate(a)
def _double(v: int) -> int:
    return v * 2

def _add(v: int, k: int) -> int:
    return v + k

@pipe_input(step(_add, k=value(5)), step(_add, k=source("x")).named("two"))
def b(a: int) -> int:
    return a

@pipe_output(step(_add, k=value(7)))
def c(b: int) -> int:
    return b
"""
MODULES = {
    "steps": STEPS,
    "parts": PARTS,
    "columns": COLUMNS,
    "polars_functions": COLUMNS.replace("pd.", "pl."),
}
FINAL = """def end(raw: pd.DataFrame, days: int = 7) -> pd.DataFrame:
    "All of them."
    return raw
"""
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "inputs_and_config": (SUBDAG, {}, {"start": 1, "outside": 5}),
    "own_config_wins": (SUBDAG, {"mode": "down"}, {"start": 1, "outside": 5}),
    "config_around": (
        "import parts\n"
        "@subdag(parts, inputs={'x': value(3)})\n"
        "def end(c: int, d: dict) -> int:\n    return c + d['low']\n",
        {"mode": "down", "y": 8},
        {},
    ),
    "functions_with_names_of_their_own": (
        "def _f(x: int) -> int:\n    return x\n"
        "def g(_f: int, q: int) -> int:\n    return _f - q\n"
        "@subdag(_f, g, inputs={'x': source('s')}, namespace='a.b', final_node_name='end', external_inputs=['o'])\n"
        "def start(g: int, o: int, free: int = 2) -> int:\n    return g * o * free\n",
        {},
        {"s": 3, "q": 1, "o": 10},
    ),
    "nested": (
        "def _f(x: int) -> int:\n    return x\n"
        "def _o(start: int) -> int:\n    return start + 1\n"
        "@subdag(_f, inputs={'x': source('_o')})\n"
        "def middle(_f: int) -> int:\n    return _f\n"
        "@subdag(middle, _o, inputs={'start': source('begin')})\n"
        "def end(middle: int) -> int:\n    return -middle\n",
        {},
        {"begin": 4, "_o": 1},
    ),
    "config_reaches_what_is_nested": (
        "@config.when(m=1)\ndef _c__a() -> int:\n    return 1\n"
        "@config.when(m=2)\ndef _c__b() -> int:\n    return 2\n"
        "@subdag(_c__a, _c__b)\n"
        "def middle(_c: int) -> int:\n    return _c\n"
        "@subdag(middle, config={'m': 2})\n"
        "def end(middle: int) -> int:\n    return -middle\n",
        {"m": 1},
        {"_c": 0},
    ),
    "several": (
        "import parts\n"
        "@parameterized_subdag(parts, inputs={'x': source('s'), 'y': value(2)}, config={'mode': 'down'},"
        " external_inputs=['k'], one={}, two={'inputs': {'y': value(5)}},"
        " three={'config': {'mode': 'up', 'outside': 3}})\n"
        "def several(low: int, k: int) -> int:\n    return low + k\n"
        "def end(one: int, two: int, three: int) -> list:\n    return [one, two, three]\n",
        {},
        {"s": 3, "k": 1},
    ),
    "decorated_itself": (
        "import parts\n"
        "@tag(owner='me')\n"
        "@subdag(parts, inputs={'x': value(3)}, config={'mode': 'down'})\n"
        "@extract_fields({'end': int})\n"
        "@config.when(on=1)\n"
        "def whole__on(c: int) -> dict:\n    return {'end': c}\n",
        {"on": 1},
        {},
    ),
    "columns_passed": (
        RAW + "@tag(kind='table')\n"
        "@with_columns(cost, top, share, more__1, more__2, columns_to_pass=['a'])\n" + FINAL,
        {"kind": 1},
        {"rate": 2.0},
    ),
    "columns_selected": (
        RAW
        + "@with_columns(cost, top, share, more__1, more__2, columns_to_pass=['a', 'b'], select=['share', 'cost'],"
        " namespace='ns', config_required=['kind'])\n" + FINAL,
        {"kind": 2},
        {"rate": 2.0},
    ),
    "columns_of_the_frame_itself": (
        RAW + "@with_columns(picked, cost, on_input='raw', select=['cost', 'b'])\n" + FINAL,
        {},
        {"rate": 2.0},
    ),
    "columns_of_the_frame_itself_all": (
        RAW + "@extract_columns('b', 'cost')\n@with_columns(picked, cost, on_input='raw')\n" + FINAL,
        {},
        {"rate": 2.0},
    ),
    "columns_twice": (
        RAW + "@with_columns(cost, columns_to_pass=['a'])\n"
        "@with_columns(top, share, columns_to_pass=['cost'], namespace='below')\n" + FINAL,
        {},
        {"rate": 2.0},
    ),
    "columns_of_polars": (
        RAW.replace("pd.", "pl.").replace("columns import", "polars_functions import")
        + "@polars_columns(cost, top, share, columns_to_pass=['a'], select=['share'])\n"
        + FINAL.replace("pd.", "pl."),
        {},
        {"rate": 2.0},
    ),
    "decorators_for_inner_nodes": (
        "import parts\n"
        "@tag(of='bounds', target_=['end.low', 'end'])\n"
        "@tag(all='yes', target_=...)\n"
        "@tag_outputs(**{'end.a': {'of': 'a'}})\n"
        "@subdag(parts, inputs={'x': value(3)}, config={'mode': 'down'})\n"
        "def end(c: int) -> int:\n    return c\n",
        {},
        {},
    ),
    "steps_within_and_around": (
        "import steps\n"
        "def _add(v: int, k: int) -> int:\n    return v + k\n"
        "@pipe_output(step(_add, k=value(100)))\n"
        "@subdag(steps, inputs={'x': source('start')})\n"
        "def end(a: int, b: int, c: int) -> int:\n    return a * 10000 + b * 100 + c\n",
        {},
        {"start": 1},
    ),
    "elements_within": (
        "def _e(n: int) -> Parallelizable[int]:\n    yield from range(n)\n"
        "def _s(_e: int) -> int:\n    return _e ** 2\n"
        "def _t(_s: Collect[int]) -> int:\n    return sum(_s)\n"
        "@subdag(_e, _s, _t, inputs={'n': value(4)})\n"
        "def end(_t: int) -> int:\n    return _t\n",
        {},
        {},
    ),
}


def tell(value: Any) -> Any:
    """Return a value, or what is in a frame."""
    if not hasattr(value, "columns"):
        return value
    rows = value.to_dicts() if hasattr(value, "to_dicts") else value.to_dict()
    return list(value.columns), rows


@pytest.mark.leaves_threads
@pytest.mark.parametrize("case", CASES)
def test_makes_the_nodes_and_the_value_that_hamilton_makes(case: str, tmp_path: Path) -> None:
    """Names, edges, types, tags, documentation, inputs and what comes out."""
    text, config, inputs = CASES[case]

    theirs, wanted, value = ask_hamilton(text, config, "end", inputs)
    ours, needed, made = ask_dagbuild(
        text, config, "end", {k: v for k, v in inputs.items() if k in wanted}, tmp_path
    )

    for nodes in (theirs, ours):
        for name, (takes, kind, *told) in nodes.items():
            if "Parallelizable" in str(kind):
                nodes[name] = (takes, int, *told)
    assert ours == theirs
    assert needed == wanted
    assert tell(made) == tell(value)
