"""Which functions of a module are nodes, and which modules there are beneath them.

Knows nothing of graphs and of what the functions make.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dagbuild.ground.errors import GraphError
from dagbuild.modifiers.base import find_remembered, modifiers_of
from dagbuild.modifiers.mutate import mutations_of

OWN_FUNCTIONS = "__dagbuild_functions__"
"""A module made by `create_module` holds its functions here, since they are defined elsewhere."""


def find_functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    """Yield the functions that are nodes: public and defined in the module, or in a module below it.

    Public is what the module has under a public name, too: what a function makes is called as it was called in there.
    One that remembers its values while the process lives (`functools.lru_cache`) is a node like any other: what is
    yielded is the function that it remembers for. What `mutate` puts behind others is none.
    """
    for held, function in _find_defined(module):
        hidden = held.startswith("_") or function.__name__.startswith(("_", "<"))
        if not ((hidden and OWN_FUNCTIONS not in module.__dict__) or mutations_of(function)):
            yield function


def find_transforms(module: types.ModuleType) -> Iterator[types.FunctionType]:
    """Yield the functions that `mutate` puts behind others of the module: helpers, too, in the module's own order."""
    for _, function in _find_defined(module):
        if mutations_of(function) and (
            OWN_FUNCTIONS in module.__dict__ or function.__module__ == module.__name__
        ):
            yield function


def _find_defined(module: types.ModuleType) -> Iterator[tuple[str, types.FunctionType]]:
    """Yield (name there, function) of what is defined in the module, or in a module below it."""
    own = module.__dict__.get(OWN_FUNCTIONS)
    if own is not None:
        yield from ((function.__name__, function) for function in own)
        return
    name = module.__name__
    for held, value in list(module.__dict__.items()):
        function = find_remembered(value)
        if function is None:
            continue
        if function.__module__ == name or (function.__module__ or "").startswith(name + "."):
            yield held, function


def follow_modules(modules: Iterable[types.ModuleType]) -> list[types.ModuleType]:
    """Return the modules, and those that decorators of their functions make nodes of, each once."""
    found: dict[int, types.ModuleType] = {}
    todo = list(modules)[::-1]
    while todo:
        module = todo.pop()
        if id(module) not in found:
            found[id(module)] = module
            for function in find_functions(module):
                todo += (part for modifier in modifiers_of(function) for part in modifier.load_from)
    return list(found.values())


def find_wrapped(module: types.ModuleType) -> Iterator[tuple[Any, types.FunctionType]]:
    """Yield (thing, function) for what looks like a node, but is by its decorator an object that is no function."""
    for held, value in list(module.__dict__.items()):
        if (
            held.startswith("_")
            or not callable(value)
            or isinstance(value, type)
            or find_remembered(value) is not None
        ):
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
    """Return a module of these functions, which may be defined anywhere: for notebooks and tests.

    One that is defined anew where it was defined, by a notebook's cell or a reload, is followed.
    """
    module = types.ModuleType(name)
    setattr(module, OWN_FUNCTIONS, _OwnFunctions(module, functions))
    return module


class _OwnFunctions:
    """The functions of a module that are defined elsewhere, each time as they are then."""

    def __init__(self, module: types.ModuleType, functions: tuple[Callable[..., Any], ...]) -> None:
        self._module = module
        self._places = [_find_place(function) for function in functions]
        list(self)  # the module holds them from the start

    def __iter__(self) -> Iterator[types.FunctionType]:
        for place in self._places:
            plain = place.look()
            setattr(self._module, plain.__name__, place.given)
            yield plain


@dataclass(slots=True)
class _Place:
    """Where a function stands under its name, and what stood there last; without a `home` it stays what it is."""

    given: Any
    plain: types.FunctionType
    home: str | None

    def look(self) -> types.FunctionType:
        home = sys.modules.get(self.home) if self.home else None
        now = vars(home).get(self.plain.__name__) if home is not None else None
        plain = find_remembered(now)
        # What the name stands for else (a number, an import of another function) takes no function's place.
        if plain is not None and (plain.__module__, plain.__name__) == (self.home, self.plain.__name__):
            self.given, self.plain = now, plain
        return self.plain


def _find_place(function: Callable[..., Any]) -> _Place:
    plain = find_remembered(function)
    if plain is None:
        raise GraphError(f"{function!r} is no function")
    home = sys.modules.get(plain.__module__ or "")
    found = vars(home).get(plain.__name__) if home is not None else None
    return _Place(function, plain, plain.__module__ if found is function else None)
