"""Environment variables: which look-ups count, and what is kept of their values."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.observe import PathNames
from dagbuild.observe.places import ABSENT
from dagbuild.observe.recheck import find_changed
from dagbuild.store.file_digests import FileDigests
from tests.unit.observe.support import digests, names, watch

LOOKUPS: dict[str, Callable[[], Any]] = {
    "item": lambda: os.environ["REGION"],
    "get": lambda: os.environ.get("REGION"),
    "getenv": lambda: os.getenv("REGION", "none"),
    "in": lambda: "REGION" in os.environ,
    "setdefault": lambda: os.environ.setdefault("REGION", "UK"),
    "bytes": lambda: os.environb[b"REGION"],
}


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGION", "UK")
    monkeypatch.delenv("NOWHERE", raising=False)


def _holds(root: Path, seen: Any, environ: dict[str, str]) -> bool:
    return not list(
        find_changed(
            seen.observations, PathNames(root), environ, FileDigests(), lambda _: None, observing=True
        )
    )


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_variable_is_observed_by_name_and_without_its_value(tmp_path: Path, lookup: str) -> None:
    seen = watch(tmp_path, LOOKUPS[lookup])

    assert names(seen, "env") == ["REGION"]
    assert "UK" not in str(seen)
    assert _holds(tmp_path, seen, {"REGION": "UK"})
    assert not _holds(tmp_path, seen, {"REGION": "US"})
    assert not _holds(tmp_path, seen, {})


def test_equal_values_of_two_variables_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "UK")

    seen = digests(watch(tmp_path, lambda: (os.environ["REGION"], os.environ["OTHER"])))

    assert seen["REGION"] != seen["OTHER"]


def test_variable_that_is_not_set_is_observed_as_absent(tmp_path: Path) -> None:
    seen = watch(tmp_path, lambda: os.environ.get("NOWHERE"))

    assert digests(seen) == {"NOWHERE": ABSENT}
    assert not _holds(tmp_path, seen, {"NOWHERE": ""})


def test_variables_that_a_library_reads_do_not_count(tmp_path: Path) -> None:
    seen = watch(tmp_path, lambda: os.path.expanduser("~"))

    assert seen.observations == ()


def test_variable_that_the_node_sets_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call() -> None:
        os.environ["NOWHERE"] = "1"
        os.environ["NOWHERE"]

    monkeypatch.setenv("NOWHERE", "0")  # put back afterwards

    assert watch(tmp_path, call).observations == ()


@pytest.mark.parametrize(
    "call",
    [
        lambda: dict(os.environ),
        lambda: {**os.environ, "X": "1"},
        lambda: {k: os.environ[k] for k in os.environ},
    ],
)
def test_all_variables_at_once_are_noted_not_observed(tmp_path: Path, call: Callable[[], Any]) -> None:
    seen = watch(tmp_path, call)

    assert seen.observations == ()
    assert [note.kind for note in seen.notes] == ["environment"]
