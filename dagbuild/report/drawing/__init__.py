"""Pictures of the graph: which file name means which way to draw.

`draw_picture` gives the bytes of a file and says what drew it; the files beside this one do the work.
"""

from __future__ import annotations

from dagbuild.ground.errors import UserError, did_you_mean
from dagbuild.report.drawing.dot import has_dot, render
from dagbuild.report.drawing.picture import MANY, Picture, group_by_module, make_picture
from dagbuild.report.drawing.png import has_resvg, render_png
from dagbuild.report.drawing.svg import FONTS, draw_svg, measure
from dagbuild.report.drawing.text import to_dot, to_json, to_mermaid

__all__ = ["KINDS", "draw_picture", "make_picture"]

KINDS = ("svg", "png", "pdf", "dot", "gv", "mmd", "json")
"""Suffixes that `draw_picture` takes."""


def draw_picture(picture: Picture, kind: str, engine: str = "auto") -> tuple[bytes, str]:
    """Return a picture as the bytes of a .`kind` file, and what drew it.

    `engine`: "own" is our layout, "dot" Graphviz's program. "auto" takes ours where it can: always for svg, for png
    with the extra `pictures`. Raises UserError when that kind cannot be drawn so.
    """
    kind = kind.lower()
    if kind not in KINDS:
        raise UserError(
            f"a graph cannot be written as .{kind}",
            hint=did_you_mean(kind, KINDS) or f"it may be {', '.join('.' + name for name in KINDS)}",
        )
    if kind == "json":
        return to_json(picture).encode(), "all nodes"
    grouped = len(picture.boxes) > MANY
    size = f"{len(picture.boxes):,} nodes"
    if grouped:
        picture = group_by_module(picture)
        size += f" as {len(picture.boxes):,} modules: too many to draw one by one"
    if kind == "mmd":
        return to_mermaid(picture).encode(), f"{size}, as Mermaid text"
    if kind in ("dot", "gv"):
        return to_dot(picture).encode(), f"{size}, as DOT text"
    if engine != "dot" and (kind == "svg" or (kind == "png" and has_resvg())):
        svg = draw_svg(picture)
        data = svg.encode() if kind == "svg" else render_png(svg, measure(svg), FONTS)
        return data, f"{size}, drawn by dagbuild"
    if engine == "dot" or (engine == "auto" and has_dot()):
        return render(to_dot(picture), kind), f"{size}, drawn by Graphviz's dot"
    ways = ["write a .svg"]
    if engine == "auto":
        ways.insert(0, "install Graphviz (apt or brew install graphviz)")
    if kind == "png":
        ways.insert(0, "pip install 'dagbuild[pictures]'")
    raise UserError(f"nothing here can draw a .{kind} file", hint=", or ".join(ways))
