"""Look at what a callable is given just before it works, so that neither it nor its caller can tell.

When the library works, no frame of ours is on the stack: a query of DuckDB's that names a variable finds it where its
caller has it, a warning points at the user's line, a traceback is the library's. Knows nothing of what is looked for.

A function of Python's is left in its place and begins with the look. One written in C has nothing that could be
changed: in its place comes numpy's dispatcher for functions that others may override, which is the one callable in
reach that calls two others with what it is given, one after the other, without a frame of its own.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, FunctionType
from typing import Any, TypeAlias

from dagbuild.code.stand_ins import is_stand_in, note_stand_in
from dagbuild.observe import active
from dagbuild.observe.prologue import add_prologue, can_give, copy_function

Look: TypeAlias = Callable[[Sequence[Any], Mapping[str, Any]], object]
"""Is handed the positional and the other arguments of a call; what it raises is nobody's business."""


def look_ahead(owner: Any, name: str, look: Look) -> None:
    """Have `look` called before each call of an attribute of a module or class, while a log of reads is open.

    Does nothing when there is no such attribute, or when it is looked at already.
    """
    call = vars(owner).get(name)
    if call is None or is_stand_in(call):
        return
    if isinstance(call, FunctionType):
        _begin_with(call, _make_first(call.__code__, look))
        return
    stand_in = _dispatch(call, look)
    setattr(owner, name, stand_in)
    home = sys.modules.get(getattr(call, "__module__", None) or "")
    there = getattr(call, "__name__", name)
    if getattr(home, there, None) is call:
        setattr(home, there, stand_in)  # pickle asks for it where it says that it is defined
    note_stand_in(stand_in, call)


def begin_with(owner: type, name: str, first: Callable[..., object]) -> None:
    """Have `first` called with all arguments before each call of a method that takes no more than two, log or none.

    For what is called very often: `first` itself asks whether a log is open, and must not raise. Does nothing when
    there is no such method of Python's, or when it is looked at already.
    """
    call = vars(owner).get(name)
    if isinstance(call, FunctionType) and not is_stand_in(call) and (given := can_give(call.__code__)):
        _begin_with(call, first, given)


def _begin_with(call: FunctionType, first: Callable[..., object], given: int = 0) -> None:
    twin = copy_function(call)
    add_prologue(call, first, given)
    note_stand_in(call, twin)


def _make_first(code: CodeType, look: Look) -> Callable[[], None]:
    """Return what a function with this code is to call first."""
    find_arguments = _make_finder(code)

    def look_first() -> None:
        if active._open:
            try:  # noqa: SIM105 - suppress() takes as long as the rest of it
                look(*find_arguments(sys._getframe(1).f_locals))
            except Exception:
                pass

    return look_first


def _make_finder(code: CodeType) -> Callable[[Mapping[str, Any]], tuple[Sequence[Any], Mapping[str, Any]]]:
    """Return what finds the arguments of a call among a frame's variables, as long as nothing has happened in it."""
    names, count, all_named = code.co_varnames, code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    positional, by_name = names[:count], names[count:all_named]
    extra = iter(names[all_named:])
    rest = next(extra) if code.co_flags & CO_VARARGS else None
    more = next(extra) if code.co_flags & CO_VARKEYWORDS else None

    def find_arguments(known: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        args = [known[name] for name in positional]
        kwargs = {name: known[name] for name in by_name} if by_name else {}
        if rest:
            args += known[rest]
        if more:
            kwargs |= known[more]
        return args, kwargs

    return find_arguments


_SAID_OF_ITSELF = (*functools.WRAPPER_ASSIGNMENTS, "__defaults__", "__kwdefaults__")


def _dispatch(call: Callable[..., Any], look: Look) -> Callable[..., Any]:
    def look_first(*args: Any, **kwargs: Any) -> tuple[()]:
        if active._open:
            with contextlib.suppress(Exception):
                look(args, kwargs)
        return ()  # nothing among the arguments overrides the call

    try:
        from numpy._core._multiarray_umath import (  # type: ignore[import-not-found]  # it has no stub
            _ArrayFunctionDispatcher,
        )
    except ImportError:  # numpy before 2, or after a change of its own: then with a frame
        return _wrap(call, look_first)
    stand_in: Callable[..., Any] = _ArrayFunctionDispatcher(look_first, call)
    return functools.update_wrapper(stand_in, call, _SAID_OF_ITSELF)


def _wrap(call: Callable[..., Any], look_first: Callable[..., object]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        look_first(*args, **kwargs)
        return call(*args, **kwargs)

    return wrapper
