"""Nothing that a program can ask of the libraries that are watched tells it that they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

IN_C = ("duckdb.execute", "duckdb.connect", "duckdb.DuckDBPyConnection.execute", "duckdb.DuckDBPyConnection.executemany",
        "pyarrow.csv.read_csv", "pyarrow.json.read_json", "pyarrow.memory_map")  # fmt: skip
DIFFERS = {f"{reader}: {what}" for reader in IN_C for what in ("shown as", "is a routine", "copied")}
"""What is written in C is exchanged: it is shown otherwise, and may be copied and pickled also where it was not."""


def tell(folder: Path, how: str) -> dict[str, str]:
    """Return what a process of this kind tells of the libraries."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.observe.seen_from_outside", how],
        capture_output=True, text=True, check=False, cwd=folder,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": ""},
    )  # fmt: skip

    assert run.returncode == 0, run.stderr[-3000:]
    told: dict[str, str] = json.loads(run.stdout)
    return told


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return tell(tmp_path_factory.mktemp("plain"), "plain")


def test_queries_name_variables(plain: dict[str, str]) -> None:
    """The comparison below is one of values, not of two failures."""
    expected = {
        "sql",
        "execute",
        "connection.sql",
        "connection.execute",
        "bound method",
        "relation",
        "cursor",
    }

    assert {plain[f"parameter, {way}"] for way in expected} == {"[(7,)]"}
    assert {plain[f"thread, {way}"] for way in expected} == {"[(11,)]"}
    assert plain["local"] == "([(30,)], 2)" and plain["global"] == "([(3,)], [(3,)])"
    assert plain["generator"] == "[[(17,)], [(100,)]]" and plain["all frames"] == "[(8,)]"
    assert plain["closure that uses it"] == "(1, [(7,)])"


@pytest.mark.parametrize("how", ["installed", "watched", "after", "node"])
def test_a_watched_library_is_as_it_was(tmp_path: Path, plain: dict[str, str], how: str) -> None:
    """Values, frames, tracebacks, signatures, identity, pickles: the same with and without us."""
    told = tell(tmp_path, how)

    assert told.keys() == plain.keys()
    assert {what: text for what, text in told.items() if text != plain[what] and what not in DIFFERS} == {}
