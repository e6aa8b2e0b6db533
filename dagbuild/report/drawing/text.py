"""A picture in the languages of others: DOT, Mermaid, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

from dagbuild.report.drawing.palette import LIGHT
from dagbuild.report.drawing.picture import Box, Picture


def to_json(picture: Picture) -> str:
    """Return nodes and edges as JSON text."""
    nodes = []
    for name, box in picture.boxes.items():
        node: dict[str, object] = {"name": name, "kind": box.kind, "type": box.detail}
        if box.module:
            node["module"] = box.module
        if box.status:
            node["status"] = box.status
        if box.target:
            node["target"] = True
        nodes.append(node | picture.extra.get(name, {}))
    return json.dumps({"nodes": nodes, "edges": [list(arrow) for arrow in picture.arrows]}, indent=2) + "\n"


def to_mermaid(picture: Picture) -> str:
    """Return a Mermaid flowchart, as GitHub and many wikis draw it."""
    ids = {name: f"n{number}" for number, name in enumerate(picture.boxes)}
    lines = ["flowchart LR"]
    for number, (module, boxes) in enumerate(_by_module(picture)):
        indent = "  "
        if module:
            lines.append(f'  subgraph m{number}["{_entities(module)}"]')
            indent = "    "
        for box in boxes:
            label = f'"{_entities(box.name)}"'
            shape = f"([{label}])" if box.kind == "input" else f"({label})"
            lines.append(f"{indent}{ids[box.name]}{shape}:::{_look(box)}")
        if module:
            lines.append("  end")
    lines.extend(f"  {ids[start]} --> {ids[end]}" for start, end in picture.arrows)
    for look in dict.fromkeys(_look(box) for box in picture.boxes.values()):
        fill, line = LIGHT.looks[look].fill, LIGHT.looks[look].line
        dashed = ",stroke-dasharray:4 3" if look in ("missing", "input") else ""
        lines.append(f"  classDef {look} fill:{fill},stroke:{line},color:{LIGHT.text}{dashed}")
    return "\n".join(lines) + "\n"


def to_dot(picture: Picture) -> str:
    """Return DOT text for Graphviz and its kin."""
    lines = [
        "digraph dagbuild {",
        f'  graph [rankdir=LR, bgcolor="{LIGHT.ground}", pad=0.35, nodesep=0.22, ranksep=0.55, fontname="Helvetica", '
        f"labelloc=t, labeljust=l, fontsize=15, label={quote(picture.title)}];",
        '  node [shape=box, style="rounded,filled", fontname="Menlo,DejaVu Sans Mono", fontsize=11, '
        'margin="0.16,0.08", penwidth=1.1, '
        f'fontcolor="{LIGHT.text}"];',
        f'  edge [color="{LIGHT.calm}", arrowsize=0.6, penwidth=1.2];',
    ]
    for number, (module, boxes) in enumerate(_by_module(picture)):
        indent = "  "
        if module:
            lines.append(f"  subgraph cluster_{number} {{")
            lines.append(
                f'    label={quote(module)}; style="rounded"; color="#dfe4ea"; fontsize=10; '
                f'fontcolor="{LIGHT.quiet}"; margin=12;'
            )
            indent = "    "
        lines.extend(indent + _dot_node(box) for box in boxes)
        if module:
            lines.append("  }")
    lines.extend(f"  {quote(start)} -> {quote(end)};" for start, end in picture.arrows)
    return "\n".join([*lines, "}"]) + "\n"


def _dot_node(box: Box) -> str:
    look = LIGHT.looks[_look(box)]
    below = " · ".join(text for text in (box.detail, box.status) if text)
    label = f"{box.name}\n{below}" if below else box.name
    style = "rounded,filled,dashed" if box.status == "missing" or box.kind == "input" else "rounded,filled"
    width = ", penwidth=2.4" if box.target else ""
    tooltip = f", tooltip={quote(box.note)}" if box.note else ""
    return (
        f'{quote(box.name)} [label={quote(label)}, style="{style}", fillcolor="{look.fill}", color="{look.line}"'
        f"{width}{tooltip}];"
    )


def _by_module(picture: Picture) -> Iterable[tuple[str, list[Box]]]:
    """Return the boxes by module, those without one first; one module needs no frame."""
    groups: dict[str, list[Box]] = {"": []}
    frames = len(picture.modules) > 1
    for box in picture.boxes.values():
        framed = frames and box.kind == "node"
        groups.setdefault(box.module if framed else "", []).append(box)
    return groups.items()


def _look(box: Box) -> str:
    return "input" if box.kind == "input" else box.status or "none"


def quote(text: str) -> str:
    """Return a DOT string; a backslash would begin an escape, so it is doubled."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "\\n")
    return f'"{plain}"'


def _entities(text: str) -> str:
    """Return a text that may stand between Mermaid's quotes."""
    return "".join(f"#{ord(char)};" if char in '"#<>&`\\' or char < " " else char for char in text)
