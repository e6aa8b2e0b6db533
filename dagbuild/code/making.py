"""Which statements of its module make a value whose content says nothing.

Those that bind its name, here or where it is imported from, and all that have to do with it while the module is loaded:
what is called with it, through a name of its own, a cursor, a loop or a function of the module.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from dagbuild.code.protocols import Walker
from dagbuild.code.references import absolute_name
from dagbuild.code.silent import cannot_say
from dagbuild.code.statements import acted_on, bound_names, flatten, is_skipped, root_chain

_UNITS = (ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith)
"""Statements whose parts mean nothing without what stands around them."""


def find_makers(
    walk: Walker, names: Mapping[str, Any], name: str, *, thorough: bool
) -> Iterator[tuple[Mapping[str, Any], ast.stmt]]:
    """Yield the statements that make what a name is bound to, with the globals of their module, through imports.

    Unless `thorough`, those that hand it on to others do not count.
    """
    todo = [(names, name)]
    seen: set[tuple[int, str]] = set()
    while todo:
        home, wanted = todo.pop()
        if (id(home), wanted) in seen:
            continue
        seen.add((id(home), wanted))
        own = _names_of(walk, home, wanted) if thorough else {wanted}
        for text in walk.definitions.module_texts(home):
            for node in _units(text.tree.body):
                parts = list(flatten([node])) if isinstance(node, _UNITS) else [node]
                imports = [part for part in parts if isinstance(part, ast.ImportFrom)]
                found = [_imported(walk, home, part, wanted) for part in imports]
                if any(found):
                    todo += [each for each in found if each is not None]
                elif (
                    any(wanted in bound_names(part) for part in parts)
                    or any(root_chain(target)[:1] == (wanted,) for part in parts for target in acted_on(part))
                    or (thorough and _has_to_do(home, node, own))
                ):
                    yield home, node


def _units(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module's own level, loops and `with` whole."""
    inside: set[int] = set()
    for node in flatten(body):
        if id(node) in inside or is_skipped(node):
            continue
        yield node
        if isinstance(node, _UNITS):
            inside.update(map(id, flatten([node])))


def _imported(
    walk: Walker, names: Mapping[str, Any], node: ast.ImportFrom, wanted: str
) -> tuple[Mapping[str, Any], str] | None:
    """Return the module of the project, and the name there, that an import takes a name from."""
    if {wanted, "*"}.isdisjoint(bound_names(node)):
        return None
    module = sys.modules.get(absolute_name(names, node.module or "", node.level))
    original = next((alias.name for alias in node.names if (alias.asname or alias.name) == wanted), wanted)
    if module is None or not walk.origins.is_project(vars(module)) or original not in vars(module):
        return None
    return vars(module), original


def _names_of(walk: Walker, names: Mapping[str, Any], wanted: str) -> set[str]:
    """Return the names by which a module has an object, and those of what it made of it, such as a cursor."""
    found = {wanted, *(name for name, value in names.items() if value is names.get(wanted))}
    while True:
        more: set[str] = set()
        for text in walk.definitions.module_texts(names):
            for node in _units(text.tree.body):
                bound = {name for name in bound_names(node) if name not in found}
                if (
                    bound
                    and not isinstance(node, ast.Import | ast.ImportFrom)
                    and _has_to_do(names, node, found)
                ):
                    more |= {name for name in bound if _is_object(walk, names.get(name))}
        if not more:
            return found
        found |= more


def _is_object(walk: Walker, value: Any) -> bool:
    if isinstance(value, FunctionType | type | ModuleType) or walk.is_project_type(type(value)):
        return False
    return cannot_say(value)


def _has_to_do(names: Mapping[str, Any], node: ast.stmt, own: set[str]) -> bool:
    """Tell whether a statement calls something of an object, or with it, while the module is loaded."""
    for call in _calls(node):
        for part in _run_parts(call):
            if isinstance(part, ast.Name) and part.id in own:
                return True
        function = names.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if isinstance(function, FunctionType) and _mentions(function, own):
            return True
    return False


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (part for part in _run_parts(node) if isinstance(part, ast.Call))


def _run_parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a node, but for the bodies of functions, which are not run now."""
    todo = [node]
    while todo:
        here = todo.pop()
        yield here
        if isinstance(here, ast.FunctionDef | ast.AsyncFunctionDef):
            todo += here.decorator_list
        elif not isinstance(here, ast.Lambda):
            todo += ast.iter_child_nodes(here)


def _mentions(function: FunctionType, own: set[str]) -> bool:
    """Tell whether a function, or one of its module that it names, names one of these globals."""
    todo, seen = [function], set()
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        if not own.isdisjoint(here.__code__.co_names):
            return True
        others = (here.__globals__.get(name) for name in here.__code__.co_names)
        todo += [
            other
            for other in others
            if isinstance(other, FunctionType) and other.__globals__ is here.__globals__
        ]
    return False
