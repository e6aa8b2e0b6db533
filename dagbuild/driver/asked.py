"""What a driver behind Hamilton's doors tells of its graph, and draws of it, without running anything."""

from __future__ import annotations

import abc
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagbuild.driver.nodes import FunctionGraph, HamiltonGraph, HamiltonNode
from dagbuild.driver.pictures import Content, Options, draw
from dagbuild.ground.errors import InputError, did_you_mean
from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED

if TYPE_CHECKING:
    from dagbuild.report.drawing.digraph import Drawing

Target = str | Callable[..., Any] | HamiltonNode
"""How a node is named: by its name, by the function that makes it, or as what a driver has told of it."""


class Asked(abc.ABC):
    """A graph that can be asked and drawn."""

    config: Mapping[str, Any]
    _graph: Graph
    _told: HamiltonGraph
    _nodes: Mapping[str, HamiltonNode]

    @abc.abstractmethod
    def _name(self, outputs: Sequence[Target]) -> list[str]:
        """Return the names of what is asked for."""

    @abc.abstractmethod
    def _give(
        self, names: Collection[str], overrides: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what takes the place of nodes and inputs; raises InputError with all that is wrong."""

    # -- asking --------------------------------------------------------------------------------------------------

    @property
    def graph(self) -> FunctionGraph:
        """All nodes and inputs, by their names."""
        return FunctionGraph(self._nodes, self.config)

    def list_available_variables(
        self, *, tag_filter: Mapping[str, str | list[str] | None] | None = None
    ) -> list[HamiltonNode]:
        """Return every node and input; with `tag_filter`, those with all these tags (None: whatever its value)."""
        nodes = self._told.nodes
        if not tag_filter:
            return list(nodes)
        return [node for node in nodes if all(_tagged(node, *asked) for asked in tag_filter.items())]

    def what_is_upstream_of(self, *node_names: str) -> list[HamiltonNode]:
        """Return the nodes and inputs that these are made from, themselves included."""
        return self._tell(self._graph.reach_up(self._known(node_names)))

    def what_is_downstream_of(self, *node_names: str) -> list[HamiltonNode]:
        """Return the nodes that are made from these, themselves included."""
        return self._tell(self._graph.reach_down(self._known(node_names)))

    def what_is_the_path_between(
        self, upstream_node_name: str, downstream_node_name: str
    ) -> list[HamiltonNode]:
        """Return every node on a way from one down to the other, both included; empty when there is none."""
        start, end = self._known([upstream_node_name, downstream_node_name])
        return self._tell(self._graph.find_path(start, end))

    def has_cycles(self, final_vars: Sequence[Target]) -> bool:
        """Tell whether the graph has a cycle; always False, since a graph with one is refused."""
        self._known(self._name(final_vars))
        return False

    def validate_execution(
        self,
        final_vars: Sequence[Target],
        overrides: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Raise InputError when the targets cannot be made of what is given; runs nothing."""
        self._give(self._name(final_vars), overrides or {}, inputs or {})

    def export_execution(
        self,
        final_vars: Sequence[str],
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the nodes that the targets take, as JSON; raises as `execute` does."""
        names = self._name(final_vars)
        self._give(names, overrides or {}, inputs or {})
        reached = self._find_taken(names, overrides or {}, inputs or {})
        return json.dumps({"nodes": [node.as_dict() for node in self._tell(reached)]})

    def _find_taken(
        self, names: Collection[str], overrides: Collection[str], inputs: Collection[str]
    ) -> set[str]:
        """Return the nodes and inputs that the names are made from, without inputs that have defaults and no value."""
        reached = self._graph.reach_up(names, stop=overrides.__contains__)
        given = {*self.config, *inputs, *overrides, *names}
        needed = {
            up
            for name in reached & self._graph.nodes.keys() - set(overrides)
            for parameter in self._graph.nodes[name].parameters
            for up in parameter.upstream
            if parameter.default is REQUIRED or up in given
        }
        return {name for name in reached if name in self._graph.nodes or name in needed | given}

    def _known(self, names: Sequence[str]) -> Sequence[str]:
        for name in names:
            if name not in self._nodes:
                raise InputError(f"there is no node or input '{name}'", hint=did_you_mean(name, self._nodes))
        return names

    def _tell(self, names: Collection[str]) -> list[HamiltonNode]:
        return [node for node in self._told.nodes if node.name in names]

    # -- drawing -------------------------------------------------------------------------------------------------

    def display_all_functions(
        self,
        output_file_path: str | None = None,
        render_kwargs: Mapping[str, Any] | None = None,
        graphviz_kwargs: Mapping[str, Any] | None = None,
        *words: Any,
        **options: Any,
    ) -> Drawing:
        """Draw the whole graph, and write it where `output_file_path` says, with Hamilton's options.

        The suffix of the path chooses the format, else `render_kwargs={"format": "svg"}`, else it is png. Options are
        those of `Options`, in its order.
        """
        names = self._graph.nodes.keys() | self._graph.inputs.keys()
        chosen = Options(output_file_path, render_kwargs, graphviz_kwargs, *words, **options)
        return draw(self._content(names), chosen)

    def visualize_execution(
        self,
        final_vars: Sequence[Target],
        output_file_path: str | None = None,
        render_kwargs: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        graphviz_kwargs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        *words: Any,
        bypass_validation: bool = False,
        **options: Any,
    ) -> Drawing:
        """Draw what the targets take; raises as `execute` does before anything runs, unless that is bypassed.

        What follows are the options of `display_all_functions`, from `show_legend` on.
        """
        names = self._name(final_vars)
        if not bypass_validation:
            self._give(names, overrides or {}, inputs or {})
        over = (overrides or {}).keys()
        reached = self._find_taken(names, over, inputs or {})
        chosen = Options(output_file_path, render_kwargs, graphviz_kwargs, *words, **options)
        return draw(self._content(reached, names, over), chosen)

    def display_upstream_of(
        self, *node_names: str, output_file_path: str | None = None, **options: Any
    ) -> Drawing:
        """Draw what the nodes are made from."""
        reached = self._graph.reach_up(self._known(node_names))
        return draw(self._content(reached, node_names), Options(output_file_path, **options))

    def display_downstream_of(
        self, *node_names: str, output_file_path: str | None = None, **options: Any
    ) -> Drawing:
        """Draw what is made from the nodes, and what else that takes."""
        reached = self._add_taken(self._graph.reach_down(self._known(node_names)))
        return draw(self._content(reached, node_names), Options(output_file_path, **options))

    def visualize_path_between(
        self,
        upstream_node_name: str,
        downstream_node_name: str,
        output_file_path: str | None = None,
        render_kwargs: Mapping[str, Any] | None = None,
        graphviz_kwargs: Mapping[str, Any] | None = None,
        strict_path_visualization: bool = False,
        *words: Any,
        **options: Any,
    ) -> Drawing:
        """Draw the ways from one node down to another; with what else their nodes take, unless it is `strict`.

        Raises InputError when there is none.
        """
        start, end = self._known([upstream_node_name, downstream_node_name])
        path = self._graph.find_path(start, end)
        if not path:
            raise InputError(f"there is no way from '{start}' to '{end}'")
        if not strict_path_visualization:
            path = self._add_taken(path)
        return draw(
            self._content(path, [start, end]),
            Options(output_file_path, render_kwargs, graphviz_kwargs, *words, **options),
        )

    def _add_taken(self, names: set[str]) -> set[str]:
        return names | {up for name in names for up in self._graph.upstream(name)}

    def _content(
        self, names: Collection[str], targets: Collection[str] = (), overrides: Collection[str] = ()
    ) -> Content:
        return Content(self._graph, names, self._nodes, self.config, targets, overrides)


def _tagged(node: HamiltonNode, key: str, wanted: str | list[str] | None) -> bool:
    if not (wanted is None or isinstance(wanted, str | list | tuple | bool)):
        raise InputError(f"the tag '{key}' is asked to be {wanted!r}", hint="a text, a list of them, or None")
    if key not in node.tags or wanted is None:
        return key in node.tags
    has, asks = (each if isinstance(each, list | tuple) else [each] for each in (node.tags[key], wanted))
    return bool(set(has) & set(asks))
