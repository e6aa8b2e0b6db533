"""Tell when an import that somebody began has ended, so that what importing leaves is known, whenever it happens.

A finder that finds nothing of its own stands first in `sys.meta_path`, from the first call on; while nobody listens it
costs one test for each module that is imported. Knows nothing of state.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import TypeAlias

from dagbuild.ground.import_hook import Execute, ImportHook, Spec
from dagbuild.ground.override import override

Listener: TypeAlias = Callable[[], Callable[[], None]]
"""Called when an import begins; what it returns is called when that has ended, well or not."""

_listeners: list[Listener] = []
_local = threading.local()
_hook: _Hook | None = None


def install() -> None:
    """Make imports of this process be heard; more calls do nothing."""
    global _hook  # noqa: PLW0603 - once is for good: others may have put theirs before it since
    if _hook is None:
        _hook = _Hook()
        sys.meta_path.insert(0, _hook)


def listen(listener: Listener) -> None:
    """Tell a listener of imports from here on: of the outermost ones, not of those that they begin themselves."""
    _listeners.append(listener)


def forget(listener: Listener) -> None:
    """Tell it no longer."""
    _listeners.remove(listener)


class _Hook(ImportHook):
    """Tells the listeners of what they have not begun themselves."""

    @override
    def wants(self, name: str) -> bool:
        return bool(_listeners) and not getattr(_local, "busy", False)

    @override
    def find_next(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> Spec | None:
        with _busy():
            return super().find_next(name, path, target)

    @override
    def execute(self, execute: Execute, module: ModuleType) -> None:
        ended = [listener() for listener in _listeners]
        with _busy():
            try:
                execute(module)
            finally:
                for tell in ended:
                    tell()


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    """What is imported meanwhile in this thread belongs to an import that was heard."""
    _local.busy = True
    try:
        yield
    finally:
        _local.busy = False
