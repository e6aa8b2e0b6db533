"""Pictures of the graph: which file name means which way to draw.

`draw_picture` gives the bytes of a file and says what drew it; the files beside this one do the work.
"""

from __future__ import annotations

from pathlib import Path

from dagbuild.ground.errors import UserError, did_you_mean
from dagbuild.model.graph import Graph
from dagbuild.plan.plan import Plan
from dagbuild.report.drawing.dot import has_dot, render
from dagbuild.report.drawing.picture import MANY, Picture, group_by_module, make_picture
from dagbuild.report.drawing.svg import draw_svg
from dagbuild.report.drawing.text import to_dot, to_json, to_mermaid

__all__ = ["KINDS", "draw", "draw_picture", "make_picture"]

KINDS = ("svg", "png", "pdf", "dot", "gv", "mmd", "json")
"""Suffixes that `draw_picture` takes."""


def draw(graph: Graph, plan: Plan | None = None, path: str | Path | None = None) -> str:
    """Return what the plan's targets need, or the whole graph, as SVG; write it to `path` by its suffix."""
    picture = make_picture(graph, plan, plan.targets if plan else ())
    if path is not None:
        path = Path(path)
        path.write_bytes(draw_picture(picture, path.suffix[1:])[0])
    return draw_picture(picture, "svg", "own")[0].decode()


def draw_picture(picture: Picture, kind: str, engine: str = "auto") -> tuple[bytes, str]:
    """Return a picture as the bytes of a .`kind` file, and what drew it.

    `engine`: "dot" is Graphviz's program, "own" needs no program, "auto" takes `dot` where it is on PATH.
    Raises UserError when that kind cannot be drawn so.
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
    if kind == "svg" and (engine == "own" or (engine == "auto" and not has_dot())):
        return draw_svg(picture).encode(), f"{size}, drawn by dagbuild"
    if engine == "own":
        raise UserError(f"a .{kind} file needs Graphviz", hint="write a .svg, or leave --engine out")
    return render(to_dot(picture), kind), f"{size}, drawn by Graphviz's dot"
