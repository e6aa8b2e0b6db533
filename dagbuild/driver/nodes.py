"""What is told of nodes and of the graph behind Hamilton's doors: its `HamiltonNode` and `HamiltonGraph`.

Plain data with Hamilton's members, made of our nodes. Knows nothing of how a node is run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dagbuild.ground.digest import digest_text
from dagbuild.model.elements import Parallelizable
from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED, Node
from dagbuild.modifiers.base import modifiers_of
from dagbuild.modifiers.checking import RunCheck
from dagbuild.modifiers.choose import config

CHECKS = "hamilton.data_quality.contains_dq_results"
CHECKED = "hamilton.data_quality.source_node"


@dataclass(frozen=True)
class HamiltonNode:
    """A node or input, with Hamilton's members.

    `callable` is what makes the value of its inputs' values, given by the names in `input_types`.
    """

    name: str
    type: Any
    tags: dict[str, str | list[str]]
    is_external_input: bool
    originating_functions: tuple[Callable[..., Any], ...] | None
    documentation: str | None
    required_dependencies: set[str]
    optional_dependencies: set[str]
    optional_dependencies_default_values: dict[str, Any] = field(default_factory=dict)
    callable: Callable[..., Any] | None = None
    input_types: Mapping[str, Any] = field(default_factory=dict)
    expands: bool = False
    collects: bool = False

    @property
    def version(self) -> str | None:
        """A digest of the source text of its function; the name, of an input without one."""
        if self.originating_functions is None:
            return self.name
        try:
            text = inspect.getsource(self.originating_functions[0])
        except (OSError, TypeError):  # it was made of a text, or by a program
            return None
        return digest_text(text.strip())

    def as_dict(self, include_optional_dependencies_default_values: bool = False) -> dict[str, Any]:
        """Return what can be written as JSON."""
        source = None
        if self.originating_functions is not None:
            try:
                source = inspect.getsource(self.originating_functions[0])
            except (OSError, TypeError):
                source = None
        told: dict[str, Any] = {
            "name": self.name,
            "tags": self.tags,
            "output_type": getattr(self.type, "__name__", str(self.type)),
            "required_dependencies": sorted(self.required_dependencies),
            "optional_dependencies": sorted(self.optional_dependencies),
            "source": source,
            "documentation": self.documentation,
            "version": self.version,
        }
        if include_optional_dependencies_default_values:
            told["optional_dependencies_default_values"] = self.optional_dependencies_default_values
        return told


@dataclass(frozen=True)
class HamiltonGraph:
    """All nodes and inputs of a graph."""

    nodes: list[HamiltonNode]

    @property
    def version(self) -> str:
        """A digest of the versions of all nodes, in no order."""
        versions = sorted(str(node.version) for node in self.nodes)
        return digest_text("\n".join(versions))

    def filter_nodes(self, filter: Callable[[HamiltonNode], bool]) -> list[HamiltonNode]:  # noqa: A002 - its name
        """Return those that it holds for."""
        return [node for node in self.nodes if filter(node)]

    def __getitem__(self, name: str) -> HamiltonNode:
        return self.by_name[name]

    @cached_property
    def by_name(self) -> dict[str, HamiltonNode]:
        """Each under its name."""
        return {node.name: node for node in self.nodes}


@dataclass(frozen=True)
class FunctionGraph:
    """A graph as a driver of Hamilton's holds it: the nodes by their names."""

    nodes: Mapping[str, HamiltonNode]
    config: Mapping[str, Any]

    def get_nodes(self) -> list[HamiltonNode]:
        """Return all nodes and inputs."""
        return list(self.nodes.values())


def describe_graph(graph: Graph, given: Mapping[str, Any]) -> HamiltonGraph:
    """Return what is told of a graph; what is `given` from outside is an input, whether a node takes it or not."""
    # A node that an operation of ours makes stands where the user's function does that it comes from.
    makers = {node.where: node.function for node in graph.nodes.values() if inspect.isfunction(node.function)}
    nodes = [describe_node(node, makers.get(node.where)) for node in graph.nodes.values()]
    for name, source in graph.inputs.items():
        users = tuple(graph.nodes[user].function for user in source.used_by)[:1]
        nodes.append(_describe_input(name, source.type, users or None))
    nodes += [_describe_input(name, Any, None) for name in given if name not in graph]
    return HamiltonGraph(nodes)


def _describe_input(name: str, kind: Any, functions: tuple[Callable[..., Any], ...] | None) -> HamiltonNode:
    return HamiltonNode(name, kind, {}, True, functions, "", set(), set())


def describe_node(node: Node, maker: Callable[..., Any] | None = None) -> HamiltonNode:
    """Return what is told of a node; `maker` is the user's function that it comes from, where it is not its own."""
    required: set[str] = set()
    optional: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for parameter in node.parameters:
        for name in parameter.upstream:
            types[name] = parameter.type
            if parameter.default is REQUIRED:
                required.add(name)
            else:
                optional[name] = parameter.default
    several: Any = Parallelizable
    maker = node.function if inspect.isfunction(node.function) or maker is None else maker
    return HamiltonNode(
        node.name,
        several[node.type] if node.expands else node.type,
        _make_tags(node, maker),
        False,
        (maker,),
        node.doc,
        required,
        optional.keys() - required,
        {name: value for name, value in optional.items() if name not in required},
        node.function,
        types,
        node.expands,
        any(parameter.collects for parameter in node.parameters),
    )


def _make_tags(node: Node, maker: Callable[..., Any]) -> dict[str, Any]:
    if node.operation.startswith(("load_from/", "save_to/", "combine/")):
        return dict(node.tags)  # no function of the module
    tags: dict[str, Any] = {"module": node.where.module, **node.tags}
    if isinstance(node.function, RunCheck):
        tags |= {CHECKS: True, CHECKED: node.parameters[0].upstream[0].removesuffix("_raw")}
    if node.config_used and any(isinstance(each, config) for each in modifiers_of(maker)):
        tags["hamilton.config"] = ",".join(node.config_used)
    return tags
