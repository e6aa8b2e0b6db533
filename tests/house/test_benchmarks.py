"""The benchmarks know the commands that there are."""

from __future__ import annotations

from dagbuild.cli.commands import COMMANDS
from tests.benchmarks.growth import APART, ROWS


def test_how_each_command_grows_is_measured() -> None:
    """A command has a row, or it is said why it has none."""
    assert {row.words[0] for row in ROWS} | APART.keys() == COMMANDS.keys()
    assert not {row.words[0] for row in ROWS} & APART.keys()
