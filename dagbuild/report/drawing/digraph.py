"""A picture as graphviz's own object: a notebook shows it, its user adds to it, writes it and hands it on.

To be imported where one is drawn. Without the program `dot` the picture is drawn by our own hand, unless somebody has
added to it since.
"""

from __future__ import annotations

import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import graphviz

from dagbuild.report.drawing import draw_picture
from dagbuild.report.drawing.dot import has_dot, telling
from dagbuild.report.drawing.picture import Picture


class Drawing(graphviz.Digraph):  # type: ignore[misc]
    """A graph of graphviz's, with the picture that it shows."""

    _drawn: tuple[Picture, str] | None = None

    def hold(self, picture: Picture) -> None:
        """Let the picture be what is drawn where `dot` is not there; this is what the graph shows now."""
        self._drawn = (picture, self.source)

    def box(self, name: str, lines: Sequence[str], style: Mapping[str, Any]) -> None:
        """Draw a box with these lines in it."""
        attributes = {key: str(value) for key, value in style.items()}
        self.node(name, **{**attributes, "label": "\\n".join(map(graphviz.escape, lines))})

    def pipe(self, format: str | None = None, *, encoding: str | None = None, **options: Any) -> Any:  # noqa: A002
        """Return the bytes of a file of that format, or its text where an encoding is named.

        Raises UserError when nothing here can draw it.
        """
        form = format or self.format
        with telling(form):
            if has_dot() or self._drawn is None or self._drawn[1] != self.source:
                return super().pipe(form, encoding=encoding, **options)
        data = draw_picture(self._drawn[0], form)[0]
        return data.decode(encoding) if encoding else data

    def render(
        self,
        filename: str | Path | None = None,
        directory: str | Path | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,  # noqa: A002 - graphviz's name
        **options: Any,
    ) -> str:
        """Write the DOT text to `filename` and the picture to `filename`.`format`, and return that name.

        With `cleanup` the first is taken away again. Raises UserError when nothing here can draw it.
        """
        form = format or self.format
        if has_dot():
            with telling(form):
                return str(
                    super().render(
                        filename, directory=directory, view=view, cleanup=cleanup, format=form, **options
                    )
                )
        data = self.pipe(form)
        text = Path(self.save(filename, directory=directory))
        path = Path(f"{text}.{form}")
        path.write_bytes(data)
        if cleanup:
            text.unlink()
        if view:
            webbrowser.open(path.absolute().as_uri())
        return str(path)
