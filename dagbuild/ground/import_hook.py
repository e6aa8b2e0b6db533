"""Be there when modules are executed: a finder that finds nothing of its own, and hands on what the next one finds.

Knows the import system alone. Guards: a module's loader and spec are those that it would have without us.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from abc import abstractmethod
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TypeAlias

Spec: TypeAlias = importlib.machinery.ModuleSpec
Execute: TypeAlias = Callable[[ModuleType], None]


class ImportHook(importlib.abc.MetaPathFinder):
    """To be put first into `sys.meta_path`; a subclass says which modules it waits for, and what it does then."""

    @abstractmethod
    def wants(self, name: str) -> bool:
        """Tell whether to be there when this module is executed."""

    @abstractmethod
    def execute(self, execute: Execute, module: ModuleType) -> None:
        """Execute a module by calling `execute`, which does what its loader does."""

    def find_next(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> Spec | None:
        """Return what the finders behind this one find."""
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                return spec
        return None

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> Spec | None:
        """Return the spec that the next finder gives, with a loader that tells when it executes the module."""
        if not self.wants(name):
            return None
        spec = self.find_next(name, path, target)
        loader = spec.loader if spec else None
        if loader is None or isinstance(loader, type) or not hasattr(loader, "__dict__"):
            return spec  # built into Python
        before = vars(loader).get("exec_module")
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            if before is None:
                vars(loader).pop("exec_module", None)
            else:
                loader.exec_module = before  # type: ignore[method-assign]
            self.execute(execute, module)

        # On the loader itself, so that its type, and what others ask of it, stay as they are; for this once.
        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
