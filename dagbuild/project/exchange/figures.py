"""Pictures as files: figures, images, and whatever knows how to show itself in a notebook.

Knows what such objects can do, not which library they are of; imports none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from dagbuild.project.exchange.plain import UnfitError, Writer

_SAVED = {".png": "png", ".svg": "svg", ".pdf": "pdf", ".jpg": "jpg", ".eps": "eps"}
"""What matplotlib, and what is built on it, draws."""

_IMAGES = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP", ".gif": "GIF", ".tif": "TIFF", ".pdf": "PDF"}
"""What Pillow writes, under its names."""

_SHOWN = {".png": "png", ".svg": "svg", ".pdf": "pdf", ".jpg": "jpeg", ".html": "html", ".md": "markdown"}
"""How an object shows itself in a notebook: by a method `_repr_png_`."""


def find_writers(value: Any) -> dict[str, Writer]:
    """Return the ways to write a picture, by suffix; none for what is none."""
    if isinstance(value, type):
        return {}
    writers: dict[str, Writer] = {}
    if (figure := _find_figure(value)) is not None:
        writers |= {suffix: partial(_save, figure, kind) for suffix, kind in _SAVED.items()}
    if _can(value, "save") and hasattr(value, "getbands"):
        writers |= {suffix: partial(_save_image, kind) for suffix, kind in _IMAGES.items()}
    if _can(value, "to_image") and _can(value, "to_html"):
        # plotly: what it draws with is its own extra, which it names itself where it is missing.
        writers |= {suffix: partial(_convert, kind) for suffix, kind in _SAVED.items() if kind != "eps"}
    if _can(value, "to_html"):
        writers[".html"] = _write_html
    if writers:
        return writers  # a figure that can be saved has such methods, too, and they may give nothing
    return {
        suffix: partial(_show, f"_repr_{kind}_")
        for suffix, kind in _SHOWN.items()
        if _can(value, f"_repr_{kind}_")
    }


def _find_figure(value: Any) -> Any:
    """Return what can be saved: the figure itself, or the one that axes are in."""
    for each in (value, getattr(value, "figure", None)):
        if _can(each, "savefig"):
            return each
    return None


def _can(value: Any, method: str) -> bool:
    return callable(getattr(type(value), method, None))


def _save(figure: Any, kind: str, _: Any, stream: BinaryIO) -> None:
    figure.savefig(stream, format=kind)


def _save_image(kind: str, value: Any, stream: BinaryIO) -> None:
    try:
        value.save(stream, format=kind)
    except OSError as error:  # "cannot write mode RGBA as JPEG"
        if error.errno is not None:
            raise
        raise UnfitError(str(error)) from None


def _convert(kind: str, value: Any, stream: BinaryIO) -> None:
    stream.write(value.to_image(format=kind))


def _write_html(value: Any, stream: BinaryIO) -> None:
    stream.write(value.to_html().encode())


def _show(method: str, value: Any, stream: BinaryIO) -> None:
    shown: Callable[[], Any] = getattr(value, method)
    data = shown()
    if isinstance(data, tuple):  # with metadata
        data = data[0]
    if not isinstance(data, str | bytes):
        raise UnfitError("it does not show itself so")
    stream.write(data.encode() if isinstance(data, str) else data)
