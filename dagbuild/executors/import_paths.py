"""Where a Python looks for the project's code, and what it is started with to import that as this one has.

Knows modules and folders, no nodes. Little is imported here: who starts such a Python may need nothing else.
"""

from __future__ import annotations

import os
import platform
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

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


def find_import_paths(modules: Iterable[ModuleType]) -> list[str]:
    """Return the folders, in order, where the driver finds code that is not installed."""
    roots = [root for module in modules if (root := find_import_root(module)) is not None]
    paths = [str(Path(path).resolve()) for path in (*roots, *sys.path)]
    installed = [str(Path(folder).resolve()) for folder in _installed_folders()]
    return [
        path
        for path in dict.fromkeys(paths)
        if not any(Path(path).is_relative_to(folder) for folder in installed) and Path(path).exists()
    ]


def add_import_paths(paths: Sequence[str]) -> None:
    """Make this process look into `paths` first."""
    sys.path[:] = [*paths, *(path for path in sys.path if path not in paths)]


def describe_platform() -> dict[str, str]:
    """Return the versions that must be equal for code to travel at all."""
    return {"Python": ".".join(platform.python_version_tuple()[:2]), "dagbuild": __version__}


def make_environment(paths: Sequence[str]) -> dict[str, str]:
    """Return the variables with which a Python is started that is to import the project as the driver has."""
    return {
        "PYTHONPATH": os.pathsep.join(paths),
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
    return [
        *folders,
        *site.getsitepackages(),
        site.getusersitepackages(),
        *(p for p in sys.path if p.endswith(zipped)),
    ]
