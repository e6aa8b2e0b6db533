"""Run the command line on the main example, in a process forked from one that has imported what it imports."""

from pathlib import Path

from tests.cli import command
from tests.cli.command import play

__all__ = ["play", "sample"]

IMPORTS = """\
import holidays
import matplotlib.figure
import sklearn.compose
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing
"""


def sample(folder: Path) -> list[str]:
    """Return the words of a small build."""
    words = command.sample(folder)
    file = folder / "sample.py"
    file.write_text(IMPORTS + file.read_text())
    return words
