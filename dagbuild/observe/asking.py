"""Who asks for an environment variable: the project's code, also through a library, or a library for itself.

A library that is handed a name asks for the project, as in `os.path.expandvars("$REGION")`. One that knows the name
asks for itself: the name stands in one of its functions that are at work, and what a library is set up by is its own
affair, as its version is. What is being imported asks for itself, too.

Knows frames and their code, nothing of what is done about it.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import sys
from functools import cache
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from dagbuild.ground.bytecode import find_span
from dagbuild.observe.places import is_own_code, is_project_code

_IMPORTING = ("<frozen importlib", "<frozen zipimport")
_MACHINERY = ("<frozen os>", "<frozen _collections_abc>", "/os.py", "/_collections_abc.py")
_ENVIRONMENT = frozenset({"environ", "environb", "getenv", "getenvb"})


def find_asker(frame: FrameType | None, name: str) -> FrameType | None:
    """Return the frame of the project's code that asks for a variable, or of the thread that does; None for a library.

    `frame` is the innermost one of the look-up.
    """
    while frame is not None and frame.f_code.co_filename.endswith(_MACHINERY) and not spells(frame, name):
        frame = frame.f_back
    if frame is None or is_own_code(frame.f_code.co_filename) or _is_foreign(frame, name):
        return None
    last = frame
    while frame is not None:
        file = frame.f_code.co_filename
        if is_project_code(file):
            return frame
        if file.startswith(_IMPORTING) or (not _is_text(file) and spells(frame, name)):
            return None
        if is_own_code(file):
            return last
        last, frame = frame, frame.f_back
    return last


def find_reader(frame: FrameType | None) -> tuple[FrameType | None, str]:
    """Return the frame of who goes through all variables, as above, and the library that does it for itself.

    The library is the one that names the environment; nothing where the project hands it over.
    """
    while frame is not None and frame.f_code.co_filename.endswith(_MACHINERY):
        frame = frame.f_back
    if frame is None or is_own_code(frame.f_code.co_filename):
        return None, ""
    last, library = frame, ""
    while frame is not None:
        file = frame.f_code.co_filename
        if is_project_code(file):
            return frame, library
        if file.startswith(_IMPORTING):
            return None, ""
        if is_own_code(file):
            break
        if not library and not _is_text(file) and not _ENVIRONMENT.isdisjoint(frame.f_code.co_names):
            library = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        last, frame = frame, frame.f_back
    return last, library


def spells(frame: FrameType, name: str) -> bool:
    """Tell whether the code of a frame spells a name: in a text of its own, or in what it names.

    That is a global, or an attribute of the class that it is a method of.
    """
    code = frame.f_code
    return (
        _holds(code.co_consts, name)
        or any(_holds(frame.f_globals.get(each), name) for each in code.co_names)
        or any(_holds(inspect.getattr_static(_find_class(frame), each, None), name) for each in code.co_names)
    )


def _find_class(frame: FrameType) -> type:
    """Return the class of the first argument, as that of a method."""
    code = frame.f_code
    if not code.co_argcount:
        return object
    first = frame.f_locals.get(code.co_varnames[0])
    return first if isinstance(first, type) else type(first)


def _holds(value: Any, name: str) -> bool:
    if isinstance(value, str):
        return value == name
    if type(value) in (tuple, frozenset, list, set, dict) and len(value) < _LARGE:
        return any(_holds(each, name) for each in list(value))
    return False


_LARGE = 1000
"""Items of what is data rather than a list of names."""


def _is_text(file: str) -> bool:
    """Tell whether code was made of a text: who runs it asks."""
    return file.startswith("<") and not file.startswith("<frozen")


# -- libraries in C have no frames: what they ask for seems to be asked by their caller -----------------------------


def _is_foreign(frame: FrameType, name: str) -> bool:
    """Tell whether the innermost frame has just called something of a library's that looks a variable up for itself.

    In doubt its own code does: it subscripts, calls what cannot be found, or hands over the environment.
    """
    if spells(frame, name):
        return False
    tree = _find_expression(frame.f_code, frame.f_lasti)
    if isinstance(tree, ast.Attribute):
        return True  # a property: of the project's own there would be a frame
    if isinstance(tree, ast.Name):  # it is gone through
        return _is_library(_evaluate(tree, frame))
    if not isinstance(tree, ast.Call):
        return False
    given = [*tree.args, *(each.value for each in tree.keywords)]
    if any(_is_environment(_evaluate(each, frame)) for part in given for each in ast.walk(part)):
        return False
    called = _evaluate(tree.func, frame)
    if called is not _UNKNOWN:
        return _is_library(called)
    return isinstance(tree.func, ast.Attribute) and tree.func.attr not in _ways()


_UNKNOWN = object()
"""What a name stands for that cannot be found without running anything."""


@cache
def _find_expression(code: CodeType, at: int) -> ast.AST | None:
    """Return the expression that an instruction belongs to; None when the text is not at hand."""
    span = find_span(code, at)
    if span is None:
        return None
    lines = [text.encode() for text in linecache.getlines(code.co_filename)[span.line - 1 : span.end_line]]
    if not lines:
        return None
    lines[-1] = lines[-1][: span.end_column]  # before the start is cut off: it may be the same line
    lines[0] = lines[0][span.column :]
    try:
        return ast.parse(b"(" + b"".join(lines) + b"\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _evaluate(tree: ast.AST, frame: FrameType) -> Any:
    """Return what a dotted name stands for, running no code of anybody's."""
    if isinstance(tree, ast.Name):
        for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if tree.id in names:
                return names[tree.id]
    elif isinstance(tree, ast.Attribute):
        owner = _evaluate(tree.value, frame)
        if owner is not _UNKNOWN:
            return inspect.getattr_static(owner, tree.attr, _UNKNOWN)
    elif isinstance(tree, ast.Constant):
        return tree.value
    return _UNKNOWN


def _is_environment(thing: Any) -> bool:
    owner = thing.__self__ if isinstance(thing, MethodType) else thing
    return any(owner is each for each in (os, os.environ, getattr(os, "environb", os), os.getenv))


def _is_library(thing: Any) -> bool:
    """Tell whether something that can be called, or gone through, is an installed library's."""
    home = _find_home(thing)
    module = sys.modules.get(home)
    top = home.partition(".")[0]
    if module is None or top == "builtins" or top in sys.stdlib_module_names:
        return False
    file = getattr(module, "__file__", None)
    return not (isinstance(file, str) and is_project_code(file))


_CALLED = (type, FunctionType, MethodType, BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType)


def _find_home(thing: Any) -> str:
    """Return the name of the module where a thing, or its type, is defined."""
    if isinstance(thing, _CALLED):
        owner = getattr(thing, "__self__", None)
        if owner is not None and not isinstance(owner, type | ModuleType):
            return type(owner).__module__
        return str(
            getattr(thing, "__module__", None) or getattr(thing, "__objclass__", type(thing)).__module__
        )
    return type(thing).__module__


@cache
def _ways() -> frozenset[str]:
    """Return the names of methods by which the environment, or a text that is filled from it, is asked."""
    return frozenset({*dir(os.environ), *dir(str), *_ENVIRONMENT})
