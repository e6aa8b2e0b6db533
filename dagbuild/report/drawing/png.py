"""Our own drawing as png, where the extra `pictures` is installed: the only file that knows resvg.

Chosen because it needs nothing but itself (a wheel of 1.4 MB) and draws what browsers draw. cairosvg, which makes pdf
too, needs the system's libcairo and takes the first font of a list or none; svg2pdf leaves words out without a sound
where a font of the list is missing. So a pdf is left to Graphviz.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from dagbuild.ground.errors import UserError

SHARP = 4_000_000
"""Pixels up to which a picture is drawn at twice its size, for screens that show every pixel of it."""

_PAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">{}</svg>'
_LETTER = '<text y="14" font-family={}>M</text>'


def has_resvg() -> bool:
    """Tell whether the library is installed."""
    try:
        import resvg_py
    except ImportError:
        return False
    return bool(resvg_py)


def render_png(svg: str, size: tuple[float, float], fonts: Iterable[str]) -> bytes:
    """Return the drawing as png; `fonts` are the lists of families that it asks for.

    Raises UserError where a list has no font: the picture would lack words, and nothing would say so.
    """
    import resvg_py

    empty = bytes(resvg_py.svg_to_bytes(_PAGE.format("")))
    for families in fonts:
        letter = _PAGE.format(_LETTER.format(quoteattr(families)))
        if bytes(resvg_py.svg_to_bytes(letter)) == empty:
            raise UserError(
                f"a .png file would lack words: this machine has no font of {families}",
                hint="install one, such as the package 'fonts-dejavu', or write a .svg",
            )
    zoom = 2 if size[0] * size[1] <= SHARP else 1
    return bytes(resvg_py.svg_to_bytes(svg, zoom=zoom))
