"""How the project's code reaches a worker elsewhere, and whether the worker has the driver's.

Modules that a worker can import travel by name, so that what it pickles can be read back by name; modules that exist
in the driver's memory only (`__main__`, a notebook, modules made at run time) travel whole. Knows nothing of what
carries them.
"""

from __future__ import annotations

import importlib
import os
import platform
import site
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.model.node import Node
from dagbuild.model.record import Manifest, Part
from dagbuild.modifiers.base import find_remembered
from dagbuild.version import __version__

_COUNTING = {"source", "package", "python", "recipe"}
_LEAVES = {"function", "helper", "class", "constant", "statement", "module"}


def find_unimportable(modules: Iterable[ModuleType]) -> list[ModuleType]:
    """Return those of `modules`, and of such modules that they use, which no other process can import."""
    found: dict[str, ModuleType] = {}
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module.__name__ in found or _find_import_root(module) is not None:
            continue
        found[module.__name__] = module
        for value in list(vars(module).values()):
            used = (
                value
                if isinstance(value, ModuleType)
                else sys.modules.get(str(getattr(value, "__module__", "")))
            )
            if used is not None and _is_made_here(used):
                todo.append(used)
    return list(found.values())


def find_import_paths(modules: Iterable[ModuleType]) -> list[str]:
    """Return the folders, in order, where the driver finds code that is not installed."""
    roots = [root for module in modules if (root := _find_import_root(module)) is not None]
    paths = [str(Path(path).resolve()) for path in (*roots, *sys.path)]
    installed = [str(Path(folder).resolve()) for folder in _installed_folders()]
    return [
        path
        for path in dict.fromkeys(paths)
        if not any(Path(path).is_relative_to(folder) for folder in installed) and Path(path).exists()
    ]


def find_place_behind(value: Any) -> tuple[str, str] | None:
    """Return module and name of a function that `functools.lru_cache` stands before, where others can import it."""
    if not isinstance(value, FunctionType):
        return None
    module = sys.modules.get(value.__module__ or "")
    held = vars(module).get(value.__qualname__) if module else None
    if module is None or held is value or find_remembered(held) is not value:
        return None
    return (module.__name__, value.__qualname__) if _find_import_root(module) else None


def find_behind(module: str, name: str) -> FunctionType | None:
    """Return the function that `find_place_behind` told the place of."""
    return find_remembered(vars(importlib.import_module(module))[name])


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


def compare(node: Node, manifest: Manifest, reader: SourceReader, packages: Mapping[str, str]) -> list[str]:
    """Return what this process's code for a node has that the driver's, which made the manifest, has not."""
    return list_differences(manifest, make_manifests([node], reader, packages=packages)[node.name])


def list_differences(driver: Manifest, worker: Manifest) -> list[str]:
    """Return what a worker's code for a node has that the driver's has not, one line each; nothing when equal."""
    here, there = _by_name(driver), _by_name(worker)
    lines = []
    for name in dict.fromkeys((*here, *there)):
        mine, other = here.get(name), there.get(name)
        if mine and other and mine.digest == other.digest:
            continue
        either = mine or other
        assert either is not None
        if either.kind in ("package", "python"):
            label = "Python" if either.kind == "python" else either.name
            lines.append(f"{label} is {_version(other)} there and {_version(mine)} here")
        elif either.counts:
            lines.append(f"its {either.kind} is another")
        else:
            lines.append(
                f"{either.kind} '{either.name}' is another" + (f" ({either.where})" if either.where else "")
            )
    # The digest of the source says that something differs; the leaves, where they tell what, say it better.
    return [line for line in lines if line != "its source is another"] or lines


@dataclass(frozen=True, slots=True)
class _PartName:
    kind: str
    name: str


def _by_name(manifest: Manifest) -> Mapping[_PartName, Part]:
    return {
        _PartName(part.kind, part.name): part
        for part in manifest.parts
        if part.kind in (_COUNTING if part.counts else _LEAVES)
    }


def _version(part: Part | None) -> str:
    return part.text or part.digest if part else "not installed"


def _find_import_root(module: ModuleType) -> str | None:
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


def _is_made_here(module: ModuleType) -> bool:
    """Tell whether the module's functions were made in this process, not read from an importable file."""
    return module.__name__ == "__main__" or (
        getattr(module, "__file__", None) is None
        and getattr(module, "__spec__", None) is None
        and module.__name__ not in sys.builtin_module_names
    )


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
