"""Hypothesis strategies for sketches of projects and for edits."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.property.sketch import (
    CHOICES,
    CONSTANTS,
    EDITS,
    HELPER_STYLES,
    INPUTS,
    SETTINGS,
    Edit,
    Helper,
    NodeSketch,
    Sketch,
)

DIGITS = st.integers(0, 4)


def _some(names: tuple[str, ...], least: int = 0, most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    if not names:
        return st.just(())
    return st.lists(st.sampled_from(names), unique=True, min_size=least, max_size=most).map(tuple)


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    """Return a project of one to six nodes and one to three helpers; things use only what stands before them."""
    helpers: list[Helper] = []
    for name in ("low", "middle", "high")[: draw(st.integers(1, 3))]:
        earlier = tuple(helper.name for helper in helpers)
        helpers.append(
            Helper(
                name,
                draw(DIGITS),
                style=draw(st.sampled_from(HELPER_STYLES)),
                calls=draw(_some(earlier, most=1)),
                constants=draw(_some(CONSTANTS, most=1)),
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


def edits() -> st.SearchStrategy[list[Edit]]:
    """Return up to eight edits; more of tables than of others, since each of a table's places is a kind of its own."""
    kinds = [*sorted(EDITS), *["table"] * 4]
    one = st.builds(Edit, kind=st.sampled_from(kinds), which=st.integers(0, 7), number=DIGITS)
    return st.lists(one, min_size=1, max_size=8)
