"""Runs a graph in order, in one process: what the decorators made is called the way a build calls it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any

from dagbuild.loader import create_module, load_graph
from dagbuild.model.graph import Graph
from dagbuild.model.node import Group, Node, Source, Value


def make_graph(*functions: Callable[..., Any], **config: Any) -> Graph:
    return load_graph([create_module(*functions)], config)


def run(graph: Graph, target: str, **given: Any) -> Any:
    values = dict(given)
    for name in graph.order([target]):
        if name in graph.nodes and name not in values:
            values[name] = call(graph.nodes[name], values)
    return values[target]


def call(node: Node, values: Mapping[str, Any]) -> Any:
    def get(binding: Source | Value) -> Any:
        return values[binding.name] if isinstance(binding, Source) else binding.value

    arguments: dict[str, Any] = {}
    for parameter in node.parameters:
        if not all(name in values for name in parameter.upstream):
            continue
        match parameter.binding:
            case Group(items, None):
                arguments[parameter.keyword] = [get(item) for item in items]
            case Group(items, keys):
                assert keys is not None
                arguments[parameter.keyword] = {key: get(item) for key, item in zip(keys, items, strict=True)}
            case binding:
                arguments[parameter.keyword] = get(binding)
    return node.function(**arguments)


def crosses_processes(node: Node) -> bool:
    return bool(pickle.loads(pickle.dumps(node.function)) == node.function)
