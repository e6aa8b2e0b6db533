"""Which words are read of functions and classes by the libraries that the project's code hands them to.

From what stands in a form, and what its names mean in a module, to the words that a library reads (`library_words`).
Guards: where a docstring may come to be part of a value by way of a library, it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

from dagbuild.code.library_words import WORDS, Told
from dagbuild.code.normal_form import NormalForm
from dagbuild.code.protocols import Walker
from dagbuild.code.references import MISSING, find_object
from dagbuild.code.reflection import ORDER, REFLECTIVE
from dagbuild.code.scopes import Chain

PLAIN = frozenset({"builtins", "functools", "contextlib", "abc", "typing", "enum", "dataclasses"})
"""What these read of functions and classes is known, and told apart: they make code, and no words."""

_KEEPING = frozenset({"joblib"})
"""What these read of a function tells them whether to call it again: nothing of that is in what it gives."""

_MANY = 100
"""Items of a container that are looked at."""

_NONE: frozenset[str] = frozenset()


def find_words(walk: Walker, names: Mapping[str, Any], form: NormalForm) -> frozenset[str]:
    """Return the words that are read by what the code of a form calls."""
    words = _NONE
    libraries: list[Any] = []
    told = walk.library_words.told
    for chain in form.chains:
        found = find_object(names, chain)
        known = told.get(id(found))
        if known is None:
            known = told[id(found)] = _told_by(walk, found)
        if known.library:
            libraries.append(found)
        if known.words:
            words |= known.words
    for callee, given in form.handed:
        thing = find_object(names, given)
        if isinstance(thing, ModuleType | type) and _is_listed(walk, find_object(names, callee)):
            words |= {ORDER}
        if words >= WORDS or not _is_code(walk, thing):
            continue
        if callee:
            words |= words_of_callee(walk, names, callee)
        else:  # a method of what one of these made
            words = words.union(*map(walk.library_words.find, libraries))
    return words


def _told_by(walk: Walker, thing: Any) -> Told:
    """Return what a thing that code names reads by itself, and whether it is a library's function or class."""
    if not isinstance(thing, FunctionType | type):
        return Told(thing, library=False, words=_NONE)
    library = _is_library(walk, thing)
    own = walk.library_words.find(thing, 0) if library else _NONE
    return Told(thing, library, _name_of(thing) | own)


def words_of_callee(walk: Walker, names: Mapping[str, Any], callee: Chain) -> frozenset[str]:
    """Return the words that what a chain means reads of what it is handed; none for the project's own."""
    for end in range(len(callee), 0, -1):
        found = find_object(names, callee[:end])
        if found is not MISSING:
            return walk.library_words.find(found) if _is_library(walk, found) else _NONE
    return _NONE


def find_readers(walk: Walker, cls: type) -> Callable[[frozenset[str]], bool] | None:
    """Return what tells whether code with these words calls a library's method that reads docstrings.

    pydantic's methods that make schemas do. None for a class that has no base in a library.
    """
    methods: dict[str, FunctionType] = {}
    for base in cls.__mro__:
        if walk.origin_of_type(base).kind == "package":
            for name, value in vars(base).items():
                inner = getattr(value, "__func__", value)
                if isinstance(inner, FunctionType) and not name.startswith("__"):
                    methods.setdefault(name, inner)
    return partial(_reads, walk, methods) if methods else None


def _reads(walk: Walker, methods: Mapping[str, FunctionType], words: frozenset[str]) -> bool:
    return any(walk.library_words.find(methods[name]) for name in methods.keys() & words)


def _is_listed(walk: Walker, callee: Any) -> bool:
    return (
        isinstance(callee, FunctionType | type)
        and _is_library(walk, callee)
        and walk.library_words.lists(callee)
    )


def _name_of(thing: Any) -> frozenset[str]:
    """Return what a function of `inspect` is called, whatever its name here."""
    own = getattr(thing, "__name__", "") if getattr(thing, "__module__", "") == "inspect" else ""
    return frozenset({own}) & REFLECTIVE


def _is_library(walk: Walker, thing: Any) -> bool:
    if isinstance(thing, FunctionType):
        origin, module = walk.origins.of_globals(thing.__globals__), thing.__globals__.get("__name__")
    else:
        cls = thing if isinstance(thing, type) else type(thing)
        origin, module = walk.origin_of_type(cls), cls.__module__
    top = str(module).partition(".")[0]
    return origin.kind in {"package", "standard"} and top not in PLAIN | _KEEPING


def _is_code(walk: Walker, thing: Any, *, deep: bool = True) -> bool:
    """Tell whether a thing is a function or class of the project, or a container or wrapper of one."""
    if isinstance(thing, FunctionType):
        return walk.origins.is_project(thing.__globals__)
    if isinstance(thing, type):
        return walk.is_project_type(thing)
    if isinstance(thing, MethodType):
        return _is_code(walk, thing.__func__)
    if deep and isinstance(thing, list | tuple | set | frozenset | dict):
        items = thing.values() if isinstance(thing, dict) else thing
        return any(_is_code(walk, item, deep=False) for item in list(items)[:_MANY])
    inner = thing.func if isinstance(thing, partial) else None
    wrapped = inner or (vars(thing).get("__wrapped__") if hasattr(thing, "__dict__") else None)
    return isinstance(wrapped, FunctionType) and _is_code(walk, wrapped)
