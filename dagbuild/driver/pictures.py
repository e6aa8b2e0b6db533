"""Pictures of a graph with Hamilton's options: what is in them, how it is styled, and the object that a notebook shows.

Without the program `dot` pictures are drawn by our own hand, which knows no orientation and no user's colours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagbuild.driver.nodes import HamiltonNode
from dagbuild.ground.errors import UserError
from dagbuild.model.graph import Graph
from dagbuild.project.exchange import write_bytes
from dagbuild.report.drawing import KINDS, draw_picture, make_picture
from dagbuild.report.drawing.dot import has_dot, render
from dagbuild.report.drawing.picture import Picture
from dagbuild.report.drawing.text import quote

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
class Drawing:
    """A picture: a notebook shows it, `render` writes it; `source` is its DOT text."""

    picture: Picture
    source: str

    def pipe(self, format: str = "svg", encoding: str | None = None) -> Any:  # noqa: A002 - graphviz's name
        """Return the bytes of a file of that format, or its text where an encoding is named."""
        if format in ("dot", "gv"):
            data = self.source.encode()
        elif has_dot():
            data = render(self.source, format)
        else:
            data = draw_picture(self.picture, format)[0]
        return data.decode(encoding) if encoding else data

    def render(self, filename: str | Path, format: str = "png", **_: Any) -> str:  # noqa: A002 - graphviz's name
        """Write `filename`.`format`, and return that name; raises UserError when nothing here can draw it."""
        path = f"{filename}.{format}"
        write_bytes(self.pipe(format), path)
        return path

    def _repr_svg_(self) -> str:
        return str(self.pipe("svg", "utf-8"))

    def __str__(self) -> str:
        return self.source


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
    drawing = Drawing(picture, _write_dot(content, options, picture))
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
        drawing.render(stem, form)
    except UserError:
        if kind or "format" in said or form != "png":
            raise
        drawing.render(stem, "svg")  # nobody asked for a png, and nothing here can draw one


def _write_dot(content: Content, options: Options, picture: Picture) -> str:
    given = dict(options.graphviz_kwargs or {})
    graph = {"rankdir": options.orient, "ranksep": "0.4", "compound": "false", **given.get("graph_attr", {})}
    lines = ["digraph {", f"  graph [{_attributes(graph)}];"]
    lines += [f"  node [{_attributes({'fontname': 'Helvetica', **given.get('node_attr', {})})}];"]
    lines += [f"  edge [{_attributes(given['edge_attr'])}];"] if given.get("edge_attr") else []
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
        label = f"{name}\n{box.detail}"
        if kind == "input" and not options.deduplicate_inputs:
            users = [end for start, end in picture.arrows if start == name]
            for user in users:
                own = f"_{user}_{name}"
                lines.append(f"  {quote(own)} [{_attributes({**style, 'label': label})}];")
                lines.append(f"  {quote(own)} -> {quote(user)};")
            shared |= {name}
            continue
        lines.append(f"  {quote(name)} [{_attributes({**style, 'label': label})}];")
    lines += [f"  {quote(start)} -> {quote(end)};" for start, end in picture.arrows if start not in shared]
    lines += _write_legend(legend) if options.show_legend else []
    return "\n".join([*lines, "}"]) + "\n"


def _write_legend(legend: Mapping[str, Mapping[str, Any]]) -> list[str]:
    inside = [
        f"    {quote(f'_legend_{word}')} [{_attributes({**style, 'label': word})}];"
        for word, style in legend.items()
    ]
    return ["  subgraph cluster__legend {", '    graph [label="Legend", rank="same"];', *inside, "  }"]


def _attributes(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={quote(str(value))}" for key, value in given.items())
