"""Where a Python looks for the project's code, and what it is started with to import that as this one has.

Knows modules and folders, no nodes. Little is imported here: who starts such a Python may need nothing else.
"""

from __future__ import annotations

import os
import platform
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from dagbuild.version import __version__


def find_import_root(module: ModuleType) -> str | None:
    """Return the folder that must be on the path for the module to be found by its name; None when it cannot be."""
    file = getattr(module, "__file__", None)
    if not file or module.__name__ == "__main__":
        return None
    names = module.__name__.split(".")
    place = Path(file).resolve().with_suffix("")
    if place.name == "__init__":
        place = place.parent
    if list(place.parts[-len(names) :]) != names:
        return None
    return str(place.parents[len(names) - 1])


class ImportPaths(NamedTuple):
    """Folders with code that is not installed, in order: those in which a Python looks before what is, and after it."""

    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()

    def find_below(self, root: Path) -> ImportPaths:
        """Return those below a folder, as they lie in it."""
        first, last = (
            tuple(str(Path(path).relative_to(root)) for path in paths if Path(path).is_relative_to(root))
            for paths in self
        )
        return ImportPaths(first, last)

    def add(self) -> None:
        """Make this process look there; what is relative lies in its folder now."""
        first, last = ([str(Path(path).resolve()) for path in paths] for paths in self)
        sys.path[:] = [*first, *(path for path in sys.path if path not in {*first, *last}), *last]


NOWHERE = ImportPaths()


def find_import_paths(modules: Iterable[ModuleType]) -> ImportPaths:
    """Return where this process finds code that is not installed."""
    installed = _installed_folders()
    searched = [str(Path(path).resolve()) for path in sys.path]
    roots = [root for module in modules if (root := find_import_root(module)) and root not in searched]
    at = next((number for number, path in enumerate(searched) if _is_in(path, installed)), len(searched))
    ours = [
        path
        for path in dict.fromkeys([*roots, *searched])
        if not _is_in(path, installed) and Path(path).exists()
    ]
    before = {*roots, *searched[:at]}
    first = tuple(path for path in ours if path in before)
    return ImportPaths(first, tuple(path for path in ours if path not in before))


def is_installed(path: str) -> bool:
    """Tell whether a folder, of which no link is part, is one of those with what is installed."""
    return _is_in(path, _installed_folders())


def _is_in(path: str, folders: Iterable[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def describe_platform() -> dict[str, str]:
    """Return the versions that must be equal for code to travel at all."""
    return {"Python": ".".join(platform.python_version_tuple()[:2]), "dagbuild": __version__}


def make_environment(paths: ImportPaths) -> dict[str, str]:
    """Return the variables with which a Python is started that is to import the project as the driver has.

    What comes after what is installed it has to add.
    """
    return {
        "PYTHONPATH": os.pathsep.join(paths.first),
        "PYTHONHASHSEED": find_order(),
        "PYTHONOPTIMIZE": str(sys.flags.optimize or ""),
        # A .pyc is told from a newer source by seconds and size, too coarse for an edit followed by a build.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def find_order() -> str:
    """Return the seed with which another process orders sets as this one does, if this one has any."""
    said = os.environ.get("PYTHONHASHSEED", "")
    return said if said.isdigit() else "0"


def _installed_folders() -> list[str]:
    standard = sysconfig.get_paths()
    folders = [standard[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    zipped = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    found = [
        *folders,
        *site.getsitepackages(),
        site.getusersitepackages(),
        *(p for p in sys.path if p.endswith(zipped)),
    ]
    return [*dict.fromkeys(map(os.path.realpath, found))]
