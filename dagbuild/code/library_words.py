"""Which words a library's code reads of what it is handed: docstrings, and the text itself.

A rule instead of a list of libraries: what the thing that is called does, with what it calls in its own package, as
far as names in its bytecode lead. Knows nothing of the project. Guards: a docstring counts where a library that was
handed the function or class may read it; further than two calls, and than some hundred functions, it is not looked for.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from dagbuild.code.reflection import DOCS, LISTS, SOURCES
from dagbuild.ground.bytecode import iter_codes

WORDS = DOCS | SOURCES

DEPTH = 2
"""Calls that are followed: a decorator of click reads by itself, typer's and fastapi's leave it to what they call."""


MOST = 400
"""Functions that are looked at, the nearest first: that takes some milliseconds, and pandas has thousands."""


class Told(NamedTuple):
    """What is known of a thing that code names; holding it keeps its id its own."""

    thing: Any
    library: bool
    words: frozenset[str]


class LibraryWords:
    """Looks at each thing once; `told` is for who asks, by id."""

    def __init__(self) -> None:
        self.told: dict[int, Told] = {}
        self._known: dict[tuple[int, int], tuple[Any, frozenset[str]]] = {}

    def find(self, thing: Any, depth: int = DEPTH) -> frozenset[str]:
        """Return the words that a library's function, class or object reads by itself, or in so many calls."""
        key = (id(thing), depth)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = thing, self._find(thing, depth)
        return known[1]

    def lists(self, thing: Any) -> bool:
        """Tell whether a library's function or class itself lists the names of what it is handed."""
        functions = _functions_of(thing, _package(thing))
        return any(
            not LISTS.isdisjoint(part.co_names) for each in functions for part in iter_codes(each.__code__)
        )

    def _find(self, thing: Any, depth: int) -> frozenset[str]:
        package = _package(thing)
        words: set[str] = set()
        seen = {id(thing)}
        level = [thing]
        left = MOST
        for last in range(depth, -1, -1):
            functions = [each for found in level for each in _functions_of(found, package)][:left]
            left -= len(functions)
            words.update(word for function in functions for word in _read_by(function.__code__))
            if not last:  # whom these call is looked at by nobody
                break
            level = []
            for other in (other for function in functions for other in _called(function, package)):
                if id(other) not in seen:
                    seen.add(id(other))
                    level.append(other)
        return frozenset(words)


@lru_cache(10 * MOST)
def _read_by(code: CodeType) -> frozenset[str]:
    """Return the words that code reads; what that is, no later walk need find out again."""
    return frozenset(
        str(each.argval)
        for part in iter_codes(code)
        if not WORDS.isdisjoint(part.co_names)
        for each in dis.get_instructions(part)
        if each.opname.startswith("LOAD") and each.argval in WORDS
    )


def _package(thing: Any) -> str:
    """Return the top-level package that a thing is of, or whose class it is an object of."""
    if isinstance(thing, FunctionType):
        module = thing.__globals__.get("__name__")
    else:
        module = (thing if isinstance(thing, type) else type(thing)).__module__
    return str(module).partition(".")[0]


def _functions_of(thing: Any, package: str) -> Iterator[FunctionType]:
    """Yield the functions that calling a thing, or a method of it, may come to in its package."""
    if isinstance(thing, FunctionType):
        yield thing
        wrapped = getattr(thing, "__wrapped__", None)
        if isinstance(wrapped, FunctionType):
            yield wrapped
        return
    made = thing if isinstance(thing, type) else type(thing)
    for cls in (*made.__mro__, *type(made).mro(type(made))):
        if _package(cls) == package:
            for value in vars(cls).values():
                inner = _unwrap(value)
                if isinstance(inner, FunctionType):
                    yield inner


def _unwrap(value: Any) -> Any:
    if isinstance(value, staticmethod | classmethod):
        return value.__func__
    return value.fget if isinstance(value, property) else value


def _called(function: FunctionType, package: str) -> Iterator[Any]:
    """Yield what a function may call in its package: by its names, by names of modules, by its defaults."""
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        if isinstance(value, FunctionType | type) and _package(value) == package:
            yield value
    names = function.__globals__
    for code in iter_codes(function.__code__):
        for name in code.co_names:
            found = names.get(name)
            if isinstance(found, ModuleType):
                if found.__name__.partition(".")[0] == package:
                    inside = vars(found)
                    yield from (each for each in map(inside.get, code.co_names) if _is_of(each, package))
            elif _is_of(found, package):
                yield found


def _is_of(thing: Any, package: str) -> bool:
    return thing is not None and not isinstance(thing, ModuleType) and _package(thing) == package
