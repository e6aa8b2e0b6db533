"""Tell which functions of the project are at work at a moment, and what they can put something into.

A read is noted with them: of what changed in memory meanwhile, that may hold the read which they reach. Knows nothing
of what is read.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Final, TypeAlias, TypeVar

from dagbuild.ground.bytecode import iter_codes
from dagbuild.observe.places import is_project_code

F = TypeVar("F", bound=Callable[..., Any])


class At:
    """Code of the project with the names of its module; each pair is one object."""

    __slots__ = ("code", "names", "ours")

    def __init__(self, code: CodeType, names: Mapping[str, Any]) -> None:
        self.code: Final = code
        self.names: Final = names
        self.ours: Final = is_project_code(code.co_filename) and code.co_name != "<module>"


Stack: TypeAlias = frozenset[At] | None
"""The functions at work; None when that cannot be told, so that any may be."""

_known: dict[int, At] = {}
_doors: set[CodeType] = set()
_DEEP = 500
"""Frames; a stack that is deeper is nobody's in particular."""
_MANY = 20_000
"""Pieces of code to remember: who makes ever new ones is not to fill the memory."""


def door(function: F) -> F:
    """Mark a function of ours that calls the project: what called it in turn is not looked at."""
    _doors.add(function.__code__)
    return function


def find_stack() -> Stack:
    """Return the project's functions between here and the door that this thread came in by."""
    frame: FrameType | None = sys._getframe(1)
    found: list[At] = []
    for _ in range(_DEEP):
        if frame is None:  # a thread that the step started, or one that was there before
            return None
        code = frame.f_code
        at = _known.get(id(code)) or locate(code, frame.f_globals)
        if at.ours:
            if at.names is not frame.f_globals:  # the same code, run again for another module
                at = locate(code, frame.f_globals)
            found.append(at)
        elif code in _doors:
            return frozenset(found)
        frame = frame.f_back
    return None


def locate(code: CodeType, names: Mapping[str, Any]) -> At:
    """Return what stands for code of a module."""
    at = _known.get(id(code))
    if at is None or at.names is not names:
        if len(_known) >= _MANY:
            _known.clear()
        at = _known[id(code)] = At(code, names)  # which keeps the code, so that its number stays its own
    return at


def find_reached(stack: Iterable[At]) -> tuple[set[tuple[int, str]], set[int]]:
    """Return the names that functions can put something into, each with the number of its module's names.

    And the numbers of the things that the names mean. These are the names that they speak of themselves, and those of
    functions that they can hand something to: what takes no parameter can keep nothing that it has not read itself.
    """
    names: set[tuple[int, str]] = set()
    things: set[int] = set()
    todo = [(at.code, at.names) for at in stack]
    seen: set[int] = set()
    while todo:
        code, home = todo.pop()
        if id(code) in seen:
            continue
        seen.add(id(code))
        words = {word for inner in iter_codes(code) for word in inner.co_names}
        for space in _spaces(words, home):
            for word in words & space.keys():
                thing = space[word]
                names.add((id(space), word))
                things.add(id(thing))
                for function in _functions_of(thing, words):
                    inner = function.__code__
                    if inner.co_argcount + inner.co_kwonlyargcount or inner.co_flags & _EXTRA:
                        todo.append((inner, function.__globals__))
    return names, things


_EXTRA = 4 | 8  # CO_VARARGS, CO_VARKEYWORDS


def _spaces(words: set[str], home: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the names of the code's module, and of the project's modules that it speaks of."""
    found = [home]
    for word in words:
        thing = home[word] if word in home else sys.modules.get(word)
        if issubclass(type(thing), ModuleType) and is_of_project(vars(thing)):
            found.append(vars(thing))
    return found


def _functions_of(thing: Any, words: set[str]) -> list[FunctionType]:
    """Return the project's function that a thing is or wraps, or the methods of its class that are spoken of."""
    if (function := unwrap(thing)) is not None:
        return [function] if is_of_project(function.__globals__) else []
    cls: type = thing if issubclass(type(thing), type) else type(thing)
    found: list[FunctionType] = []
    if is_project_class(cls):
        for each in cls.__mro__:
            methods = (unwrap(vars(each)[word]) for word in words & vars(each).keys())
            found += [method for method in methods if method is not None]
    return found


def unwrap(thing: Any) -> FunctionType | None:
    """Return the function that a thing is, or that it is there to call; runs no code of the thing's."""
    for _ in range(_DEEP):
        if type(thing) is FunctionType:
            inner = thing.__dict__.get("__wrapped__")
            if inner is None or is_project_code(thing.__code__.co_filename):
                return thing
        elif (name := _AROUND.get(type(thing))) is not None:
            inner = getattr(thing, name)
        else:
            return None
        thing = inner
    return None


_AROUND: Mapping[type, str] = {
    MethodType: "__func__",
    staticmethod: "__func__",
    classmethod: "__func__",
    property: "fget",
    functools.cached_property: "func",
    functools.partial: "func",
    functools._lru_cache_wrapper: "__wrapped__",
}


def is_project_class(cls: type) -> bool:
    """Tell whether a class is the project's."""
    module = sys.modules.get(getattr(cls, "__module__", None) or "")
    return module is not None and is_of_project(vars(module))


def is_of_project(names: Mapping[str, Any]) -> bool:
    """Tell whether these are the names of a module of the project; one without a file is a notebook or made by hand."""
    file = names.get("__file__")
    if isinstance(file, str):
        return is_project_code(file)
    spec = names.get("__spec__")
    return getattr(spec, "origin", None) not in {"built-in", "frozen"} and "__name__" in names
