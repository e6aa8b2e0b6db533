"""The checks that a person runs by hand are part of the suite, so that none is forgotten."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def run(*command: str) -> None:
    """Run a tool in the repository's root; what it says is the failure's text."""
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        pytest.fail(f"{' '.join(command)}\n{result.stdout}{result.stderr}", pytrace=False)


def test_no_lint():
    """Ruff finds nothing."""
    run(sys.executable, "-m", "ruff", "check", "--no-cache")


def test_is_formatted():
    """Ruff would change no line."""
    run(sys.executable, "-m", "ruff", "format", "--check", "--no-cache")


def test_types_hold():
    """Mypy, strict, finds nothing."""
    run(sys.executable, "-m", "mypy")


def test_imports_point_down():
    """Each layer imports only from those below it."""
    run(str(TOOLS / "lint-imports"), "--no-cache")
