"""Which functions of a module are nodes.

Knows nothing of graphs and of what the functions make.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from dagbuild.ground.errors import GraphError
from dagbuild.modifiers.base import find_remembered

OWN_FUNCTIONS = "__dagbuild_functions__"
"""A module made by `create_module` holds its functions here, since they are defined elsewhere."""


def find_functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    """Yield the functions that are nodes: public and defined in the module, or in a module below it.

    One that remembers its values while the process lives (`functools.lru_cache`) is a node like any other: what is
    yielded is the function that it remembers for.
    """
    own = module.__dict__.get(OWN_FUNCTIONS)
    if own is not None:
        yield from own
        return
    name = module.__name__
    for value in list(module.__dict__.values()):
        function = find_remembered(value)
        if function is None or function.__name__.startswith(("_", "<")):
            continue
        if function.__module__ == name or (function.__module__ or "").startswith(name + "."):
            yield function


def find_wrapped(module: types.ModuleType) -> Iterator[tuple[Any, types.FunctionType]]:
    """Yield (thing, function) for what looks like a node, but is by its decorator an object that is no function."""
    for value in list(module.__dict__.values()):
        if not callable(value) or isinstance(value, type) or find_remembered(value) is not None:
            continue
        # Not getattr: a thing may have whatever it is asked for.
        function = inspect.getattr_static(value, "__wrapped__", None)
        if not inspect.isfunction(function) or function.__name__.startswith(("_", "<")):
            continue
        if function.__module__ == module.__name__ and _is_annotated(function):
            yield value, function


def _is_annotated(function: types.FunctionType) -> bool:
    code = function.__code__
    names = {*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], "return"}
    try:
        return names <= function.__annotations__.keys()
    except NameError:  # Python 3.14 evaluates them now
        return True


def create_module(*functions: Callable[..., Any], name: str = "created") -> types.ModuleType:
    """Return a module of these functions, which may be defined anywhere: for notebooks and tests."""
    plain = []
    for function in functions:
        found = find_remembered(function)
        if found is None:
            raise GraphError(f"{function!r} is no function")
        plain.append(found)
    module = types.ModuleType(name)
    for function, found in zip(functions, plain, strict=True):
        setattr(module, found.__name__, function)
    setattr(module, OWN_FUNCTIONS, tuple(plain))
    return module
