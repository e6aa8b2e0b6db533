"""Every colour can be read: WCAG 2.2's contrast, 4.5 : 1 for text and 3 : 1 for lines and marks."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from dagbuild.report.drawing.palette import DARK, LIGHT, STRIPES
from dagbuild.report.drawing.picture import Box, Picture
from dagbuild.report.drawing.svg import draw_svg
from dagbuild.report.drawing.text import to_dot, to_mermaid
from dagbuild.report.style import INKS, KINDS, Style, visible

WHITE, BLACK = "#ffffff", "#000000"
THEMES = {"light": LIGHT, "dark": DARK}
LOOKS = [(theme, look) for theme in THEMES for look in LIGHT.looks]
PICTURE = Picture(
    {
        **{f"n{i}": Box(f"n{i}", "node", "int", f"m{i}", status) for i, status in enumerate(LIGHT.looks) if status != "input"},
        "given": Box("given", "input", "File"),
    },
    (("given", "n0"), ("n0", "n1"), ("n1", "n2")),
    "title",
)  # fmt: skip


def brightness(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((brightness(one), brightness(other)))
    return (lighter + 0.05) / (darker + 0.05)


def of_256(number: int) -> str:
    """The colour of xterm's palette above the sixteen named ones, which are the terminal's own."""
    assert 16 <= number < 256
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    cube = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#" + "".join(f"{cube[step]:02x}" for step in (number // 36, number // 6 % 6, number % 6))


def test_the_measure_is_wcags() -> None:
    """Black on white is 21 : 1, and the grey that everybody knows is just readable."""
    assert contrast(WHITE, BLACK) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.005)
    assert of_256(243) == "#767676"
    assert contrast("#cdcd00", WHITE) < 2  # a terminal's yellow


@pytest.mark.parametrize("ground", [WHITE, BLACK])
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_in_a_terminal_can_be_read(kind: Any, exact: Any, ground: Any) -> None:
    """On white and on black, in exact colours and in the nearest of 256."""
    said = visible(Style(colour=True, exact=exact).paint("word", kind))

    codes = re.fullmatch(r"\x1b\[(?:1;)?38;(?:2;(\d+);(\d+);(\d+)|5;(\d+))mword\x1b\[0m", said)
    assert codes is not None
    *rgb, number = codes.groups()
    colour = of_256(int(number)) if number else "#" + "".join(f"{int(part):02x}" for part in rgb)
    assert bool(number) is not exact
    assert contrast(colour, ground) >= 4.5


def test_no_ink_is_left_over() -> None:
    """Each has a use."""
    assert set(INKS) == set(KINDS.values())


@pytest.mark.parametrize(("theme", "word"), LOOKS)
def test_words_in_boxes_can_be_read(theme: Any, word: Any) -> None:
    """A name, its type and its status, on what fills the box."""
    colours = THEMES[theme]
    look = colours.looks[word]

    for text in (colours.text, colours.quiet, look.line):
        assert contrast(text, look.fill) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_words_beside_boxes_can_be_read(theme: Any) -> None:
    """The title and the legend."""
    colours = THEMES[theme]

    assert contrast(colours.text, colours.ground) >= 4.5
    assert contrast(colours.quiet, colours.ground) >= 4.5


@pytest.mark.parametrize(("theme", "word"), LOOKS)
def test_lines_and_marks_can_be_seen(theme: Any, word: Any) -> None:
    """A box's line, the arrows, and a module's stripe in any box and in the legend."""
    colours = THEMES[theme]
    look = colours.looks[word]

    for line in (look.line, colours.calm, colours.wave):
        assert contrast(line, colours.ground) >= 3
    for stripe in STRIPES:
        assert contrast(stripe, look.fill) >= 3
        assert contrast(stripe, colours.ground) >= 3


def test_drawings_have_no_other_colours() -> None:
    """What is measured here is all that is drawn; frames around a module of Graphviz's drawing say nothing alone."""
    known = {*STRIPES, "#dfe4ea"}
    for theme in THEMES.values():
        known |= {theme.ground, theme.text, theme.quiet, theme.calm, theme.wave}
        known |= {colour for look in theme.looks.values() for colour in (look.fill, look.line)}

    for text in (draw_svg(PICTURE), to_dot(PICTURE), to_mermaid(PICTURE)):
        assert set(re.findall(r"#[0-9a-f]{6}\b", text)) <= known


def test_every_part_of_a_drawing_has_its_colour() -> None:
    """No word and no box is left to what a viewer takes by default: black, which is lost on dark ground."""
    root = ElementTree.fromstring(draw_svg(PICTURE))
    (style,) = (each.text for each in root.iter("{http://www.w3.org/2000/svg}style"))
    assert style is not None
    light, dark = style.split("@media (prefers-color-scheme:dark)")

    classes = {each.get("class") for each in root.iter("{http://www.w3.org/2000/svg}text")}
    for name in classes:
        for rules in (light, dark):
            assert re.search(rf"\.{name}[^{{}}]*{{fill:#", rules), name
