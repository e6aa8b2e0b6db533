"""Run a program of `kinds` where hamilton has been imported."""

from __future__ import annotations

from pathlib import Path

from tests.hamilton.kinds_player import play, sample_of

__all__ = ["play", "sample"]


def sample(folder: Path) -> str:
    """Return work that imports what most programs do."""
    return sample_of("hamilton", folder)
