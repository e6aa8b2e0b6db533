"""The environment while modules are imported: whatever may be kept of it is ground of the import."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.observe.places import PathNames
from dagbuild.observe.recheck import find_changed
from dagbuild.shortcut.answers import look
from dagbuild.shortcut.import_watch import ImportObserver
from dagbuild.store.file_digests import FileDigests
from tests.unit.observe.test_variables import ALL, LOOKUPS, TAKEN


def seen_by(root: Path, call: Callable[[], Any]) -> list[Any]:
    observer = ImportObserver(PathNames(root, [root / "cache"]), FileDigests())
    observer.call(call)
    return list(observer.finish([]).seen)


@pytest.mark.parametrize("how", LOOKUPS)
def test_a_variable_is_ground_however_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("REGION", "UK")

    seen = seen_by(tmp_path, LOOKUPS[how])

    assert [(each.kind, each.name) for each in seen] == [("env", "REGION")]


@pytest.mark.parametrize("call", [*ALL.values(), *(call for call, _ in TAKEN.values())], ids=[*ALL, *TAKEN])
def test_all_variables_are_ground_once_they_are_gone_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[[], Any]
) -> None:
    """Those that tell the surroundings, too, and whatever becomes of a copy: that outlives the import."""
    monkeypatch.setenv("REGION", "UK")
    monkeypatch.setenv("HOME", "/x")
    here = dict(os.environ)

    (seen,) = (each for each in seen_by(tmp_path, call) if each.name == "**")

    def holds(environ: dict[str, str]) -> bool:
        places = PathNames(tmp_path)
        return not list(find_changed([seen], places, environ, FileDigests(), lambda _: None, observing=True))

    assert holds(here)
    for name in ("REGION", "HOME", "SHLVL", "NEW"):
        assert not holds({**here, name: "other"})


def test_what_dagbuild_itself_looks_at_is_no_ground(tmp_path: Path) -> None:
    """It keeps texts of the environment out of its outlines, and has to know them for that."""
    assert seen_by(tmp_path, lambda: SourceReader([]).outline("x")) == []


@pytest.mark.parametrize("name", ["REGION", "*", "*=", "**"])
def test_the_shortest_path_looks_at_what_it_stood_on(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("REGION", raising=False)
    before = look("env", f"5a17 {name}")
    monkeypatch.setenv("REGION", "UK")
    after = look("env", f"5a17 {name}")

    assert before != after == look("env", f"5a17 {name}")
    assert "UK" not in after
