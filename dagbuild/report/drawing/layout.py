"""Places for boxes in layers, left to right, with few crossings and long edges that run straight.

Sugiyama's four steps: layers, dummies for edges that skip layers, order within layers, coordinates. Knows
only names and sizes; every walk is a loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dagbuild.report.drawing.crossings import reduce_crossings

DUMMIES = 10_000
"""So many dummies there may be: the longest arrows go without.

A chain of a thousand boxes with arrows all along it would have hundreds of thousands, and where each of them passes
nobody could see.
"""

SWEEPS = 16
"""Passes over the layers while coordinates settle; more changes nothing that can be seen."""

Slot = str | tuple[str, str, int]
"""A box by its name, or the dummy of an arrow (start, end) in a layer."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """Sizes in pixels: of a box, between boxes and between a box and an arrow that passes it."""

    box: float = 40
    gap: float = 16
    pass_by: float = 12
    gutter: float = 46


@dataclass
class Layout:
    """Left edge, width and middle of each layer and box, and the points that each arrow passes."""

    x: list[float] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    layer: dict[str, int] = field(default_factory=dict)
    y: dict[Slot, float] = field(default_factory=dict)
    routes: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    height: float = 0.0

    @property
    def width(self) -> float:
        """From the left of the first layer to the right of the last."""
        return self.x[-1] + self.widths[-1] if self.x else 0.0


def lay_out(
    widths: Mapping[str, float], arrows: Iterable[tuple[str, str]], spacing: Spacing | None = None
) -> Layout:
    """Return places for boxes of these widths; arrows that close a cycle are drawn backwards."""
    spacing = spacing or Spacing()
    forward = _break_cycles(widths, arrows)
    layer = _assign_layers(widths, forward)
    layers, chains = _insert_dummies(layer, forward)
    links = [link for chain in chains.values() for link in pairwise(chain)]
    # An arrow without dummies pulls at its boxes; it crosses whatever it crosses.
    far = {chain for chain in chains if len(chains[chain]) <= layer[chain[1]] - layer[chain[0]]}
    layers = reduce_crossings(layers, [link for link in links if link not in far])
    y = _place(layers, links, spacing)

    layout = Layout(layer=layer)
    top = min(y.values(), default=0.0) - spacing.box / 2
    layout.y = {slot: value - top for slot, value in y.items()}
    layout.height = max(layout.y.values(), default=0.0) + spacing.box / 2
    for (start, end), chain in chains.items():
        levels = (
            range(layer[start], layer[end] + 1) if (start, end) not in far else (layer[start], layer[end])
        )
        layout.routes[start, end] = [
            (level, layout.y[slot]) for level, slot in zip(levels, chain, strict=True)
        ]
    _place_layers(layout, widths, layers, spacing)
    return layout


def _break_cycles(names: Iterable[str], arrows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Turn round each arrow that leads back to a box from which it can be reached."""
    below: dict[str, list[str]] = {name: [] for name in names}
    for start, end in dict.fromkeys(arrows):
        if start != end:
            below[start].append(end)
    open_, done = set[str](), set[str]()
    turned: list[tuple[str, str]] = []
    for root, first in below.items():
        if root in done:
            continue
        stack = [(root, iter(first))]
        open_.add(root)
        while stack:
            name, rest = stack[-1]
            for end in rest:
                turned.append((end, name) if end in open_ else (name, end))
                if end not in done and end not in open_:
                    open_.add(end)
                    stack.append((end, iter(below[end])))
                    break
            else:
                stack.pop()
                open_.discard(name)
                done.add(name)
    return list(dict.fromkeys(turned))


def _assign_layers(names: Iterable[str], arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """As far left as what a box needs allows; then each moves right where that makes its arrows shorter."""
    above: dict[str, list[str]] = {name: [] for name in names}
    below: dict[str, list[str]] = {name: [] for name in above}
    for start, end in arrows:
        above[end].append(start)
        below[start].append(end)
    waiting = {name: len(ups) for name, ups in above.items()}
    order = [name for name, count in waiting.items() if not count]
    layer = dict.fromkeys(above, 0)
    for name in order:  # grows while it is walked
        for end in below[name]:
            layer[end] = max(layer[end], layer[name] + 1)
            waiting[end] -= 1
            if not waiting[end]:
                order.append(end)
    for name in reversed(order):
        if below[name] and len(below[name]) >= len(above[name]):
            layer[name] = max(layer[name], min(layer[end] for end in below[name]) - 1)
    return layer


def _insert_dummies(
    layer: Mapping[str, int], arrows: Sequence[tuple[str, str]]
) -> tuple[list[list[Slot]], dict[tuple[str, str], list[Slot]]]:
    """Return the slots of each layer and those of each arrow, which are its ends alone where it is too long."""
    layers: list[list[Slot]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name, level in layer.items():
        layers[level].append(name)
    longest = _find_longest((layer[end] - layer[start] - 1 for start, end in arrows), DUMMIES)
    chains: dict[tuple[str, str], list[Slot]] = {}
    for start, end in arrows:
        between = range(layer[start] + 1, layer[end])
        dummies: list[Slot] = [(start, end, level) for level in between if len(between) <= longest]
        for level, dummy in enumerate(dummies, start=layer[start] + 1):
            layers[level].append(dummy)
        chains[start, end] = [start, *dummies, end]
    return layers, chains


def _find_longest(lengths: Iterable[int], room: int) -> int:
    """Return the greatest length up to which all lengths together fit into the room."""
    longest = 0
    for length, count in sorted(Counter(lengths).items()):
        room -= length * count
        if room < 0:
            break
        longest = length
    return longest


def _place(layers: list[list[Slot]], links: list[tuple[Slot, Slot]], spacing: Spacing) -> dict[Slot, float]:
    """Give each slot its height: as near to its neighbours as order and distance allow."""
    above: dict[Slot, list[tuple[Slot, float]]] = {slot: [] for layer in layers for slot in layer}
    below: dict[Slot, list[tuple[Slot, float]]] = {slot: [] for slot in above}
    for start, end in links:
        weight = 1.0 + 3.0 * isinstance(start, tuple) + 3.0 * isinstance(end, tuple)  # long arrows straight
        above[end].append((start, weight))
        below[start].append((end, weight))
    offsets = [_stack(layer, spacing) for layer in layers]
    y: dict[Slot, float] = {}
    for layer, offset in zip(layers, offsets, strict=True):
        middle = offset[-1] / 2 if offset else 0
        y.update((slot, at - middle) for slot, at in zip(layer, offset, strict=True))
    for sweep in range(SWEEPS):
        numbers = range(len(layers))
        for number in numbers if sweep % 2 == 0 else reversed(numbers):
            sides = [above, below] if sweep >= SWEEPS - 4 else [below if sweep % 2 else above]
            _settle(layers[number], offsets[number], y, sides)
    return y


def _stack(layer: Sequence[Slot], spacing: Spacing) -> list[float]:
    """Return the least heights of a layer's slots, the first at 0."""
    at = [0.0] if layer else []
    for upper, lower in pairwise(layer):
        boxes = isinstance(upper, str) + isinstance(lower, str)
        gap = spacing.gap if boxes == 2 else spacing.pass_by
        at.append(at[-1] + boxes * spacing.box / 2 + gap)
    return at


def _settle(
    layer: Sequence[Slot],
    offset: Sequence[float],
    y: dict[Slot, float],
    sides: Sequence[Mapping[Slot, list[tuple[Slot, float]]]],
) -> None:
    """Move a layer's slots to the least squares from their neighbours that keep order and distance.

    With the least distances subtracted the order is all that binds, so pooling adjacent violators solves it.
    """
    pools: list[tuple[float, float, int]] = []  # weighted sum, weight, how many
    for slot, low in zip(layer, offset, strict=True):
        near = [(y[other], weight) for side in sides for other, weight in side[slot]]
        weight = sum(w for _, w in near) or 0.05
        wish = sum(at * w for at, w in near) / weight if near else y[slot]
        pool = ((wish - low) * weight, weight, 1)
        while pools and pools[-1][0] * pool[1] > pool[0] * pools[-1][1]:
            last = pools.pop()
            pool = (last[0] + pool[0], last[1] + pool[1], last[2] + pool[2])
        pools.append(pool)
    heights = (total / weight for total, weight, many in pools for _ in range(many))
    for slot, low, height in zip(layer, offset, heights, strict=True):
        y[slot] = height + low


def _place_layers(
    layout: Layout, widths: Mapping[str, float], layers: Sequence[Sequence[Slot]], spacing: Spacing
) -> None:
    """Give each layer its left edge; a gutter is wider where an arrow climbs far, so that none is steep."""
    climbs = [0.0] * len(layers)
    for route in layout.routes.values():
        for (level, here), (_, there) in pairwise(route):
            climbs[level] = max(climbs[level], abs(there - here))
    x = 0.0
    for layer, climb in zip(layers, climbs, strict=True):
        width = max((widths[slot] for slot in layer if isinstance(slot, str)), default=0.0)
        layout.x.append(x)
        layout.widths.append(width)
        x += width + spacing.gutter + min(climb * 0.18, 110)
