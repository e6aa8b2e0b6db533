"""Which installed distribution a module belongs to, and its version.

A distribution's name is not its import name, and one top-level name may belong to several. Asks only for what is
used: reading what every distribution holds takes longer than fingerprinting a project.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from dagbuild.ground.stamps import Stamp, take_settled


@dataclass(frozen=True, slots=True)
class Distribution:
    """What an installed distribution says of itself; `requires` are the lines as they stand."""

    name: str
    version: str
    requires: tuple[str, ...] = ()


def package_version(distribution: str) -> str:
    """Return the installed version, or "" when there is no such distribution."""
    found = read_distribution(distribution)
    return found.version if found else ""


def read_distribution(name: str) -> Distribution | None:
    """Return what the distribution that imports would find says, however its name is spelled; None without one."""
    wanted = _normal(name)
    for folder in sys.path:
        info = _index(list_infos(folder or os.curdir)).get(wanted)
        if info is not None and (read := _read_info(info)):
            return read
    try:  # a zipped one, or what another finder knows
        found = metadata.distribution(name)
        return Distribution(found.metadata["Name"], found.version, tuple(found.requires or ()))
    except (metadata.PackageNotFoundError, ValueError, OSError, KeyError):
        return None


@cache
def _index(infos: tuple[str, ...]) -> Mapping[str, str]:
    return {_normal(_stem(info)): info for info in reversed(infos)}


def _read_info(info: str) -> Distribution | None:
    """Return what an info folder of today's kind says; None unless it has a name and a version."""
    if not info.endswith(".dist-info"):
        return None
    stamp, settled = take_settled(f"{info}{os.sep}METADATA")
    return (_read_said if settled else _read_said.__wrapped__)(info, stamp)


@cache
def _read_said(info: str, stamp: Stamp | None) -> Distribution | None:  # noqa: ARG001 (part of the cache's key)
    said: dict[str, list[str]] = {}
    for line in _head(info):
        key, _, value = line.partition(":")
        said.setdefault(key.lower(), []).append(value.strip())
    if not said.get("name") or not said.get("version"):
        return None
    return Distribution(said["name"][0], said["version"][0], tuple(said.get("requires-dist", ())))


def _head(info: str) -> Iterator[str]:
    """Yield the fields of what a distribution says of itself, each on one line, without the text below them."""
    try:
        with Path(info, "METADATA").open(encoding="utf-8", errors="replace") as file:
            last = ""
            for line in file:
                if not line.strip():
                    break
                if line[0] in " \t":
                    last += " " + line.strip()
                    continue
                if last:
                    yield last
                last = line.rstrip()
            if last:
                yield last
    except OSError:
        return


def find_distributions(folder: str, top: str) -> list[str]:
    """Return the names of all distributions in a site folder that give a top-level name."""
    return [name for name, _ in _owners(folder, list_infos(folder), top)]


def find_distribution(folder: str, infos: tuple[str, ...], module: str, path: str) -> str | None:
    """Return the name of the distribution in a site folder that a module's file belongs to.

    `infos` is what `list_infos` says of the folder; who asks of many modules looks once.
    """
    top = module.partition(".")[0]
    # A file inside a package may be of another distribution only where the top-level name is shared.
    owners = _owners(folder, infos, top)
    if len(owners) < 2:
        return owners[0][0] if owners else None
    inside = Path(os.path.relpath(path, folder)).as_posix()
    for name, info in owners:
        if f"\n{inside}," in _record(info):
            return name
    return owners[0][0]


@cache
def _owners(folder: str, infos: tuple[str, ...], top: str) -> tuple[tuple[str, str], ...]:
    """Return name and info folder of each distribution that has the top-level name."""
    wanted = _normal(top)
    near = [info for info, stem in zip(infos, _stems(infos), strict=True) if stem == wanted]
    found = [info for info in near if _has_top(info, top)]
    if not found or _is_shared(folder, top):
        found = [info for info in infos if _has_top(info, top)]
    return tuple((_name(info), info) for info in found)


@cache
def _stems(infos: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_normal(_stem(info)) for info in infos)


def _is_shared(folder: str, top: str) -> bool:
    package = Path(folder, top)
    return package.is_dir() and not (package / "__init__.py").exists()


def list_infos(folder: str) -> tuple[str, ...]:
    """Return the info folders of what is installed in a site folder."""
    stamp, settled = take_settled(folder)
    return (_list_found if settled else _list_found.__wrapped__)(folder, stamp)


@cache
def _list_found(folder: str, stamp: Stamp | None) -> tuple[str, ...]:  # noqa: ARG001 (part of the cache's key)
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return ()
    return tuple(f"{folder}{os.sep}{name}" for name in names if name.endswith((".dist-info", ".egg-info")))


def _stem(info: str) -> str:
    return info.rpartition(os.sep)[2].rpartition(".")[0].partition("-")[0]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _name(info: str) -> str:
    for line in _read(info, "METADATA", "PKG-INFO").splitlines():
        if line.lower().startswith("name:"):
            return line[5:].strip()
        if not line.strip():
            break
    return _stem(info)


def _read(info: str, *names: str) -> str:
    for name in names:
        try:
            return Path(info, name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    try:
        return Path(info).read_text(encoding="utf-8", errors="replace") if Path(info).is_file() else ""
    except OSError:
        return ""


@cache
def _record(info: str) -> str:
    return "\n" + _read(info, "RECORD", "installed-files.txt")


def _has_top(info: str, top: str) -> bool:
    """Tell whether a distribution installs the top-level name; its list of files may be long and is only searched."""
    if listed := _listed(info):
        return top in listed
    begins, record = f"\n{top}", _record(info)
    return begins in record and any(
        begins + end in record for end in ("/", ".py", ".so", ".cpython", ".abi3", ".pyd", ".cp")
    )


@cache
def _listed(info: str) -> tuple[str, ...]:
    return tuple(_read(info, "top_level.txt").split()) if Path(info).is_dir() else ()
