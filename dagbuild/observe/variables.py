"""See which environment variables are looked up, by their names or all together.

Python tells of variables that are set, but not of those that are read. A look-up counts when the project's code asks,
see `asking`. Who goes through all of them depends on all, but for those that tell the surroundings
(`ground/environment`), unless the copy is handed to a process that is started: of that nothing is seen anyhow.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from dagbuild.ground.environment import tells_surroundings
from dagbuild.observe import active
from dagbuild.observe.ahead import begin_with, look_ahead
from dagbuild.observe.asking import find_asker, find_reader, spells
from dagbuild.observe.copies import find_taken
from dagbuild.observe.places import is_own_code
from dagbuild.observe.read_log import ReadLog
from dagbuild.observe.world import LETS_LOOK


def watch_variables() -> None:
    """Report look-ups in `os.environ` from here on."""
    environ = type(os.environ)
    begin_with(environ, "__getitem__", _look_up)
    begin_with(environ, "__iter__", functools.partial(_look_at_all, values=False))
    begin_with(environ, "__len__", functools.partial(_look_at_all, values=False))
    look_ahead(environ, "__repr__", lambda args, _: _look_at_all(args[0], values=True))


def _look_up(environ: Any, key: Any) -> None:
    if not active._open:
        return
    try:
        read_logs = active.find_read_logs()
        for read_log in read_logs:
            if key not in read_log.variables.known:
                break
            read_log.variables.read_again(key)
        else:
            return
        name = key if isinstance(key, str) else os.fsdecode(key)  # os.environb is of this class, too
        asker = find_asker(sys._getframe(1), name)
        if asker is not None:
            with active.quiet():
                value = environ._data.get(environ.encodekey(key))
                _report(read_logs, name, None if value is None else os.fsdecode(value), asker)
    except Exception:  # what goes wrong here is nobody's business
        pass


def _report(read_logs: Sequence[ReadLog], name: str, value: str | None, asker: FrameType) -> None:
    line = (asker.f_code.co_filename, asker.f_lineno)
    for read_log in read_logs:
        if (asker.f_code, asker.f_lasti) in read_log.variables.known_places:
            continue
        if line in read_log.variables.lines_of_all:
            read_log.variables.read_all(values=True)
        elif not read_log.variables.lines_of_all or not tells_surroundings(name) or spells(asker, name):
            read_log.variables.read(name, value)


def _look_at_all(_: Any, *, values: bool) -> None:
    if not active._open:
        return
    read_logs = active.find_read_logs()
    if not read_logs:
        return
    with suppress(Exception):
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and is_own_code(frame.f_code.co_filename):
            frame = frame.f_back
        asker, library = find_reader(frame)
        if asker is None:
            return
        with active.quiet():
            taken = frozenset() if library else find_taken(asker.f_code, asker.f_lasti)
            for read_log in read_logs:
                if taken is None or read_log.variables.trusts_nobody:
                    read_log.variables.look_at_all((asker.f_code.co_filename, asker.f_lineno), values=values)
                    continue
                read_log.variables.known_places.add((asker.f_code, asker.f_lasti))
                for name in taken:
                    read_log.variables.read(name, os.environ.get(name))
                if library and library not in sys.stdlib_module_names:
                    read_log.note("environment", f"{LETS_LOOK}: {library}")
