"""Tell when an import that somebody began has ended, so that what importing leaves is known, whenever it happens.

A finder that finds nothing of its own stands first in `sys.meta_path`, from the first call on; while nobody listens it
costs one test for each module that is imported. Knows nothing of state.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TypeAlias

Listener: TypeAlias = Callable[[], Callable[[], None]]
"""Called when an import begins; what it returns is called when that has ended, well or not."""

_listeners: list[Listener] = []
_local = threading.local()
_finder: _Finder | None = None


def install() -> None:
    """Make imports of this process be heard; more calls do nothing."""
    global _finder  # noqa: PLW0603 - once is for good: others may have put theirs before it since
    if _finder is None:
        _finder = _Finder()
        sys.meta_path.insert(0, _finder)


def listen(listener: Listener) -> None:
    """Tell a listener of imports from here on: of the outermost ones, not of those that they begin themselves."""
    _listeners.append(listener)


def forget(listener: Listener) -> None:
    """Tell it no longer."""
    _listeners.remove(listener)


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the others find, and hands on their spec with a loader that tells when it executes the module."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec that the next finder gives."""
        if not _listeners or getattr(_local, "busy", False):
            return None
        _local.busy = True
        try:
            spec = self._find_next(name, path, target)
        finally:
            _local.busy = False
        loader = spec.loader if spec else None
        if loader is None or isinstance(loader, type) or not hasattr(loader, "__dict__"):
            return spec  # built into Python: it sets nothing
        before = vars(loader).get("exec_module")
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            if before is None:
                vars(loader).pop("exec_module", None)
            else:
                loader.exec_module = before  # type: ignore[method-assign]
            _execute(execute, module)

        # On the loader itself, so that its type, and what others ask of it, stay as they are; for this once.
        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def _find_next(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> importlib.machinery.ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                return spec
        return None


def _execute(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    ended = [listener() for listener in _listeners]
    _local.busy = True
    try:
        execute(module)
    finally:
        _local.busy = False
        for tell in ended:
            tell()
