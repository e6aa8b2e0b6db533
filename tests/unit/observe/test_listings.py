"""Listings of folders and matches of patterns, and whether they still hold."""

import glob
import importlib.metadata
import os
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.observe.places import PathNames
from dagbuild.observe.recheck import find_changed
from dagbuild.store.file_digests import FileDigests
from tests.unit.observe.support import names, watch

LISTERS: dict[str, tuple[Callable[[Path], Any], list[str]]] = {
    "listdir": (lambda root: os.listdir(root / "data"), ["data/"]),
    "iterdir": (lambda root: list((root / "data").iterdir()), ["data/"]),
    "scandir": (lambda root: list(os.scandir(root / "data")), ["data/"]),
    "walk": (lambda root: list(os.walk(root / "data")), ["data/", "data/sub/"]),
    "glob": (lambda root: glob.glob(str(root / "data" / "*.csv")), ["data/*.csv"]),
    "glob deep": (lambda root: glob.glob(f"{root}/data/**/*.csv", recursive=True), ["data/**/*.csv"]),
    "glob below": (lambda root: glob.glob("*.csv", root_dir=root / "data"), ["data/*.csv"]),
    "Path.glob": (lambda root: list((root / "data").glob("*.csv")), ["data/*.csv"]),
    "Path.glob literal end": (lambda root: list(root.glob("*/x.csv")), ["*/x.csv"]),
    "Path.rglob": (lambda root: list(root.rglob("*.csv")), ["**/*.csv"]),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "x.csv").write_text("1")
    return tmp_path


def _holds(root: Path, seen: Any) -> bool:
    places = PathNames(root, [root / "cache"])
    return not list(
        find_changed(seen.observations, places, os.environ, FileDigests(), lambda _: None, observing=True)
    )


@pytest.mark.parametrize("lister", LISTERS)
def test_listing_holds_until_a_name_is_added(root: Path, lister: str) -> None:
    call, expected = LISTERS[lister]

    seen = watch(root, lambda: call(root))

    assert names(seen, "listing") == expected and names(seen) == []
    assert _holds(root, seen)
    (root / "data" / "x.csv").write_text("content does not matter")
    assert _holds(root, seen)
    (root / "data" / "sub" / "x.csv").write_text("1")
    (root / "data" / "y.csv").write_text("1")
    (root / "new").mkdir()
    (root / "new" / "x.csv").write_text("1")
    assert not _holds(root, seen)


def test_pattern_does_not_mind_names_that_it_does_not_match(root: Path) -> None:
    seen = watch(root, lambda: glob.glob("data/*.csv"))

    (root / "data" / "readme.txt").write_text("1")

    assert _holds(root, seen)


def test_cache_and_bytecode_are_in_no_listing(root: Path) -> None:
    seen = watch(root, lambda: (os.listdir(root), list(root.rglob("*"))))

    (root / "cache").mkdir()
    (root / "cache" / "blob").write_text("1")
    (root / "__pycache__").mkdir()

    assert _holds(root, seen)


def test_folder_that_is_not_there_is_observed_as_absent(root: Path) -> None:
    def call() -> None:
        with pytest.raises(FileNotFoundError):
            os.listdir(root / "later")

    seen = watch(root, call)

    assert _holds(root, seen)
    (root / "later").mkdir()
    assert not _holds(root, seen)


def test_looking_for_installed_packages_lists_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries look for their plugins on all of sys.path, the project's folder among it."""
    monkeypatch.syspath_prepend(str(root))

    seen = watch(
        root, lambda: (list(importlib.metadata.distributions()), list(pkgutil.iter_modules([str(root)])))
    )

    assert names(seen, "listing") == []


def test_importing_lists_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(root)

    def call() -> None:
        with pytest.raises(ImportError):
            import there_is_no_such_module  # type: ignore[import-not-found]  # noqa: F401 - as it says

    assert watch(root, call).observations == ()
