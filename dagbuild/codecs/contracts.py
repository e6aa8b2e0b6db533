"""Tell whether this environment can read a value, by what its record says of it: its codecs and their libraries.

Reads no blob and imports no library. Guards: what could be read is never called unreadable. The other way round, only
reading shows that a library has moved on too far.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dagbuild.code.distributions import find_distributions, package_version
from dagbuild.codecs.registry import PACKAGES, ClosedRegistry, Registry
from dagbuild.ground.errors import CodecError
from dagbuild.ground.texts import name_error
from dagbuild.model.record import Artifact

_CONTAINERS = ("tuple", "frozenset", "list", "set", "dict")


class Contracts:
    """Answers for many artifacts; a package that was found is not looked for again."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._closed = ClosedRegistry()
        self._found: set[str] = set()

    def find_obstacle(self, artifact: Artifact) -> str | None:
        """Return why the value cannot be read here, and what to do about it; None where nothing is known against it."""
        form = artifact.meta.get("form") if isinstance(artifact.meta, Mapping) else None
        registry = self._closed if artifact.data_only else self._registry
        for name in dict.fromkeys(_codecs(artifact.codec, form)):
            why = registry.find_obstacle(name)
            if why is not None:
                return why
        missing = self._find_missing(artifact) if artifact.libraries else []
        if not missing:
            return None
        wrote = " and ".join(f"{name} {artifact.libraries[name]}" for name in missing)
        return f"it was written with {wrote}: install {'it' if len(missing) == 1 else 'them'}"

    def _find_missing(self, artifact: Artifact) -> list[str]:
        """Return the distributions that are needed and not there."""
        needed = [name for name in artifact.libraries if name in PACKAGES]
        missing = [name for name in needed if not self._is_there(name)]
        others = [name for name in artifact.libraries if name not in PACKAGES and not package_version(name)]
        if others:
            # What another distribution gives under the same name (a build without graphics, a fork) is as good.
            modules = {name.partition(":")[0].partition(".")[0] for name in artifact.names}
            if not all(map(self._is_there, modules)):
                missing += others
        return missing

    def _is_there(self, package: str) -> bool:
        if package not in self._found:
            if package in sys.modules:
                there = sys.modules[package] is not None
            else:
                there = _find(package)
            if not there:
                return False  # asked again: it may be installed while a session lasts
            self._found.add(package)
        return True


@cache
def find_versions(package: str) -> dict[str, str]:
    """Return the versions of the distributions that a top-level package comes from; none for a project's own."""
    version = getattr(sys.modules.get(package), "__version__", None)
    if package in ("numpy", "pandas", "pyarrow", "polars") and version is not None:
        return {package: str(version)}
    file = getattr(sys.modules.get(package), "__file__", None)
    if file is None:
        return {}
    # By where it lies: a folder "tests" of the project is not what some distribution installed under that name.
    place = Path(file).parent
    folder = place.parent if place.name == package else place
    return {name: package_version(name) for name in find_distributions(str(folder), package)}


def cannot_read(artifact: Artifact, error: BaseException) -> CodecError:
    """Return what to tell of a value that could not be read, with the libraries that have changed since."""
    now = {name: package_version(name) for name in artifact.libraries}
    changed = [
        f"{name} {then} then, {now[name] or 'not installed'} now"
        for name, then in artifact.libraries.items()
        if now[name] != then
    ]
    about = f" ({'; '.join(changed)})" if changed else ""
    return CodecError(
        f"a value of codec '{artifact.codec}' cannot be read here: {name_error(error)}{about}",
        hint="install the libraries that it was written with, or build the node again"
        if changed
        else "build the node again; if that does not help, let it return plain data, "
        'or mark it with @cache("never")',
    )


def _codecs(codec: str, form: Any) -> Iterator[str]:
    """Yield the codecs of a value and of what is in its containers, as far as the record holds its form."""
    if codec.startswith("elements/"):  # of each, who reads it asks
        return
    if not codec.startswith("plain/"):
        yield codec
        return
    todo = [form]
    while todo:
        each = todo.pop()
        match each:
            case ["@", str(name), *_]:
                yield name
            case [str(tag), *items] if tag in _CONTAINERS:
                todo += items


def _find(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # no name of a package
        return False
