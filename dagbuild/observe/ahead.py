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
from types import FrameType, FunctionType
from typing import Any, TypeAlias

from dagbuild.code.stand_ins import is_stand_in, note_stand_in
from dagbuild.observe import active
from dagbuild.observe.prologue import add_prologue, copy_function

Look: TypeAlias = Callable[[Sequence[Any], Mapping[str, Any]], object]
"""Is handed the positional and the other arguments of a call; what it raises is nobody's business."""


def look_ahead(owner: Any, name: str, look: Look) -> None:
    """Have `look` called before each call of an attribute of a module or class, while a collector is open.

    Does nothing when there is no such attribute, or when it is looked at already.
    """
    call = vars(owner).get(name)
    if call is None or is_stand_in(call):
        return
    if isinstance(call, FunctionType):
        twin = copy_function(call)
        add_prologue(call, functools.partial(_look_at_frame, look))
        note_stand_in(call, twin)
        return
    stand_in = _dispatch(call, look)
    setattr(owner, name, stand_in)
    home = sys.modules.get(getattr(call, "__module__", None) or "")
    there = getattr(call, "__name__", name)
    if getattr(home, there, None) is call:
        setattr(home, there, stand_in)  # pickle asks for it where it says that it is defined
    note_stand_in(stand_in, call)


def _look_at_frame(look: Look) -> None:
    if active._open:
        with contextlib.suppress(Exception):
            look(*_find_arguments(sys._getframe(1)))


def _find_arguments(frame: FrameType) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Return what a function was called with, from its frame, as long as nothing has happened in it."""
    code, known = frame.f_code, frame.f_locals
    names = code.co_varnames
    positional, named = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    rest: Sequence[Any] = ()
    more: Mapping[str, Any] = {}
    if code.co_flags & CO_VARARGS:
        rest = known[names[named]]
    if code.co_flags & CO_VARKEYWORDS:
        more = known[names[named + bool(code.co_flags & CO_VARARGS)]]
    given = [known[each] for each in names[:positional]]
    return [*given, *rest], {**{each: known[each] for each in names[positional:named]}, **more}


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
