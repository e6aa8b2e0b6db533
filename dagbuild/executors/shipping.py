"""How the project's code reaches a worker elsewhere, and whether the worker has the driver's.

Modules that a worker can import travel by name, so that what it pickles can be read back by name; modules that exist
in the driver's memory only (`__main__`, a notebook, modules made at run time) travel whole. Knows nothing of what
carries them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.executors.import_paths import find_import_root
from dagbuild.model.node import Node
from dagbuild.model.record import Manifest, Part
from dagbuild.modifiers.base import find_remembered

_COUNTING = {"source", "package", "python", "recipe"}
_LEAVES = {"function", "helper", "class", "constant", "statement", "module"}


def find_unimportable(modules: Iterable[ModuleType]) -> list[ModuleType]:
    """Return those of `modules`, and of such modules that they use, which no other process can import."""
    found: dict[str, ModuleType] = {}
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module.__name__ in found or find_import_root(module) is not None:
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


def find_place_behind(value: Any) -> tuple[str, str] | None:
    """Return module and name of a function that `functools.lru_cache` stands before, where others can import it."""
    if not isinstance(value, FunctionType):
        return None
    module = sys.modules.get(value.__module__ or "")
    held = vars(module).get(value.__qualname__) if module else None
    if module is None or held is value or find_remembered(held) is not value:
        return None
    return (module.__name__, value.__qualname__) if find_import_root(module) else None


def find_behind(module: str, name: str) -> FunctionType | None:
    """Return the function that `find_place_behind` told the place of."""
    return find_remembered(vars(importlib.import_module(module))[name])


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


def _is_made_here(module: ModuleType) -> bool:
    """Tell whether the module's functions were made in this process, not read from an importable file."""
    return module.__name__ == "__main__" or (
        getattr(module, "__file__", None) is None
        and getattr(module, "__spec__", None) is None
        and module.__name__ not in sys.builtin_module_names
    )
