"""Hypothesis strategies for sketches of projects and for edits."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hypothesis import strategies as st

from tests.property.edits import EDITS, Edit
from tests.property.sketch import CHOICES, CONSTANTS, INPUTS, SETTINGS, Helper, NodeSketch, Sketch
from tests.property.ways import PLACED, WAYS

DIGITS = st.integers(0, 4)
ALL = tuple(name for name in WAYS if name not in PLACED)
TOGETHER = tuple(name for name in ALL if not WAYS[name].alone)
"""The ways that need no process of their own."""


def _some(names: tuple[str, ...], least: int = 0, most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    if not names:
        return st.just(())
    return st.lists(st.sampled_from(names), unique=True, min_size=least, max_size=most).map(tuple)


@st.composite
def sketches(draw: st.DrawFn, ways: Sequence[str] = TOGETHER) -> Sketch:
    """Return a project of one to six nodes and one to three helpers; things use only what stands before them."""
    helpers: list[Helper] = []
    for name in ("low", "middle", "high")[: draw(st.integers(1, 3))]:
        earlier = tuple(helper.name for helper in helpers)
        helpers.append(
            Helper(
                name,
                draw(DIGITS),
                way=draw(st.sampled_from(ways)),
                calls=draw(_some(earlier, most=1)),
                constants=draw(_some(CONSTANTS, most=1)),
                file=draw(st.integers(0, 1)),
            )
        )
    nodes: list[NodeSketch] = []
    count = draw(st.integers(1, 6))
    for index in range(count):
        earlier = (*INPUTS, *(node.name for node in nodes))
        nodes.append(
            NodeSketch(
                f"node_{index}",
                draw(DIGITS),
                file=draw(st.integers(0, 1)),
                takes=draw(_some(earlier)),
                calls=draw(_some(tuple(helper.name for helper in helpers), least=1)),
                constants=draw(_some(CONSTANTS, most=1)),
                setting=draw(st.sampled_from((None, *SETTINGS))),
                default=draw(DIGITS),
                view=index < count - 1 and draw(st.integers(0, 4)) == 4,
                dotted=draw(st.booleans()),
                named=draw(st.booleans()),
                table=draw(st.one_of(st.none(), st.tuples(DIGITS, DIGITS, DIGITS, DIGITS))),
                columns=draw(st.sampled_from(CHOICES)),
            )
        )
    return Sketch(
        nodes=tuple(nodes),
        helpers=tuple(helpers),
        constants={name: draw(DIGITS) for name in CONSTANTS},
        config={name: draw(DIGITS) for name in SETTINGS if draw(st.booleans())},
        inputs={name: draw(DIGITS) for name in INPUTS},
    )


def edits(most: int = 8, kinds: Collection[str] = EDITS) -> st.SearchStrategy[list[Edit]]:
    """Return some edits; more of tables and helpers than of others, since each of their places is a kind of its own."""
    weighed = [*sorted(kinds), *(kind for kind in ["table"] * 4 + ["helper"] * 6 if kind in kinds)]
    one = st.builds(Edit, kind=st.sampled_from(weighed), which=st.integers(0, 7), number=DIGITS)
    return st.lists(one, min_size=1, max_size=most)
