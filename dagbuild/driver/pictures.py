"""Pictures of a graph with Hamilton's options: what is in them, how it is styled, and where they are written.

Without the program `dot` pictures are drawn by our own hand, which knows no orientation and no user's colours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagbuild.driver.nodes import HamiltonNode
from dagbuild.ground.errors import UserError
from dagbuild.ground.secrets import clean
from dagbuild.model.graph import Graph
from dagbuild.project.exchange import write_bytes
from dagbuild.report.drawing import KINDS, make_picture
from dagbuild.report.drawing.picture import Box, Picture

if TYPE_CHECKING:
    from dagbuild.report.drawing.digraph import Drawing

_CLASSES: dict[str, dict[str, Any]] = {
    "config": {"shape": "note", "style": "filled"},
    "input": {"shape": "rectangle", "style": "filled,dashed", "margin": "0.15"},
    "function": {"shape": "rectangle", "style": "rounded,filled", "fillcolor": "#b4d8e4", "margin": "0.15"},
    "field": {
        "shape": "rectangle",
        "style": "filled",
        "fillcolor": "#c8dae0",
        "fontname": "Courier",
        "fontsize": "10",
    },
    "output": {"fillcolor": "#FFC857"},
    "materializer": {"shape": "cylinder"},
    "override": {"style": "filled,diagonals"},
    "expand": {"peripheries": "2", "color": "#56E39F"},
    "collect": {"peripheries": "2", "color": "#EA5556"},
}
"""How boxes look, by what they are; in the order of the legend."""

_CLUSTER = {"style": "rounded,filled,dashed", "color": "#649fb3", "fillcolor": "#ffffff", "margin": "10"}
_LONGEST = 80

Styler = Callable[..., tuple[dict[str, Any], str | None, str | None]]


@dataclass(frozen=True)
class Options:
    """What Hamilton's drawing methods are told, by its names."""

    output_file_path: str | None = None
    render_kwargs: Mapping[str, Any] | None = None
    graphviz_kwargs: Mapping[str, Any] | None = None
    show_legend: bool = True
    orient: str = "LR"
    hide_inputs: bool = False
    deduplicate_inputs: bool = False
    show_schema: bool = True
    custom_style_function: Styler | None = None
    keep_dot: bool = False


@dataclass(frozen=True)
class Content:
    """What is in a picture: of the graph these names, with what was asked for and given among them."""

    graph: Graph
    names: Collection[str]
    nodes: Mapping[str, HamiltonNode]
    config: Mapping[str, Any]
    targets: Collection[str] = ()
    overrides: Collection[str] = ()

    def find_classes(self, name: str) -> list[str]:
        """Return what a node is besides a function, as far as that is seen before the user's function is asked."""
        node = self.nodes[name]
        moves = any(f"hamilton.data_{kind}" in node.tags for kind in ("saver", "loader"))
        told = {"expand": node.expands, "collect": node.collects, "materializer": moves}
        return [word for word, holds in told.items() if holds]

    def find_last_classes(self, name: str) -> list[str]:
        """Return what is seen whatever that function says."""
        told = {"output": name in self.targets, "override": name in self.overrides}
        return [word for word, holds in told.items() if holds]


def draw(content: Content, options: Options) -> Drawing:
    """Return the picture, and write it where the options say; raises UserError when it cannot be written."""
    picture = _choose(content, options)
    drawing = _fill(content, options, picture)
    drawing.hold(picture)
    if options.output_file_path:
        _write(drawing, options)
    return drawing


def _choose(content: Content, options: Options) -> Picture:
    """Return the boxes and arrows: of inputs those that nodes in the picture take."""
    whole = make_picture(content.graph, None, content.targets and list(content.graph.nodes))
    shown = {
        name: box
        for name, box in whole.boxes.items()
        if name in content.names and not (box.kind == "input" and options.hide_inputs)
    }
    arrows = [(up, name) for name in shown for up in content.graph.upstream(name) if up in shown]
    return Picture(shown, tuple(dict.fromkeys(arrows)), "", whole.extra)


def _write(drawing: Drawing, options: Options) -> None:
    said = dict(options.render_kwargs or {})
    path = Path(str(options.output_file_path))
    kind = path.suffix.removeprefix(".") if path.suffix.removeprefix(".") in KINDS else ""
    form = kind or str(said.get("format", "png"))
    stem = path.with_suffix("") if kind else path
    if options.keep_dot:
        write_bytes(drawing.source.encode(), stem)
    try:
        data = drawing.pipe(form)
    except UserError:
        if kind or "format" in said or form != "png":
            raise
        form, data = "svg", drawing.pipe("svg")  # nobody asked for a png, and nothing here can draw one
    write_bytes(data, f"{stem}.{form}")


def _fill(content: Content, options: Options, picture: Picture) -> Drawing:
    from dagbuild.report.drawing.digraph import Drawing

    given = dict(options.graphviz_kwargs or {})
    of_graph = {
        "rankdir": options.orient,
        "ranksep": "0.4",
        "compound": "false",
        **given.pop("graph_attr", {}),
    }
    of_nodes = {"fontname": "Helvetica", **given.pop("node_attr", {})}
    drawing = Drawing(graph_attr=of_graph, node_attr=of_nodes, **given)
    legend: dict[str, Mapping[str, Any]] = {}
    for key, value in content.config.items():
        legend["config"] = _CLASSES["config"]
        drawing.box(f"_config_{key}", [key, clean(str(value))[:_LONGEST]], legend["config"])
    for name, box in picture.boxes.items():
        if box.kind != "input":
            _draw_function(drawing, content, options, box, legend)
            continue
        legend["input"] = _CLASSES["input"]
        users = [end for start, end in picture.arrows if start == name]
        if options.deduplicate_inputs:
            drawing.box(name, [name, box.detail], legend["input"])
        for user in () if options.deduplicate_inputs else users:
            drawing.box(f"_{user}_{name}", [name, box.detail], legend["input"])
        drawing.edges((name if options.deduplicate_inputs else f"_{user}_{name}", user) for user in users)
    drawing.edges(arrow for arrow in picture.arrows if picture.boxes[arrow[0]].kind != "input")
    if options.show_legend:
        with drawing.subgraph(
            name="cluster__legend", graph_attr={"label": "Legend", "rank": "same"}
        ) as below:
            for word in [*(word for word in _CLASSES if word in legend), *(legend.keys() - _CLASSES.keys())]:
                below.box(f"_legend_{word}", [word], legend[word])
    return drawing


def _draw_function(
    drawing: Drawing, content: Content, options: Options, box: Box, legend: dict[str, Mapping[str, Any]]
) -> None:
    """Draw the box of a node, in one of its fields where those are known; the legend gets what it is."""
    node, word = content.nodes[box.name], "function"
    shown = node.tags.get("display_name", box.name)
    style = dict(_CLASSES["function"])
    for kind in content.find_classes(box.name):
        style |= _CLASSES[kind]
        legend[kind] = {**_CLASSES["function"], **_CLASSES[kind]}
    if options.custom_style_function is not None:
        chosen, base, said = options.custom_style_function(node=node, node_class="function")
        style |= chosen
        if said:
            word = said
            legend[word] = {**_CLASSES.get(base or "function", {}), **chosen}
    legend.setdefault(word, _CLASSES["function"])
    for kind in content.find_last_classes(box.name):
        style |= _CLASSES[kind]
        legend[kind] = {**_CLASSES["function"], **_CLASSES[kind]}
    drawing.box(box.name, [shown[0] if isinstance(shown, list) else str(shown), box.detail], style)
    fields = content.graph.nodes[box.name].schema if options.show_schema else ()
    if fields:
        legend["field"] = _CLASSES["field"]
        with drawing.subgraph(name=f"cluster_{box.name}", graph_attr=_CLUSTER) as within:
            within.node(box.name)
            for field, kind in fields:
                within.box(f"{box.name}.{field}", [f"{field}: {kind}"], legend["field"])
