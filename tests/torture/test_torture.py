"""Every edit re-runs exactly the functions whose value it can change."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.torture.case import Case
from tests.torture.play import assert_ran, play

AREAS = (
    "own_code", "helpers", "imports", "libraries", "classes", "class_bodies", "constants", "values", "places", "scopes",
    "calls", "renames", "columns",
)  # fmt: skip
CASES: list[Case] = [
    case for area in AREAS for case in importlib.import_module(f"tests.torture.cases_{area}").CASES
]


def test_cases_have_names_of_their_own() -> None:
    """A case that hides another would never be missed."""
    names = [case.id for case in CASES]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_runs_exactly_what_the_edit_concerns(case: Case, tmp_path: Path) -> None:
    """Each build runs what it must, nothing else, and gives what a build from nothing gives."""
    for number, (build, got) in enumerate(play(case, tmp_path), 1):
        told = assert_ran(case, number, build, got)
        if build.check_value and not build.fail:
            assert got.values == (got.clean if build.value is None else build.value), f"stale value; {told}"
