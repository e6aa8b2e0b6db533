"""Nodes and inputs as plain data, and back without their code.

What comes back answers for names, edges, documentation and cache policy. Its types are texts, which fit everything; its
functions only say that the code has to be loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from dagbuild.model.graph import Graph
from dagbuild.model.node import (
    REQUIRED,
    Binding,
    CachePolicy,
    Columns,
    File,
    Files,
    Group,
    Input,
    Node,
    Parameter,
    Source,
    Value,
    Where,
)
from dagbuild.observe.places import PathNames


class CodeNeededError(Exception):
    """What was asked cannot be told without importing the project's modules."""


def graph_to_json(graph: Graph, places: PathNames) -> dict[str, Any]:
    """Return the plain form of a graph, without code and values."""
    return {
        "nodes": [_node_to_json(node, places) for node in graph.nodes.values()],
        "inputs": [
            [each.name, _type_to_json(each.type), each.required, list(each.used_by)]
            for each in graph.inputs.values()
        ],
    }


def graph_from_json(data: Mapping[str, Any], places: PathNames) -> Graph:
    """Return the graph of a plain form; calling a function of it raises CodeNeededError."""
    nodes = [_node_from_json(each, places) for each in data["nodes"]]
    inputs = [
        Input(name, _type_from_json(kind), required, tuple(used_by))
        for name, kind, required, used_by in data["inputs"]
    ]
    return Graph({node.name: node for node in nodes}, {each.name: each for each in inputs})


def _node_to_json(node: Node, places: PathNames) -> list[Any]:
    file = places.name(node.where.file) if node.where.file else None
    return [
        node.name,
        _type_to_json(node.type),
        [_parameter_to_json(parameter) for parameter in node.parameters],
        [node.where.module, file, node.where.line],
        node.doc,
        dict(node.tags),
        list(node.config_used),
        list(node.reads),
        [node.cache.never, node.cache.format, node.cache.version, node.cache.because, node.cache.always],
        node.operation,
        node.function_name,
        list(node.schema),
        list(node.writes),
        list(node.follows),
        node.expands,
        list(node.block),
        node.saves,
    ]


def _node_from_json(data: list[Any], places: PathNames) -> Node:
    name, kind, parameters, (module, file, line), doc, tags, config_used, reads, *rest = data
    (never, format_, version, because, always), operation, function_name, schema, writes, follows, *width = (
        rest
    )
    expands, block, saves = width
    return Node(
        name=name,
        type=_type_from_json(kind),
        function=_missing,
        parameters=tuple(_parameter_from_json(each) for each in parameters),
        where=Where(module, places.path(file) if file else None, line),
        operation=operation,
        doc=doc,
        tags=tags,
        config_used=dict.fromkeys(config_used),
        reads=tuple(reads),
        cache=CachePolicy(never, format_, version, because=because, always=always),
        schema=tuple((column, dtype) for column, dtype in schema),
        function_name=function_name,
        writes=tuple(writes),
        follows=tuple(follows),
        expands=expands,
        block=tuple(block),
        saves=saves,
    )


def _missing(**_: Any) -> Any:
    raise CodeNeededError


def _parameter_to_json(parameter: Parameter) -> list[Any]:
    default: Any = None
    if parameter.type not in (File, Files):
        pass  # what the value is was told by the code's digest; it may be a secret
    elif isinstance(parameter.default, str):
        default = str(parameter.default)
    elif isinstance(parameter.default, tuple | list):
        default = [str(each) for each in parameter.default]
    given = parameter.default is not REQUIRED
    return [
        parameter.name,
        _type_to_json(parameter.type),
        _binding_to_json(parameter.binding),
        given,
        default,
        list(parameter.columns.names) if parameter.columns else None,
        parameter.collects,
    ]


def _parameter_from_json(data: list[Any]) -> Parameter:
    name, kind, binding, given, default, columns, collects = data
    wanted = _type_from_json(kind)
    if columns is not None:
        # Which columns are taken is a part of keys; JSON has no tuples.
        names = (tuple(label) if isinstance(label, list) else label for label in columns)
        wanted = Annotated[Any, Columns(*names)]
    default = default if given else REQUIRED
    return Parameter(name, wanted, _binding_from_json(binding), default, collects=collects)


def _binding_to_json(binding: Binding) -> Any:
    match binding:
        case Source(name):
            return name
        case Value():
            return None
        case Group(items, keys):
            return [[_binding_to_json(item) for item in items], list(keys) if keys is not None else None]


def _binding_from_json(data: Any) -> Binding:
    if data is None or isinstance(data, str):
        return _item_from_json(data)
    items, keys = data
    return Group(tuple(_item_from_json(item) for item in items), tuple(keys) if keys is not None else None)


def _item_from_json(data: str | None) -> Source | Value:
    return Value(None) if data is None else Source(data)


_SPECIAL: Mapping[str, Any] = {"dagbuild.File": File, "dagbuild.Files": Files}


def _type_to_json(kind: Any) -> str | None:
    for text, special in _SPECIAL.items():
        if kind is special:
            return text
    if kind is None or kind is type(None):
        return None
    if isinstance(kind, type) and not getattr(kind, "__args__", ()):
        return kind.__name__
    return str(kind)


def _type_from_json(text: str | None) -> Any:
    return None if text is None else _SPECIAL.get(text, text)
