"""Collect the functions of modules into a graph.

Knows nothing of files and imports. Promise: all problems of a project are told together, in one GraphError,
and the graph that comes out has no cycle, no clash of names and no edge between types that do not fit.
"""

from __future__ import annotations

import ast
import linecache
import re
import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dagbuild.ground import gc_pause
from dagbuild.ground.digits import tell
from dagbuild.ground.errors import GraphError, Problem
from dagbuild.loader.blocks import find_blocks
from dagbuild.loader.mutations import find_mutations
from dagbuild.loader.outputs import check_outputs, link_outputs
from dagbuild.loader.rules import (
    check_config,
    check_cycles,
    check_edges,
    check_spelling,
    check_waiting,
    collect_inputs,
)
from dagbuild.model.assembly import STRICT, Assembly
from dagbuild.model.conversion import Texts
from dagbuild.model.graph import Graph
from dagbuild.model.node import Node, Where
from dagbuild.modifiers.adapter_nodes import settle_places
from dagbuild.modifiers.compile import Compiled, compile_function
from dagbuild.modifiers.functions import find_functions, find_wrapped, follow_modules
from dagbuild.modifiers.materializers import modify_nodes
from dagbuild.modifiers.signature import find_where


@gc_pause.paused()
def load_graph(
    modules: Sequence[types.ModuleType],
    config: Mapping[str, Any],
    *,
    assembly: Assembly = STRICT,
    inputs: Collection[str] = (),
    texts: Mapping[str, Texts] | None = None,
) -> Graph:
    """Return the graph of the modules' functions under the config.

    `inputs` are names known to come from outside: they are never taken for a misspelt node. `texts` say how config
    values were spelled that came as texts. Raises one GraphError with all problems.
    """
    followed = follow_modules(modules)
    mutations = find_mutations(followed)
    problems = list(mutations.problems)
    config_read: set[str] = set()
    nodes: dict[str, Node] = {}
    seen: set[int] = set()
    for module in followed:
        problems += _find_hidden(module)
        problems += _find_lost(module)
    for module in modules:
        own: dict[str, Node] = {}
        functions = find_functions(module)
        for function in sorted(functions, key=lambda each: each.__name__) if assembly.lenient else functions:
            if id(function) in seen:
                continue
            seen.add(id(function))
            compiled = compile_function(function, config, mutations.steps)
            config_read.update(compiled.config_read or ())
            problems += compiled.problems
            problems += _add_nodes(compiled, own)
        problems += _merge(own, nodes, assembly.allow_overrides)
    if assembly.lenient:
        nodes = {name: node for name, node in nodes.items() if name not in config}
    try:
        nodes = modify_nodes(nodes, assembly.materializers)
    except GraphError as error:
        problems += error.problems
    for name in assembly.views & nodes.keys():
        nodes[name] = replace(nodes[name], cache=replace(nodes[name].cache, never=True))
    nodes = link_outputs(settle_places(nodes, config))
    found = collect_inputs(nodes, config, texts or {}, lenient=assembly.lenient)
    graph, misused = find_blocks(Graph(nodes, found.inputs))
    problems += [*found.problems, *misused]
    problems += check_edges(graph.nodes, assembly.fits)
    problems += check_outputs(nodes)
    problems += [] if assembly.awaits else check_waiting(nodes)
    if not assembly.lenient:
        problems += check_config(nodes, found.inputs, config, config_read)
        problems += check_spelling(nodes, found.inputs, {*config, *inputs})
    problems += check_cycles(graph)
    if problems:
        raise GraphError.of(sorted(problems, key=_place))
    return graph


def _place(problem: Problem) -> tuple[str, int]:
    file, _, line = (problem.where or "").rpartition(":")
    return (file, int(line)) if line.isdecimal() else (line, 0)


def _add_nodes(compiled: Compiled, own: dict[str, Node]) -> list[Problem]:
    problems = []
    for node in compiled.nodes:
        other = own.setdefault(node.name, node)
        if other is not node:
            problems.append(_clash(node, other))
    return problems


def _merge(own: Mapping[str, Node], nodes: dict[str, Node], allow_overrides: bool) -> list[Problem]:
    problems = [] if allow_overrides else [_clash(own[name], nodes[name]) for name in own if name in nodes]
    nodes.update(own)
    return problems


def _clash(node: Node, other: Node) -> Problem:
    variants = [one for one in (other, node) if one.function_name != one.name]
    if len(variants) == 2 and node.config_used and other.config_used:
        config = ", ".join(
            f"{key}={tell(value)}" for key, value in {**other.config_used, **node.config_used}.items()
        )
        return Problem(
            f"'{node.name}' has two variants under this config ({config}): "
            f"'{other.function_name}' at {other.where} and '{node.function_name}'",
            str(node.where),
            "make their conditions exclude each other",
        )
    if node.where == other.where:
        message = f"'{node.name}' is made twice of '{node.function_name}'"
        return Problem(message, str(node.where), "name one of them otherwise")
    return Problem(
        f"'{node.name}' is made twice: here and at {other.where}",
        str(node.where),
        "rename one of them, or allow overrides to let the later module win",
    )


def _find_lost(module: types.ModuleType) -> list[Problem]:
    """Find functions that a decorator has turned into something that cannot be a node."""
    return [
        Problem(
            f"a decorator makes of '{function.__name__}' a {type(thing).__name__}, which is no function and so no node",
            str(find_where(function)),
            f"call it from a plain function, and name it '_{function.__name__}', as a helper",
        )
        for thing, function in find_wrapped(module)
    ]


_DEFINITION = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)


def _find_hidden(module: types.ModuleType) -> list[Problem]:
    """Find functions that a later one of the same name in the same file hides: Python does not say so."""
    file = getattr(module, "__file__", None)
    text = "".join(linecache.getlines(file)) if file else ""
    names = _DEFINITION.findall(text)
    if len(set(names)) == len(names):
        return []  # parsing again is only for the doubtful
    problems = []
    first: dict[str, ast.stmt] = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        decorators = " ".join(map(ast.unparse, statement.decorator_list))
        if "overload" in decorators:
            continue
        other = first.setdefault(statement.name, statement)
        mutates = "mutate" in decorators
        if other is not statement and (mutates or not statement.name.startswith("_")):
            variants = (
                f", or name them '{statement.name}__a' and '{statement.name}__b' and choose with @config.when"
            )
            problems.append(
                Problem(
                    f"'{statement.name}' is defined twice in this file: this one hides line {other.lineno}",
                    str(Where(module.__name__, file, statement.lineno)),
                    f"rename one{'' if mutates else variants}",
                )
            )
    return problems
