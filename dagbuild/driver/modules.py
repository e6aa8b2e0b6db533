"""What a Driver is given as its code: modules, and functions that stand alone, as in a notebook.

Knows nothing of nodes. Promise: what is neither is refused in words that say what to write.
"""

from __future__ import annotations

import inspect
import linecache
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from types import ModuleType
from typing import Any

from dagbuild.ground.errors import InputError
from dagbuild.loader import create_module as create_module_of
from dagbuild.modifiers.base import find_remembered


def collect_modules(config: object, given: Sequence[object]) -> list[ModuleType]:
    """Return the modules, those made of functions that stand side by side included; raises InputError."""
    if config is not None and not isinstance(config, Mapping):
        raise InputError(
            f"the first argument of Driver is the config, a dict of values, but {_name(config)} was given",
            hint="write Driver({}, ...)",
        )
    for each in given:
        if not isinstance(each, ModuleType) and not _is_function(each):
            raise InputError(f"Driver takes modules and functions, but not {_name(each)}", hint=_hint(each))
    found: list[ModuleType] = []
    for alone, items in groupby(given, key=_is_function):
        functions: list[Any] = list(items)
        found += [create_module_of(*functions, name="functions")] if alone else functions
    return found


def _is_function(given: object) -> bool:
    plain = find_remembered(given)
    return plain is not None and plain.__name__ != "<lambda>"


def _name(given: object) -> str:
    name = getattr(given, "__name__", None)
    if inspect.isfunction(given):
        return "a lambda" if name == "<lambda>" else f"the function '{name}'"
    if isinstance(given, ModuleType | type):
        return f"the {'module' if isinstance(given, ModuleType) else 'class'} '{name}'"
    return f"the text '{given}'" if isinstance(given, str) else f"something of type {type(given).__name__}"


def _hint(given: object) -> str:
    if isinstance(given, str):
        return f"import it: `import {given}`, and give the module"
    if isinstance(given, list | tuple | set):
        return "give them one by one: Driver(config, *modules)"
    if isinstance(given, Mapping):
        return "the config comes first: Driver(config, *modules)"
    if isinstance(given, Callable):  # type: ignore[arg-type]  # a class, a partial, an object with __call__
        return "write a function that calls it: its name is the node's, its annotations the types"
    return "Driver(config, *modules)"


def create_temporary_module(*functions: Callable[..., Any], module_name: str | None = None) -> ModuleType:
    """Return a module of these functions, which may be defined anywhere; raises InputError for what is none.

    It can be imported by its name.
    """
    module = create_module_of(*functions, name=module_name or f"temporary_module_{uuid.uuid4().hex}")
    sys.modules[module.__name__] = module
    return module


def module_from_source(source: str, module_name: str | None = None) -> ModuleType:
    """Return a module of this text, which can be imported by its name; raises what running the text raises."""
    name = module_name or f"temporary_module_{uuid.uuid4().hex}"
    module = ModuleType(name)
    file = f"<{name}>"
    # Where tracebacks, and whoever reads a function's source, look for it.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    sys.modules[name] = module
    try:
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)  # the caller's own text
    except BaseException:
        del sys.modules[name]
        raise
    return module


def create_module(source: str, module_name: str | None = None, verbosity: int = 0) -> ModuleType:  # noqa: ARG001
    """Return a module of this text, as `module_from_source` does."""
    return module_from_source(source, module_name)
