"""Values that are equal to themselves only, such as `MISSING = object()`: the name under which a module has them.

Asked about objects that pickle would copy: a copy is another one to `is`. An object with a state that can change is not
named, since a node must not get the very thing that others have. Looks at what is imported, and imports nothing but to
read. Guards: what a name stands for is that very object, here when it is written and wherever it is read.
"""

from __future__ import annotations

import copyreg
import sys
import types
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from typing import Any

from dagbuild.ground.errors import CodecError

_FIXED = (
    type(None),
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    Enum,
)
_SAME_AS_OBJECT = ("__eq__", "__hash__", "__reduce__", "__reduce_ex__", "__getstate__")
_OWN_WAY = ("__getnewargs__", "__getnewargs_ex__", "__setstate__")


class Names:
    """The names of a process; looked for once, and again when modules have come or gone."""

    def __init__(self) -> None:
        self._kinds: dict[type, bool] = {}
        self._modules: dict[int, tuple[str, str]] = {}
        self._classes: dict[int, tuple[str, str]] = {}
        self._seen = 0
        self._seen_classes = 0

    def find(self, value: Any) -> tuple[str, str] | None:
        """Return the module and the path in it of a value that would not be itself when copied, or None."""
        if not self._is_told_by_identity(value):
            return None
        if self._seen != len(sys.modules):
            self._look()
        found = self._check(self._modules, value)
        if found is None and not _state_of(value):
            if (
                type(value) is object
            ):  # it must have a name: it may be a new one, of a cell that was run again
                self._look()
                found = self._check(self._modules, value)
            if found is None and self._seen_classes != len(sys.modules):
                self._look_into_classes()
            found = found or self._check(self._classes, value)
        return found

    def find_code(self, thing: type | types.FunctionType) -> tuple[str, str] | None:
        """Return the name of a function or class that is not found under what it calls itself, such as a lambda's."""
        home = sys.modules.get(thing.__module__)
        if home is None or _is_found(home, thing):
            return None
        holders = [
            (module, name) for module, names in _modules() for name, value in names.items() if value is thing
        ]
        return min(holders, key=lambda each: _rank(thing, *each), default=None)

    def _check(self, names: dict[int, tuple[str, str]], value: Any) -> tuple[str, str] | None:
        found = names.get(id(value))
        if found is None or _look_up(*found) is not value or not all(map(_is_fixed, _state_of(value))):
            return None
        return found

    def _is_told_by_identity(self, value: Any) -> bool:
        """Tell whether values of this type are equal to themselves only, and would be copied nevertheless."""
        kind = type(value)
        known = self._kinds.get(kind)
        if known is None:
            known = self._kinds[kind] = (
                (kind is object or kind.__module__ != "builtins")
                and not issubclass(kind, type)
                and all(getattr(kind, n, None) is getattr(object, n, None) for n in _SAME_AS_OBJECT)
                and not any(hasattr(kind, name) for name in _OWN_WAY)
                and kind not in copyreg.dispatch_table
                and not issubclass(kind, (types.FunctionType, types.ModuleType))
                and _is_copied(value)
            )
        return known

    def _look(self) -> None:
        self._seen = len(sys.modules)
        self._modules = self._gather(
            (module, name, value)
            for module, names in _modules()
            for name, value in names.items()
        )  # fmt: skip

    def _look_into_classes(self) -> None:
        self._seen_classes = len(sys.modules)
        self._classes = self._gather(
            (module, f"{cls.__qualname__}.{name}", value)
            for module, names in _modules()
            for cls in names.values()
            if isinstance(cls, type) and cls.__module__ == module and "<locals>" not in cls.__qualname__
            for name, value in list(vars(cls).items())
        )

    def _gather(self, found: Iterator[tuple[str, str, Any]]) -> dict[int, tuple[str, str]]:
        """Return the names by id; of several the one in the module of its class, else the first in the alphabet."""
        names: dict[int, tuple[str, str]] = {}
        for module, name, value in found:
            kind = type(value)
            if self._kinds.get(kind) is False or not self._is_told_by_identity(value):
                continue
            known = names.get(id(value))
            if known is None or _rank(kind, module, name) < _rank(kind, *known):
                names[id(value)] = module, name
        return names


NAMES = Names()


def load_named(module: str, path: str) -> Any:
    """Return the object of a name; raises CodecError when there is none any more."""
    import_module(module)
    found = _look_up(module, path)
    if found is None:
        raise CodecError(f"the value refers to '{module}.{path}', which is not there any more")
    return found


def _is_copied(value: Any) -> bool:
    """Tell whether all that there is to an object can be seen: not of a lock, or what else was made in C."""
    try:
        value.__reduce_ex__(4)  # which is `object`'s own
    except Exception:
        return False
    return True


def _rank(kind: Any, module: str, name: str) -> tuple[bool, bool, str, str]:
    return module == "__main__", module != kind.__module__, module, name


def _modules() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType):
            yield name, dict(vars(module))


def _look_up(module: str, path: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found


def _is_found(module: types.ModuleType, thing: type | types.FunctionType) -> bool:
    """Tell whether pickle finds a function or class by what that calls itself."""
    found: Any = module
    for part in thing.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is thing


def _state_of(value: Any) -> list[Any]:
    state = list(getattr(value, "__dict__", {}).values())
    for cls in type(value).__mro__:
        for slot in vars(cls).values():
            if isinstance(slot, types.MemberDescriptorType):
                try:
                    state.append(slot.__get__(value))
                except AttributeError:
                    continue
    return state


def _is_fixed(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_is_fixed, value))
    return isinstance(value, _FIXED)
