"""Drawing through Graphviz's program `dot`."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from dagbuild.ground.errors import UserError


def has_dot() -> bool:
    """Tell whether the program is on PATH."""
    return shutil.which("dot") is not None


def render(dot: str, kind: str) -> bytes:
    """Return a picture of DOT text as svg, png or pdf; raises UserError when `dot` will not."""
    import graphviz

    with telling(kind):
        return bytes(graphviz.Source(dot).pipe(format=kind))


@contextlib.contextmanager
def telling(kind: str) -> Iterator[None]:
    """Say in words why `dot` draws nothing: raises UserError."""
    import graphviz

    try:
        yield
    except graphviz.ExecutableNotFound:
        raise UserError(
            f"a .{kind} file needs the program `dot`, which is not on PATH",
            hint="install the package 'graphviz' (apt or brew install graphviz), or write a .svg",
        ) from None
    except graphviz.CalledProcessError as error:
        said = (
            error.stderr.decode("utf-8", "replace") if isinstance(error.stderr, bytes) else str(error.stderr)
        )
        lines = said.strip().splitlines() or [str(error)]
        raise UserError(
            f"`dot` could not draw the graph: {lines[-1]}", hint="write a .svg with --engine own"
        ) from None
