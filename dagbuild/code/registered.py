"""Functions and classes that a library took note of: nothing in the project need refer to them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, MemberDescriptorType
from typing import Any

from dagbuild.code.classes import SAYS_NOTHING
from dagbuild.code.protocols import Walker
from dagbuild.code.references import MISSING, find_object, home_of
from dagbuild.code.statements import bound_names, flatten, root_chain
from dagbuild.ground.bytecode import iter_codes


def find_registered(walk: Walker, names: Mapping[str, Any], body: list[ast.stmt]) -> Iterator[Any]:
    """Yield the functions and classes of a module that a library took note of."""
    for node in flatten(body):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        thing = names.get(node.name)
        if isinstance(thing, type) and isinstance(node, ast.ClassDef) and _is_held(walk, thing):
            yield thing
        elif _is_as_defined(thing, node):
            decorators = (_nearest_object(names, root_chain(decorator)) for decorator in node.decorator_list)
            homes = (home_of(decorator) for decorator in decorators)
            if any(home and walk.origins.of_name(home).kind == "package" for home in homes):
                yield thing


def _is_as_defined(thing: Any, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Tell whether decorators handed a function or class back as it was, without so much as a mark on it.

    One that does is called for what it does elsewhere: it registers. One that leaves a mark or adds methods, as
    attrs does, is called for that.
    """
    if isinstance(thing, type) and isinstance(node, ast.ClassDef):
        bound = {name for statement in node.body for name in bound_names(statement)}
        added = {name for name, value in vars(thing).items() if not isinstance(value, MemberDescriptorType)}
        usual = bound | SAYS_NOTHING | {"__hash__", "__orig_bases__"}
        return thing.__qualname__ == node.name and added <= usual
    return isinstance(thing, FunctionType) and thing.__code__.co_name == node.name and not vars(thing)


def _nearest_object(names: Mapping[str, Any], chain: tuple[str, ...]) -> Any:
    for end in range(len(chain), 0, -1):
        found = find_object(names, chain[:end])
        if found is not MISSING:
            return found
    return MISSING


def _is_held(walk: Walker, cls: type) -> bool:
    """Tell whether a library finds the class by itself: in a table of its own, or among a base's subclasses."""
    if not walk.is_project_type(cls):
        return False
    for base in cls.__mro__[1:]:
        if walk.origins.of_name(base.__module__).kind != "package":
            continue
        home = sys.modules.get(base.__module__, base)
        tables = [*vars(base).values(), *vars(home).values()]
        for table in tables:
            if isinstance(table, dict) and any(v is cls for v in (*table.values(), *table)):
                return True
            if isinstance(table, list | set | tuple) and any(v is cls for v in table):
                return True
        if any(_asks_for_subclasses(value) for value in tables):
            return True
    return False


def _asks_for_subclasses(value: Any) -> bool:
    function = value.__func__ if type(value) in (classmethod, staticmethod) else value
    if type(function) is not FunctionType:
        return False
    return any("__subclasses__" in code.co_names for code in iter_codes(function.__code__))
