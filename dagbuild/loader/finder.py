"""Read a project's files as they are now.

Python trusts compiled code when the source's size and whole second of modification match, so a file edited
twice within a second may run as it was before. For the folders of a project, compiled code is used only when
it was written in a later second than the source; and what an earlier load of this process imported is
forgotten once a file of it changed.
"""

from __future__ import annotations

import importlib
import linecache
import os
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.abc import PathEntryFinder
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild.ground.stamps import Stamp, newest_time, stamp_of, take_settled, take_stamp

_folders: set[Path] = set()
"""Folders of projects; what Python's import system knows is global, and so is this."""


class _Loader(SourceFileLoader):
    """Loads a source file, from compiled code only where that surely belongs to it."""

    stamp: Stamp | None = None
    young: bytes | None = None
    """What the file held where its stamp does not show the next edit."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        stats = super().path_stats(path)
        try:
            compiled = Path(cache_from_source(path))
            if int(compiled.stat().st_mtime) <= _last_second(path):
                compiled.unlink()
        except (OSError, NotImplementedError):
            return stats
        return stats

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        if _last_second(self.path) < int(time.time()):
            super().set_data(path, data)

    def exec_module(self, module: ModuleType) -> None:
        self.stamp, settled = take_settled(self.path)  # before the source is read: an edit in between shows
        self.young = None if settled else self._read()
        super().exec_module(module)

    def _read(self) -> bytes | None:
        """Return what is in the file, read as imports read it: nobody takes it for data of the node that imports."""
        try:
            return self.get_data(self.path)
        except OSError:
            return None

    def is_current(self) -> bool:
        """Tell whether the file is as it was when it was loaded."""
        return take_stamp(self.path) == self.stamp and (self.young is None or self.young == self._read())


def watch_folder(folder: Path) -> None:
    """See that modules below the folder are read as they are now."""
    if folder in _folders:
        return
    if not _folders:
        sys.path_hooks.insert(0, _open_folder)
    _folders.add(folder)
    for entry in list(sys.path_importer_cache):
        if Path(entry).is_relative_to(folder):
            del sys.path_importer_cache[entry]


def forget_changed(root: Path) -> None:
    """Forget modules below `root` when a file of theirs changed, and those of other projects in the way."""
    importlib.invalidate_caches()
    linecache.checkcache()
    loaded = dict(_loaded_modules())
    ours = {name: loader for name, loader in loaded.items() if Path(loader.path).is_relative_to(root)}
    if not all(loader.is_current() for loader in ours.values()):
        for name in ours:
            sys.modules.pop(name, None)
    local = {entry.stem for entry in root.iterdir()} if root.is_dir() else set()
    for name in loaded.keys() - ours.keys():
        if name.split(".")[0] in local:
            sys.modules.pop(name, None)
            sys.modules.pop(name.split(".")[0], None)


def _open_folder(entry: str) -> PathEntryFinder:
    path = Path(entry)
    if "site-packages" in path.parts or not any(path.is_relative_to(folder) for folder in _folders):
        raise ImportError("not a folder of a project", path=entry)
    return FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (_Loader, SOURCE_SUFFIXES))(entry)


def _loaded_modules() -> Iterator[tuple[str, _Loader]]:
    """Yield the modules of all projects, by name, with what has loaded them."""
    for name, module in list(sys.modules.items()):
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if isinstance(loader, _Loader):
            yield name, loader


def _last_second(path: str) -> int:
    """Return the second in which a file changed last, whatever time it was given afterwards; raises OSError."""
    return newest_time(stamp_of(os.stat(path))) // 1_000_000_000  # noqa: PTH116 - of every module
