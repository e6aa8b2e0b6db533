"""Whose code a module is: the project's, the standard library's, an installed distribution's, or our own.

Goes by where the module's file lies, not by what is installed under which name: an editable install is the
project's code. Knows nothing of code itself.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.machinery import BuiltinImporter, ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Literal

from dagbuild.code.distributions import find_distribution, list_infos

Kind = Literal["project", "standard", "package", "dagbuild"]

_SITE_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose a module is; `distribution` is set for packages."""

    kind: Kind
    distribution: str = ""


PROJECT = Origin("project")
STANDARD = Origin("standard")
DAGBUILD = Origin("dagbuild")


class Origins:
    """Tells the origin of modules; remembers what it told."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self._tops: set[str] = {"__main__"}
        self._folders: list[str] = []
        for module in modules:
            top = module.__name__.partition(".")[0]
            package = sys.modules.get(top)
            if getattr(package, "__file__", None) or top == module.__name__:
                self._tops.add(top)
            else:
                # A namespace package may be shared with installed distributions: only this part of it is ours.
                self._tops.add(".".join(module.__name__.split(".")[:2]))
        self._known: dict[str, Origin] = {}
        self._infos: dict[str, tuple[str, ...]] = {}  # what is installed, by site folder

    def of_name(self, name: str) -> Origin:
        """Return the origin of a module by its name; it need not be imported."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._find(name)
        return known

    def of_globals(self, names: Mapping[str, Any]) -> Origin:
        """Return the origin of the module that these globals are of."""
        name = names.get("__name__")
        if not isinstance(name, str):
            return PROJECT
        known = self._known.get(name)
        if known is None and name not in sys.modules:
            # Loaded by hand, under a name that nobody else knows.
            path = names.get("__file__")
            known = self._known[name] = self._of_path(name, path) if isinstance(path, str) else PROJECT
        return known or self.of_name(name)

    def is_project(self, names: Mapping[str, Any]) -> bool:
        """Tell whether these are the globals of a module of the project."""
        return self.of_globals(names).kind == "project"

    def _find(self, name: str) -> Origin:
        top = name.partition(".")[0]
        if top == "dagbuild":
            return DAGBUILD
        if top in self._tops or ".".join(name.split(".")[:2]) in self._tops:
            return PROJECT
        path = _module_path(name)
        if path is None:
            return STANDARD if top in sys.stdlib_module_names else PROJECT
        return self._of_path(name, path)

    def _of_path(self, name: str, path: str) -> Origin:
        if name.partition(".")[0] in sys.stdlib_module_names and _is_standard(path):
            return STANDARD
        folder = _site_folder(path)
        if folder is None:
            return STANDARD if _is_standard(path) else PROJECT
        distribution = find_distribution(folder, self._infos.get(folder, ()), name, path)
        if distribution is None:  # it may have been installed since
            self._infos[folder] = list_infos(folder)
            distribution = find_distribution(folder, self._infos[folder], name, path)
        # A file that was put there by hand belongs to nobody else.
        return Origin("package", distribution) if distribution else PROJECT


def _module_path(name: str) -> str | None:
    """Return a path that tells where the module lies; "" for modules without a file, None when there is none."""
    module = sys.modules.get(name)
    if module is not None:
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            return file
        folders = getattr(module, "__path__", None)
        spec = getattr(module, "__spec__", None)
    else:
        try:
            spec = find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
        folders = spec.submodule_search_locations if spec else None
        if isinstance(spec, ModuleSpec) and spec.has_location and spec.origin:
            return spec.origin
    for folder in folders or ():
        return str(folder)
    if spec is not None and (spec.loader is BuiltinImporter or spec.origin in {"built-in", "frozen"}):
        return _standard_folders()[0]
    return None


@cache
def _standard_folders() -> tuple[str, ...]:
    found = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(sys.modules["os"].__file__)]
    found[2] = os.path.dirname(found[2])  # noqa: PTH120 (paths of modules are text, and there are many)
    return tuple(dict.fromkeys(p + os.sep for f in found for p in (f, os.path.realpath(f))))


def _is_standard(path: str) -> bool:
    return path.startswith(_standard_folders()) or path + os.sep in _standard_folders()


@cache
def _site_folders() -> tuple[str, ...]:
    found = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    return tuple(dict.fromkeys(folder for folder in found if folder))


def _site_folder(path: str) -> str | None:
    """Return the folder of installed packages that the path lies in."""
    for folder in _site_folders():
        if path.startswith(folder + os.sep):
            return folder
    for name in _SITE_FOLDERS:
        marker = f"{os.sep}{name}{os.sep}"
        if marker in path:
            return path[: path.rindex(marker) + len(marker) - 1]
    return None
