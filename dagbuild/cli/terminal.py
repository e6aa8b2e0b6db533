"""Where words go and how wide and colourful they may be. No secret of the environment goes this way."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from typing import IO, Any

import click

from dagbuild.ground.errors import UserError
from dagbuild.ground.secrets import clean
from dagbuild.report.style import Style, visible

PIPE_WIDTH = 100
"""Columns when nobody's terminal says how many."""


def style_of(stream: IO[Any]) -> Style:
    """Return how to write to a stream; NO_COLOR, FORCE_COLOR and COLORTERM are heeded, COLUMNS too."""
    columns = shutil.get_terminal_size((PIPE_WIDTH, 24)).columns if stream.isatty() else _columns()
    exact = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    return Style(_wants_colour(stream), max(columns, 20), exact)


def say(text: str = "") -> None:
    """Write a line for the person: on standard error, so that what a command gives stays clean."""
    click.echo(visible(clean(text)), err=True, color=True)  # colours were settled where the text was made


def give(text: str = "") -> None:
    """Write a line of what the command gives, on standard output."""
    with writing_output():
        click.echo(visible(clean(text)), _alone, color=True)


_alone: IO[str] | None = None
"""Where `give` writes while standard output is its alone."""


@contextlib.contextmanager
def giving_alone() -> Iterator[None]:
    """Let nothing but `give` write to standard output: all else goes to standard error, what child processes print too.

    To be used in a process of our own: the descriptor of standard output is another file from then on, since threads
    and exit handlers print when the command has ended.
    """
    global _alone  # noqa: PLW0603 - as sys.stdout is
    try:
        number = sys.stdout.fileno()
        sys.stdout.flush()
        own = os.dup(number)
        os.dup2(sys.stderr.fileno(), number)
    except (OSError, ValueError, AttributeError):  # no such descriptors, as in a notebook
        before, _alone = _alone, sys.stdout
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        finally:
            _alone = before
        return
    _alone = open(own, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)  # noqa: SIM115
    try:
        yield
    finally:
        _flush(_alone)
        _flush(sys.stdout)


def _flush(stream: IO[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        stream.flush()


class OutputError(UserError):
    """Standard output leads to where nothing can be written: a file on a full disk."""


@contextlib.contextmanager
def writing_output() -> Iterator[None]:
    """Write to standard output within. Raises OutputError; BrokenPipeError when its reader has left."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"the output cannot be written: {error.strerror or error}",
            hint="look at the file or device that standard output goes to",
        ) from error


def is_live() -> bool:
    """Tell whether messages go to a terminal that can be drawn on."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _wants_colour(stream: IO[Any]) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM", "") != "dumb"


def _columns() -> int:
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isdecimal() and int(text) else PIPE_WIDTH
