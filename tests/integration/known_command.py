"""Run the command line with young files trusted, in a process forked from a warm one; `tests/warm_server.py` plays it.

What it imports is there when it begins, so this is no way to see which libraries a command imports.
"""

import sys

from dagbuild.ground import stamps
from tests.cli import command
from tests.cli.command import sample

__all__ = ["play", "sample"]

stamps.COARSE_NS = 0


def play(words: list[str]) -> None:
    """Do what `python -m dagbuild WORDS` does, and say whether the project's module was imported for it."""
    try:
        command.play(words)
    finally:
        print("imported:", *(name for name in ("nodes",) if name in sys.modules), file=sys.stderr)
