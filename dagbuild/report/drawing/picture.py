"""What a drawing shows: boxes and arrows, without saying how they look.

Made of a graph and, where there is one, a plan for the colours. Knows nothing of SVG, DOT or pixels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from dagbuild.model.graph import Graph
from dagbuild.model.node import Node
from dagbuild.plan.plan import Plan, Status

MANY = 1000
"""Over so many boxes nothing can be read: one box for each module then."""

STATUSES = ("pinned", "missing", "stale", "affected", "fresh")
"""From what a group of nodes is called first to what it is called last."""


@dataclass(frozen=True, slots=True)
class Box:
    """A node or input. `kind` is node, input or module; `status` a word of `dagbuild status`, or empty."""

    name: str
    kind: str = "node"
    detail: str = ""
    module: str = ""
    status: str = ""
    target: bool = False
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """Boxes by name, and arrows from what is needed to what needs it."""

    boxes: dict[str, Box]
    arrows: tuple[tuple[str, str], ...]
    title: str = ""
    extra: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def modules(self) -> list[str]:
        """The modules, in the order in which they come up."""
        boxes = self.boxes.values()
        return list(dict.fromkeys(box.module for box in boxes if box.module and box.kind != "input"))

    @property
    def statuses(self) -> list[str]:
        """The statuses that occur, in the order of a legend."""
        found = {box.status for box in self.boxes.values()}
        return [status for status in reversed(STATUSES) if status in found]


def make_picture(
    graph: Graph, plan: Plan | None = None, targets: Collection[str] = (), title: str = ""
) -> Picture:
    """Return the picture of all that `targets` need; of the whole graph when there are none."""
    names = graph.order(targets or [*graph.nodes, *graph.inputs])
    # A pinned or overridden node may need things that no plan has steps for; they are shown without colour.
    boxes: dict[str, Box] = {}
    extra: dict[str, dict[str, Any]] = {}
    for name in names:
        node = graph.nodes.get(name)
        if node is None:
            boxes[name] = Box(name, "input", name_type(graph.inputs[name].type))
            continue
        step = plan.steps.get(name) if plan else None
        reasons = [str(reason) for reason in step.reasons] if step else []
        first_line = node.doc.strip().partition("\n")[0]
        boxes[name] = Box(
            name,
            "node",
            name_value(node),
            node.where.module,
            step.status.value if step else "",
            name in targets,
            "\n".join(line for line in (first_line, str(node.where), *reasons) if line),
        )
        extra[name] = {"where": str(node.where), "doc": node.doc, "tags": dict(node.tags), "reasons": reasons}
    arrows = [(up, name) for name in names for up in graph.upstream(name) if up in boxes]
    return Picture(boxes, tuple(arrows), title, extra)


def group_by_module(picture: Picture) -> Picture:
    """Return a picture with one box for each module, inputs left out."""
    members: dict[str, list[Box]] = {}
    for box in picture.boxes.values():
        if box.kind != "input":
            members.setdefault(box.module, []).append(box)
    boxes = {
        module: Box(
            module,
            "module",
            f"{len(inside):,} nodes" + (f", {stale:,} stale" if (stale := _count_stale(inside)) else ""),
            module,
            _worst(box.status for box in inside),
            any(box.target for box in inside),
        )
        for module, inside in members.items()
    }
    arrows = dict.fromkeys(
        (picture.boxes[start].module, picture.boxes[end].module)
        for start, end in picture.arrows
        if picture.boxes[start].kind != "input"
    )
    return Picture(boxes, tuple(arrow for arrow in arrows if arrow[0] != arrow[1]), picture.title)


def name_value(node: Node) -> str:
    """Return the type of what a node gives, and of what it gives one each."""
    each = f" for each {' in '.join(reversed(node.axes))}" if node.axes else ""
    return f"{name_type(node.type)}{each}"


def name_type(kind: Any) -> str:
    """Return a type's name as short as it can be understood: DataFrame, dict[str, float], Model | None."""
    if kind is None or kind is type(None):
        return "None"
    if isinstance(kind, type) and not getattr(kind, "__args__", ()):
        return kind.__name__
    text = str(kind) if not isinstance(kind, str) else kind
    words: list[str] = []
    word = ""
    for char in f"{text} ":
        if char.isidentifier() or char.isdigit() or char == ".":
            word += char
        else:
            words.append(word.rpartition(".")[2] + char)
            word = ""
    return "".join(words).strip()


def _count_stale(boxes: Iterable[Box]) -> int:
    return sum(box.status in (Status.STALE.value, Status.MISSING.value) for box in boxes)


def _worst(statuses: Iterable[str]) -> str:
    found = set(statuses)
    return next(
        (status for status in ("stale", "missing", "affected", "pinned", "fresh") if status in found), ""
    )
