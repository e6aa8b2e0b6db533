"""The colours of a drawing, on light ground and on dark.

Data alone: what is drawn in them is said elsewhere. Guards: every text can be read (WCAG's contrast of 4.5 : 1 with
what is behind it), every line and mark can be seen (3 : 1).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """Of a box: what fills it, and its line, which is also the colour of its status in words."""

    fill: str
    line: str


@dataclass(frozen=True, slots=True)
class Theme:
    """All colours on one ground: `text` of names, `quiet` of types and legends, arrows calm and within the wave."""

    ground: str
    text: str
    quiet: str
    calm: str
    wave: str
    looks: dict[str, Look]


LIGHT = Theme(
    ground="#fcfcfd",
    text="#1f2733",
    quiet="#5a6676",
    calm="#8390a1",
    wave="#c8711f",
    looks={
        "fresh": Look("#eaf7ef", "#1d7f4b"),
        "stale": Look("#fff0e0", "#b34700"),
        "affected": Look("#fff9e3", "#8a6800"),
        "pinned": Look("#f1edff", "#6a48c8"),
        "missing": Look("#fdeeee", "#c23333"),
        "none": Look("#f3f5f8", "#636f7e"),
        "input": Look("#ffffff", "#667281"),
    },
)

DARK = Theme(
    ground="#14171c",
    text="#e6eaf0",
    quiet="#a3adbb",
    calm="#657183",
    wave="#c27c40",
    looks={
        "fresh": Look("#14291e", "#4cc38a"),
        "stale": Look("#33200f", "#f2934a"),
        "affected": Look("#2c2610", "#dcb93c"),
        "pinned": Look("#231d3a", "#a58cf5"),
        "missing": Look("#331a1b", "#f07b80"),
        "none": Look("#20252e", "#8a97a8"),
        "input": Look("#171b21", "#8a97a8"),
    },
)

STRIPES = ("#3f78e8", "#1f8f72", "#a87900", "#d14b45", "#1f86a8", "#8a63c9", "#c2621f", "#707d8c")
"""Of modules, in both themes."""
