"""What code finds by looking, not by name: the modules of a package, and what distributions offer as entry points.

All that it could find counts. Guards: what is found is the same whether or not it was imported before.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, distributions
from types import ModuleType
from typing import Any

from dagbuild.code.entities import Entity, Item
from dagbuild.code.protocols import Walker
from dagbuild.code.references import load_module

_PROGRAM = "__main__"


def fill_package(walk: Walker, entity: Entity) -> None:
    """Fill in all modules of a package of the project, imported now if need be, and what importing them does."""
    entity.items.append("package")
    for name, module in _modules_of(entity.thing):
        entity.items.append(name)
        if module is not None:
            entity.items += [walk.whole_module(vars(module)), walk.effects(vars(module)) or ""]


def _modules_of(names: Mapping[str, Any]) -> Iterator[tuple[str, ModuleType | None]]:
    """Yield the modules below a package, by their names in it."""
    above = str(names.get("__name__"))
    todo = [(above, list(names.get("__path__") or ()))]
    while todo:
        package, folders = todo.pop()
        for found in sorted(pkgutil.iter_modules(folders), key=lambda each: each.name):
            if found.name == _PROGRAM:
                continue
            name = f"{package}.{found.name}"
            module = load_module(name)
            yield name.removeprefix(above), module
            if found.ispkg and module is not None:
                todo.append((name, list(getattr(module, "__path__", ()))))


def loaded_below(package: str) -> list[ModuleType]:
    """Return a package and its modules, as far as they are loaded, in the order of their names."""
    found = {name: module for name, module in list(sys.modules.items()) if isinstance(module, ModuleType)}
    return [found[name] for name in sorted(found) if name == package or name.startswith(package + ".")]


def find_groups() -> dict[str, list[EntryPoint]]:
    """Return what installed distributions offer, by group."""
    found: dict[str, list[EntryPoint]] = {}
    known: set[str] = set()
    for distribution in distributions():
        if distribution.name in known:
            continue  # one behind it on the path is not seen
        known.add(distribution.name)
        for point in distribution.entry_points:
            found.setdefault(point.group, []).append(point)
    return found


def tell_offers(walk: Walker, groups: Mapping[str, list[EntryPoint]], texts: Iterable[str]) -> Iterator[Item]:
    """Yield what distributions offer in those groups of entry points that the texts name."""
    for group in sorted({text for text in texts if text in groups}):
        for point in sorted(groups[group], key=lambda each: (each.name, each.value)):
            yield f"offered {group} {point.name} {point.value}"
            yield _offer(walk, point)


def _offer(walk: Walker, point: EntryPoint) -> Item:
    origin = walk.origins.of_name(point.module)
    if origin.kind != "project":
        return walk.foreign(f"module {point.module}", origin)
    module = load_module(point.module)
    found: Any = module
    for part in (point.attr or "").split("."):
        found = getattr(found, part, None) if part else found
    return "missing" if found is None else walk.refer(found)
