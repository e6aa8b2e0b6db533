"""A picture as SVG text that needs no program and no font of ours, light or dark as the reader likes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from xml.sax.saxutils import escape

from dagbuild.report.drawing.layout import Layout, Spacing, lay_out
from dagbuild.report.drawing.palette import DARK, LIGHT, STRIPES, Theme
from dagbuild.report.drawing.picture import Box, Picture

MARGIN = 28
HEAD = 30
LEGEND = 34
NAME_PX = 7.55
"""Width of a letter of a name, 12.5 pixels high, in the usual monospaced fonts."""
DETAIL_PX = 5.6
LONGEST = 40
"""Letters of a name that are shown; the rest is in the tooltip."""

SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
FONTS = (SANS, MONO)
"""Families of fonts, the first that there is counts: of words, and of names."""

WAVE = {"stale", "affected", "missing"}


def draw_svg(picture: Picture) -> str:
    """Return the picture as SVG text."""
    spacing = Spacing()
    widths = {name: _width(box) for name, box in picture.boxes.items()}
    layout = lay_out(widths, picture.arrows, spacing)
    stripes = {module: STRIPES[i % len(STRIPES)] for i, module in enumerate(picture.modules)}
    legend, legend_width = _legend(picture, stripes)
    head = HEAD if picture.title else 0
    width = max(layout.width, legend_width, len(picture.title) * 9.0, 120) + 2 * MARGIN
    height = layout.height + head + LEGEND + 2 * MARGIN
    left = MARGIN + max(0.0, (width - 2 * MARGIN - layout.width) / 2)
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="{SANS}">',
        f"<title>{_text(picture.title or 'graph')}</title>",
        f"<style>{_style()}</style>",
        _ARROWHEADS,
        f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" rx="10"/>',
    ]
    if picture.title:
        body.append(f'<text class="head" x="{MARGIN}" y="{MARGIN + 12}">{_text(picture.title)}</text>')
    body.append(f'<g transform="translate({left:.1f} {MARGIN + head})">')
    body.extend(_draw_arrows(picture, layout))
    for name, box in picture.boxes.items():
        level = layout.layer[name]
        top = layout.y[name] - spacing.box / 2
        size = (layout.widths[level], spacing.box)
        body.append(_draw_box(box, (layout.x[level], top), size, stripes.get(box.module)))
    body.append("</g>")
    body.append(f'<g transform="translate({MARGIN} {height - MARGIN})">{legend}</g>')
    body.append("</svg>\n")
    return "\n".join(body)


_ARROWHEADS = "<defs>" + "".join(
    f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6.5" markerHeight="6.5" '
    f'orient="auto"><path class="tip {kind}" d="M0.6 0.8 L7.2 4 L0.6 7.2 L2.2 4 Z"/></marker>'
    for kind in ("calm", "wave")
) + "</defs>"  # fmt: skip


def measure(svg: str) -> tuple[float, float]:
    """Return the width and height of a drawing."""
    found = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    assert found is not None, "every drawing of ours has one"
    return float(found[1]), float(found[2])


def _style() -> str:
    shapes = (
        f".head{{font-size:15px;font-weight:600}}.name{{font-family:{MONO};font-size:12.5px}}"
        ".target .name{font-weight:700}.detail,.key,.word{font-size:10px}.word{text-anchor:end}"
        ".arrow{fill:none;stroke-width:1.25}.box{stroke-width:1.1}.target .box{stroke-width:2.4}"
        ".missing .box{stroke-dasharray:5 3}.input .box{stroke-dasharray:2.5 2.5}"
    )
    return f"{shapes}{_colours(LIGHT)}@media (prefers-color-scheme:dark){{{_colours(DARK)}}}"


def _colours(theme: Theme) -> str:
    rules = [
        f".ground{{fill:{theme.ground}}}.head,.name{{fill:{theme.text}}}.detail,.key{{fill:{theme.quiet}}}"
    ]
    for kind, colour in (("calm", theme.calm), ("wave", theme.wave)):
        rules.append(f".arrow.{kind}{{stroke:{colour}}}.tip.{kind}{{fill:{colour}}}")
    for word, look in theme.looks.items():
        rules.append(f".{word} .box{{fill:{look.fill};stroke:{look.line}}}.{word} .word{{fill:{look.line}}}")
    return "".join(rules)


def _draw_box(box: Box, place: tuple[float, float], size: tuple[float, float], stripe: str | None) -> str:
    """Return one box: name, type and status in words, its module as a stripe."""
    width, height = size
    baseline = 18 if box.detail or box.status else 24
    look = "input" if box.kind == "input" else box.status or "none"
    classes = f"{look} target" if box.target else look
    rows = [
        f'<g class="{classes}" transform="translate({place[0]:.1f} {place[1]:.1f})">',
        f"<title>{_text(f'{box.name}: {box.detail}' if box.detail else box.name)}"
        + (f"\n{_text(box.note)}" if box.note else "")
        + "</title>",
        f'<rect class="box" width="{width:.1f}" height="{height:.0f}" rx="{20 if look == "input" else 8}"/>',
    ]
    if stripe and look != "input":
        rows.append(f'<rect x="6" y="8" width="3" height="{height - 16:.0f}" rx="1.5" fill="{stripe}"/>')
    rows.append(f'<text class="name" x="16" y="{baseline}">{_text(_cut(box.name))}</text>')
    if box.detail:
        rows.append(f'<text class="detail" x="16" y="32">{_text(_cut(box.detail))}</text>')
    if box.status:
        rows.append(f'<text class="word" x="{width - 10:.1f}" y="32">{_text(box.status)}</text>')
    return "".join(rows) + "</g>"


def _draw_arrows(picture: Picture, layout: Layout) -> Iterable[str]:
    """Return the arrows; at a box they are side by side, in the order of where they lead."""
    leave = _ports(layout, 0)
    reach = _ports(layout, -1)
    waves = {name for name, box in picture.boxes.items() if box.status in WAVE}
    calm_first = sorted(layout.routes, key=waves.issuperset)
    for arrow in calm_first:
        route = list(layout.routes[arrow])
        route[0] = (route[0][0], route[0][1] + leave[arrow])
        route[-1] = (route[-1][0], route[-1][1] + reach[arrow])
        kind = "wave" if waves.issuperset(arrow) else "calm"
        yield f'<path class="arrow {kind}" marker-end="url(#{kind})" d="{_curve(route, layout)}"/>'


def _curve(route: list[tuple[int, float]], layout: Layout) -> str:
    """Return a path that bends between layers only and runs level past the boxes of each layer."""
    level, y = route[0]
    x = layout.x[level] + layout.widths[level]
    path = [f"M{x:.1f} {y:.1f}"]
    for number, (there, to_y) in enumerate(route[1:], start=1):
        to_x = layout.x[there] - (1.5 if number == len(route) - 1 else 0)
        middle = (x + to_x) / 2
        path.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = layout.x[there] + layout.widths[there], to_y
        if number < len(route) - 1:
            path.append(f"H{x:.1f}")
    return " ".join(path)


def _ports(layout: Layout, end: int) -> dict[tuple[str, str], float]:
    """Return how far from the middle of its box each arrow leaves (`end` 0) or reaches (-1) it."""
    at_box: dict[str, list[tuple[float, tuple[str, str]]]] = {}
    for arrow, route in layout.routes.items():
        beside = route[1] if end == 0 else route[-2]
        at_box.setdefault(arrow[end], []).append((beside[1], arrow))
    ports: dict[tuple[str, str], float] = {}
    for arrows in at_box.values():
        step = min(7.0, 24 / len(arrows))
        for number, (_, arrow) in enumerate(sorted(arrows)):
            ports[arrow] = (number - (len(arrows) - 1) / 2) * step
    return ports


def _legend(picture: Picture, stripes: dict[str, str]) -> tuple[str, float]:
    """Return the legend and its width: the statuses and the modules that occur."""
    rows: list[str] = []
    x = 0.0

    def add(mark: str, words: str) -> None:
        nonlocal x
        key = f'<text class="key" x="18" y="0">{_text(words)}</text>'
        rows.append(f'<g transform="translate({x:.1f} 0)">{mark}{key}</g>')
        x += 18 + _columns(words) * DETAIL_PX + 18

    looks = [(status, status) for status in picture.statuses]
    if any(box.kind == "input" for box in picture.boxes.values()):
        looks.append(("input", "input"))
    for look, words in looks:
        add(f'<g class="{look}"><rect class="box" x="0" y="-9" width="12" height="11" rx="3"/></g>', words)
    if len(stripes) > 1:
        for module, colour in list(stripes.items())[: len(STRIPES)]:
            add(f'<rect x="4" y="-9" width="3" height="11" rx="1.5" fill="{colour}"/>', module)
        if len(stripes) > len(STRIPES):
            add("", f"and {len(stripes) - len(STRIPES)} more modules")
    return "".join(rows), x


def _width(box: Box) -> float:
    name = _columns(_cut(box.name)) * NAME_PX * (1.02 if box.target else 1)
    below = _columns(_cut(box.detail)) * DETAIL_PX + (len(box.status) * DETAIL_PX + 14 if box.status else 0)
    return max(64.0, name + 30, below + 28)


def _columns(text: str) -> int:
    """Count the columns that a text takes: two for a wide letter."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 14]}…{text[-13:]}"


def _text(text: str) -> str:
    """Return a text that may stand in XML, which has no place for control characters."""
    return escape(
        re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text), {'"': "&quot;"}
    )
