"""Find which of the generators of random numbers that a process shares are seeded when the project is imported.

Goes by the text: calls of the modules' own level, and of functions of the project that these call. What a library does
that is called `seed_everything` is taken at its word, for all of them. Knows nothing of states.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from dagbuild.code.protocols import Walker
from dagbuild.code.references import MISSING, find_object
from dagbuild.code.statements import chain_of, flatten, is_skipped

GENERATORS = {"random": ("seed", "setstate"), "numpy.random": ("seed", "set_state")}
"""By the module that has one: the names of its functions that make it repeat."""

_Place = tuple[Mapping[str, Any], ast.stmt]


def find_seeded(walk: Walker, modules: Iterable[ModuleType]) -> frozenset[str]:
    """Return the generators, by module, that importing these modules seeds."""
    found: set[str] = set()
    seen: set[int] = set()
    todo: list[Mapping[str, Any]] = [vars(module) for module in modules]
    while todo:
        names = todo.pop()
        if id(names) in seen:
            continue
        seen.add(id(names))
        todo += walk.own_effects(names).imported
        for text in walk.definitions.module_texts(names):
            if any(word in text.text for word in ("seed", "set_state", "setstate")):
                body = [node for node in text.tree.body if not is_skipped(node)]
                found |= _find_in(walk, names, body)
    return frozenset(found)


def _find_in(walk: Walker, names: Mapping[str, Any], body: list[ast.stmt]) -> set[str]:
    found: set[str] = set()
    entered: set[FunctionType] = set()
    todo = [(names, body)]
    while todo:
        names, body = todo.pop()
        for call in _calls_of(body):
            chain = chain_of(call.func)
            thing = find_object(names, chain)
            if isinstance(thing, FunctionType) and walk.origins.is_project(thing.__globals__):
                inside = walk.definitions.find_function(thing)
                if thing not in entered and inside is not None and not isinstance(inside, ast.Lambda):
                    entered.add(thing)
                    todo.append((thing.__globals__, inside.body))
            elif chain:
                found |= _seeded_by(thing, chain[-1])
    return found


def _calls_of(body: list[ast.stmt]) -> Iterator[ast.Call]:
    """Yield the calls that a body makes when it runs; those of functions that it merely defines are not among them."""
    for statement in flatten(body):
        todo: list[ast.AST] = [statement]
        while todo:
            node = todo.pop()
            if isinstance(node, ast.Call):
                yield node
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                inner = ast.iter_child_nodes(node)
                # Statements inside of compound ones come by themselves.
                todo += [
                    part for part in inner if isinstance(node, ast.ClassDef) or not isinstance(part, ast.stmt)
                ]


def _seeded_by(thing: Any, name: str) -> set[str]:
    """Return the generators that a call makes repeat, of a library's function or of what is not known."""
    for module, functions in GENERATORS.items():
        held = sys.modules.get(module)
        if any(held is not None and getattr(held, function, MISSING) == thing for function in functions):
            return {module}
    made = getattr(thing, "__module__", None) or getattr(
        type(getattr(thing, "__self__", None)), "__module__", None
    )
    if thing is MISSING or made is None or "seed" not in name:
        return set()
    return set(GENERATORS) if isinstance(thing, FunctionType) else set()
