"""Whether a call of a library, whose result the project keeps, was made for what it does: `old = np.seterr(...)`.

Three signs: the library's function is seen to set what outlives the call, what it gave says nothing, nobody uses it.
"""

from __future__ import annotations

import ast
import contextvars
import dis
import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from dagbuild.code.protocols import Walker


def is_made_to_act(walk: Walker, names: Mapping[str, Any], bound: tuple[str, ...], function: Any) -> bool:
    """Tell whether a call, whose result is in these names of a module, is there for what it does."""
    if type(function) is FunctionType and _sets_outside(function):
        return True
    kept = [name for name in bound if not (name.startswith("__") and name.endswith("__"))]
    if not kept:
        return False
    if all(_is_empty(names.get(name, 0)) for name in kept):
        return True
    return not any(_is_used(walk, names, name) for name in kept)


def _sets_outside(function: FunctionType) -> bool:
    """Tell whether a function's own code sets a global, an attribute of one, or a context variable."""
    try:
        function = inspect.unwrap(function)
        found = list(dis.get_instructions(function.__code__))
    except (ValueError, AttributeError):  # a circle of wrappers, or one around something compiled
        return False
    for before, here in zip([None, *found], found, strict=False):
        if here.opname in {"STORE_GLOBAL", "DELETE_GLOBAL"}:
            return True
        if before is None or before.opname != "LOAD_GLOBAL":
            continue
        if here.opname == "STORE_ATTR":
            return True
        thing = function.__globals__.get(before.argval)
        if here.argval == "set" and isinstance(thing, contextvars.ContextVar):
            return True
    return False


def _is_empty(value: Any) -> bool:
    """Tell whether a value is None, or holds nothing else."""
    if isinstance(value, dict):
        value = list(value.values())
    if type(value) in (list, tuple, set):
        return bool(value) and all(part is None for part in value)
    return value is None


def _is_used(walk: Walker, names: Mapping[str, Any], name: str) -> bool:
    """Tell whether any loaded module of the project names what a module binds, its own statement aside."""
    if name in (names.get("__all__") or ()):
        return True
    if any(_is_read(text.tree, name) for text in walk.definitions.module_texts(names)):
        return True
    for module in walk.project_modules():
        inside = vars(module)
        if inside is names:
            continue
        if inside.get(name, walk) is names.get(name):
            return True
        if any(f".{name}" in text.text for text in walk.definitions.module_texts(inside)):
            return True
    return False


def _is_read(tree: ast.Module, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        for node in ast.walk(tree)
    )
