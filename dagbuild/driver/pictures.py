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
from dagbuild.model.graph import Graph
from dagbuild.project.exchange import write_bytes
from dagbuild.report.drawing import KINDS, make_picture
from dagbuild.report.drawing.picture import Picture

if TYPE_CHECKING:
    from dagbuild.report.drawing.digraph import Drawing

_INPUT = {"style": "dashed", "shape": "rectangle", "margin": "0.15"}
_CLASSES: dict[str, dict[str, Any]] = {
    "node": {"shape": "rectangle", "style": "rounded,filled", "fillcolor": "#b4d8e4", "margin": "0.15"},
    "input": _INPUT,
    "override": {"style": "rounded,filled,diagonals"},
    "output": {"fillcolor": "#FFC857"},
}
"""How kinds of boxes look, unless a function of the user's says otherwise."""

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
    targets: Collection[str] = ()
    overrides: Collection[str] = ()


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
    legend: dict[str, dict[str, Any]] = {}
    shared: set[str] = set()
    for name, box in picture.boxes.items():
        kind = "input" if box.kind == "input" else "node"
        style = dict(_CLASSES[kind])
        style |= _CLASSES["output"] if name in content.targets and kind == "node" else {}
        style |= _CLASSES["override"] if name in content.overrides else {}
        word = "output" if name in content.targets and kind == "node" else kind
        if options.custom_style_function is not None:
            chosen, _, said = options.custom_style_function(node=content.nodes[name], node_class=word)
            style, word = {**style, **chosen}, said or word
        legend.setdefault(word, style)
        lines = [name, box.detail]
        if kind == "input" and not options.deduplicate_inputs:
            users = [end for start, end in picture.arrows if start == name]
            for user in users:
                own = f"_{user}_{name}"
                drawing.box(own, lines, style)
                drawing.edge(own, user)
            shared |= {name}
            continue
        drawing.box(name, lines, style)
    drawing.edges((start, end) for start, end in picture.arrows if start not in shared)
    if options.show_legend:
        with drawing.subgraph(
            name="cluster__legend", graph_attr={"label": "Legend", "rank": "same"}
        ) as below:
            for word, style in legend.items():
                below.box(f"_legend_{word}", [word], style)
    return drawing
