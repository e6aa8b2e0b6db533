"""Which code a worker can import, and how its code is compared with the driver's."""

from __future__ import annotations

import importlib
import os
import sys
import types
from pathlib import Path

import pytest

from dagbuild.executors.import_paths import find_import_paths
from dagbuild.executors.shipping import find_unimportable, list_differences
from dagbuild.model.record import Manifest, Part
from tests.support import write_files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with a module, and a package with one."""
    write_files(tmp_path, {"shop.py": "x = 1\n", "store/__init__.py": "", "store/shelf.py": "y = 2\n"})
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def make_module(name: str, code: str, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType(name)
    exec(code, vars(module))
    monkeypatch.setitem(sys.modules, name, module)
    return module


def test_modules_of_files_are_importable(folder: Path) -> None:
    """A module, a package and a module in it are found by their names."""
    modules = [importlib.import_module(name) for name in ("shop", "store", "store.shelf")]

    assert find_unimportable([*modules, os.path, importlib]) == []


def test_a_file_under_another_name_is_not_importable(folder: Path) -> None:
    """A module loaded from a path under an invented name cannot be found by it."""
    spec = importlib.util.spec_from_file_location("invented", folder / "shop.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)

    assert find_unimportable([module]) == [module]


def test_modules_in_memory_bring_those_that_they_use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what such a module uses, only what no file holds has to travel too."""
    tools = make_module("in_memory_tools", "def help(): return 1\n", monkeypatch)
    sheet = make_module("in_memory_sheet", "import shop\nfrom in_memory_tools import help\n", monkeypatch)

    assert find_unimportable([sheet]) == [sheet, tools]


def test_import_paths_leave_out_what_is_installed(folder: Path) -> None:
    """The project's folder is there; folders of the standard library and of installed packages are not."""
    paths = find_import_paths([importlib.import_module("store.shelf"), pytest, os])

    assert paths.first[0] == str(folder.resolve())
    assert not [
        path
        for path in (*paths.first, *paths.last)
        if "site-packages" in path or path == str(Path(os.__file__).parent)
    ]


def manifest(*, source: str = "s", helper: str = "h", pandas: str = "3.0.0", file: str = "f") -> Manifest:
    return Manifest(
        (
            Part("node", "daily", "n"),
            Part("source", "daily", source),
            Part("helper", "clean", helper, where="tools.py:3", counts=False),
            Part("package", "pandas", pandas, pandas),
            Part("python", "python", "3.11", "3.11.7"),
            Part("file", "table.csv", file),
        )
    )


@pytest.mark.parametrize(
    ("worker", "lines"),
    [
        (manifest(), []),
        (manifest(file="other"), []),
        (manifest(source="other"), ["its source is another"]),
        (manifest(source="other", helper="other"), ["helper 'clean' is another (tools.py:3)"]),
        (manifest(pandas="3.1.0"), ["pandas is 3.1.0 there and 3.0.0 here"]),
    ],
)
def test_differences_are_told_by_name(worker: Manifest, lines: list[str]) -> None:
    """Code and versions are compared, not the data; a helper says more than the source that contains it."""
    assert list_differences(manifest(), worker) == lines


def test_a_package_that_the_worker_has_not_is_told() -> None:
    """A part of one side only is a difference."""
    worker = Manifest(tuple(part for part in manifest().parts if part.kind != "package"))

    assert list_differences(manifest(), worker) == ["pandas is not installed there and 3.0.0 here"]
