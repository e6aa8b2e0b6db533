"""See which environment variables the project's own code looks up.

Python tells of variables that are set, but not of those that are read. Looking at all of them at once (to hand them
to a process) is noted, not observed: they differ in every terminal.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping, Sequence
from types import CodeType, FrameType
from typing import Any

from dagbuild.observe import active, ahead
from dagbuild.observe.places import is_project_code
from dagbuild.observe.world import EVERY_VARIABLE

_THROUGH = (
    "<frozen os>",
    "<frozen _collections_abc>",
    "/os.py",
    "/_collections_abc.py",
    ahead.__file__,
    __file__,
)

_everything: set[tuple[str, int]] = set()
"""Lines that go through all variables: a look-up of one of them there says nothing."""


def watch_variables() -> None:
    """Report look-ups in `os.environ` from here on."""
    ahead.look_ahead(type(os.environ), "__getitem__", _look_up)
    ahead.look_ahead(type(os.environ), "__iter__", _look_at_all)


def _look_up(args: Sequence[Any], _: Mapping[str, Any]) -> None:
    environ, key = args
    name = key if isinstance(key, str) else os.fsdecode(key)  # os.environb is of this class, too
    read_logs = active.find_read_logs()
    for read_log in read_logs:
        if not read_log.knows_variable(name):
            break
    else:
        return
    line = _find_line()
    if line is not None and line not in _everything:
        value = environ._data.get(environ.encodekey(key))
        for read_log in read_logs:
            read_log.read_variable(name, None if value is None else os.fsdecode(value))


def _look_at_all(_args: Sequence[Any], _kwargs: Mapping[str, Any]) -> None:
    if (read_logs := active.find_read_logs()) and (line := _find_line()):
        _everything.add(line)
        for read_log in read_logs:
            read_log.note("environment", EVERY_VARIABLE)


@functools.cache
def _speaks_of_it(code: CodeType) -> bool:
    """Tell whether code has a name with "env" in it.

    Extension modules have no frames: without this, what pyarrow 26 looks up seems to be its caller's.
    """
    return any("env" in name.lower() for name in (*code.co_names, *code.co_varnames, *code.co_freevars))


def _find_line() -> tuple[str, int] | None:
    """Return the line of the project's code that asks, or None when a library does."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.endswith(_THROUGH):
        frame = frame.f_back
    if frame is None or not is_project_code(frame.f_code.co_filename) or not _speaks_of_it(frame.f_code):
        return None
    return frame.f_code.co_filename, frame.f_lineno
