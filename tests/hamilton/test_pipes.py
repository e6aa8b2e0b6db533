"""Steps before parameters and behind outputs make the nodes that Hamilton makes of the same text."""

from __future__ import annotations

import linecache
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dagbuild.loader import load_graph
from dagbuild.model.node import REQUIRED
from tests.unit.modifiers.running import run

pytest.importorskip("hamilton")

HEADS = {"dagbuild": "from dagbuild import *\n", "hamilton": "from hamilton.function_modifiers import *\n"}
NAME = "piped"
STEPS = '''
def _g(x: int, y: int = 1) -> int:
    """What a step does."""
    return x * 10 + y

def _by_name(x: int, *, y: int) -> int:
    return x * 10 + y

def __twice(x: int) -> int:
    return 2 * x

def _text(x: int) -> str:
    return str(x)

def _fields(x: dict) -> dict:
    return {"p": x["q"], "q": x["p"]}
'''
F = 'def f(a: int, b: int) -> int:\n    """What it is."""\n    return a * 1000 + b\n'
FIELDS = '@extract_fields({"p": int, "q": int})\ndef f(a: int) -> dict:\n    return {"p": a, "q": -a}\n'
A = "def f(a: int) -> int:\n    return a\n"

CASES: dict[str, tuple[str, str]] = {
    "input": ("@pipe_input(step(_g), step(_by_name, y=source('q')), step(__twice))\n" + F, "f"),
    "old_name": ("@pipe(step(_g, 5))\n" + F, "f"),
    "input_named": ("@pipe_input(step(_g, y=value(4)), on_input='b')\n" + F, "f"),
    "used_again": ("@pipe_input(step(_g), step(_g).named('own'), step(__twice), step(_g, 3))\n" + F, "f"),
    "another_of_its_name": (
        "first = _g\ndef _g(x: int) -> int:\n    return -x\n"
        "@pipe_input(step(_g), step(first), step(_g))\n" + F,
        "f",
    ),
    "namespaces": (
        "@pipe_input(step(_g).named('one', namespace='n.m'), step(_g, y=5).named('two'),"
        " step(_g, source('q')).named('three', namespace=None), step(_g).namespaced(...))\n" + F,
        "f",
    ),
    "namespace": ("@pipe_input(step(_g), step(_g, y=5).named('own'), namespace='n')\n" + F, "f"),
    "no_namespace": ("@pipe_input(step(_g), step(_g, y=5).named('own'), namespace=None)\n" + F, "f"),
    "stacked": (
        "@pipe_input(step(_g), on_input='b', namespace='o')\n"
        "@pipe_input(step(__twice), namespace='n')\n"
        "@pipe_input(step(_g, y=source('b')), on_input='a')\n" + F,
        "f",
    ),
    "config": (
        "@pipe_input(step(_g).when(k=1), step(__twice).when_not(k=1), step(_g).when_in(k=[1, 2]),"
        " step(_g, 7).when_not_in(k=[2]).when(j=None))\n" + F,
        "f",
    ),
    "output": ("@pipe_output(step(_g, y=3), step(__twice))\n" + F, "f"),
    "output_of_another_type": (
        "@pipe_output(step(_text))\n" + F + "def h(f: str) -> str:\n    return f\n",
        "h",
    ),
    "output_namespaces": (
        "@pipe_output(step(_g).named('own', namespace='n'), step(_g).namespaced(None))\n" + A, "f",
    ),
    "output_namespace": ("@pipe_output(step(_g), step(__twice).named('own'), namespace='n')\n" + A, "f"),
    "outputs": ("@pipe_output(step(_g), step(__twice))\n" + FIELDS, "p"),
    "outputs_chosen": ("@pipe_output(step(_g), on_output='p')\n" + FIELDS, "p"),
    "outputs_of_steps": (
        "@pipe_output(step(_g).on_output('p'), step(__twice).on_output(['p', 'q']), step(_g, y=7))\n" + FIELDS,
        "q",
    ),
    "output_by_config": (
        "@pipe_output(step(_g).when(k=1), step(__twice).when(k=1))\n" + A, "f",
    ),
    "fields_of_what_comes_of_steps": (
        '@extract_fields({"p": int, "q": int})\n@pipe_output(step(_fields))\n'
        "def f(a: int) -> dict:\n    return {'p': a, 'q': -a}\n",
        "q",
    ),
    "checked_after": ("@check_output(range=(0, 100))\n@pipe_output(step(_g))\n" + A, "f"),
    "checked_before": ("@pipe_output(step(_g))\n@check_output(range=(0, 100))\n" + A, "f"),
    "tagged": ("@tag(k='v')\n@pipe_output(step(_g))\n@pipe_input(step(__twice))\n" + F, "f"),
    "tagged_within": ("@tag(k='v', target_='f.raw')\n@pipe_output(step(_g))\n" + F, "f"),
    "several_nodes": (
        "@pipe_output(step(_g), on_output='two')\n"
        "@parameterize(one={'a': source('b')}, two={'a': source('q')})\n" + A,
        "two",
    ),
    "another_body": ("@does(__twice)\n@pipe_output(step(_g))\ndef f(x: int) -> int:\n    pass\n", "f"),
    "variants": (
        "@config.when(k=1)\n@pipe_output(step(_g))\ndef f__one(a: int) -> int:\n    return a\n"
        "@config.when_not(k=1)\n@pipe_input(step(_g))\ndef f__two(a: int) -> int:\n    return a\n",
        "f",
    ),
    "mutated": (
        A + "@mutate(f, y=3)\ndef _m(x: int, y: int) -> int:\n    'Told.'\n    return x + y\n"
        "@mutate(f)\ndef n(x: int) -> int:\n    return x * 2\n",
        "f",
    ),
    "mutated_several": (
        A + "def h(a: int) -> int:\n    return a\n"
        "@mutate(f, apply_to(h, y=5).named('own', namespace='n'), y=7)\n"
        "@mutate(f, y=8)\ndef _m(x: int, y: int) -> int:\n    return x + y\n",
        "h",
    ),
    "mutated_by_config": (
        A + "@mutate(apply_to(f).when(k=1), apply_to(f, y=2).when_not(k=1), y=7)\n"
        "def _m(x: int, y: int) -> int:\n    return x + y\n",
        "f",
    ),
    "mutated_outputs": (
        FIELDS + "@mutate(apply_to(f, y=2).on_output('p'))\ndef _m(x: int, y: int) -> int:\n    return x + y\n"
        "@mutate(f, y=2)\ndef _n(x: int, y: int) -> int:\n    return x * y\n",
        "p",
    ),
    "mutated_behind_steps": (
        "@check_output(range=(0, 1))\n@pipe_output(step(_g), step(__twice), namespace='n')\n" + A
        + "@mutate(f)\ndef _m(x: int) -> int:\n    return x - 1\n",
        "f",
    ),
    "mutated_behind_a_check": (
        "@check_output(range=(0, 1))\n" + A + "@mutate(f)\ndef _m(x: int) -> int:\n    return x - 1\n",
        "f",
    ),
    "mutated_variant": (
        "@config.when(k=1)\ndef f__one(a: int) -> int:\n    return a\n"
        "@config.when_not(k=1)\ndef f__two(a: int) -> int:\n    return -a\n"
        "@mutate(f__one)\ndef _m(x: int) -> int:\n    return x - 1\n",
        "f",
    ),
}  # fmt: skip
CONFIGS: list[dict[str, Any]] = [{"k": 1}, {"k": 2}]
INPUTS = {"a": 1, "b": 2, "q": 3, "x": 4, "y": 5}


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    sys.modules.pop(NAME, None)


def make_module(library: str, text: str) -> types.ModuleType:
    """Return a module of a text that begins with a library's names."""
    module = types.ModuleType(NAME)
    file, text = f"<{library}>", HEADS[library] + STEPS + text
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    sys.modules[NAME] = module
    exec(compile(text, file, "exec", dont_inherit=True), vars(module))
    return module


def ask_dagbuild(text: str, config: Mapping[str, Any], target: str) -> Any:
    """Return (nodes: what they take and whether that must be there, types, tags, documentation; the target's value)."""
    graph = load_graph([make_module("dagbuild", text)], config)
    nodes = {
        name: (
            {up: each.default is REQUIRED for each in node.parameters for up in each.upstream},
            node.type.__name__,
            dict(node.tags),
            node.doc,
        )
        for name, node in graph.nodes.items()
    }
    return nodes, run(graph, target, **{name: each for name, each in INPUTS.items() if name in graph.inputs})


def ask_hamilton(text: str, config: Mapping[str, Any], target: str) -> Any:
    """Return the same of Hamilton's graph, without the tags that it gives by itself."""
    from hamilton import driver

    module = make_module("hamilton", text)
    built = driver.Builder().with_modules(module).with_config(dict(config)).build()
    nodes = {
        name: (
            {up: kind.name == "REQUIRED" for up, (_, kind) in node.input_types.items()},
            node.type.__name__,
            {key: word for key, word in node.tags.items() if key != "module" and key[:9] != "hamilton."},
            node.documentation or "",
        )
        for name, node in built.graph.nodes.items()
        if not node.user_defined
    }
    wanted = {each.name for each in built.list_available_variables() if each.is_external_input}
    inputs = {name: each for name, each in INPUTS.items() if name in wanted}
    return nodes, built.execute([target], inputs=inputs)[target]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_makes_the_nodes_and_the_value_that_hamilton_makes(case: str, config: dict[str, Any]) -> None:
    """Names, edges, types, tags and what comes out; documentation, but for outputs and checks, of which ours say more."""
    text, target = CASES[case]

    theirs, value = ask_hamilton(text, config, target)
    ours, made = ask_dagbuild(text, config, target)

    assert {name: told[:3] for name, told in ours.items()} == {
        name: told[:3] for name, told in theirs.items()
    }
    assert {name: ours[name][3] for name in ours if _is_step(name)} == {
        name: theirs[name][3] for name in theirs if _is_step(name)
    }
    assert made == value


def _is_step(name: str) -> bool:
    return "." in name
