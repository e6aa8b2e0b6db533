"""Run a function and return what it was seen to read.

The door of this package for the worker: installs the hooks once per process and switches them on around a call.
"""

from __future__ import annotations

import glob
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from dagbuild.ground.litter import has_litter
from dagbuild.observe import active
from dagbuild.observe.ahead import look_ahead
from dagbuild.observe.executed import start_watching, stop_watching
from dagbuild.observe.hook import hook
from dagbuild.observe.lookups import watch_lookups
from dagbuild.observe.places import Digester, PathNames
from dagbuild.observe.read_log import ReadLog, Seen
from dagbuild.observe.readers import watch_readers
from dagbuild.observe.variables import watch_variables

_lock = threading.Lock()
_installed = False


def install() -> None:
    """Make this process observable: to be called before the project's modules are imported; more calls do nothing.

    A project's module that says `from pyarrow.csv import read_csv` holds the reader that it found then.
    """
    global _installed  # noqa: PLW0603 - an audit hook cannot be removed, so once is for good
    with _lock:
        if not _installed:
            _installed = True
            sys.addaudithook(hook)
            watch_variables()
            watch_readers()
            watch_lookups()
            look_ahead(threading.Thread, "start", lambda args, _: active.inherit(args[0]))


class Observer:
    """Watches the calls of one step."""

    def __init__(self, places: PathNames, files: Digester, declared: Iterable[str] = ()) -> None:
        install()
        self._places = places
        self._read_log = ReadLog(places, files, declared)

    def declare(self, paths: Iterable[str]) -> None:
        """Leave out these files, and what is below these folders: they count as inputs already."""
        self._read_log.declare(paths)

    def declare_pattern(self, pattern: str) -> None:
        """Leave out what a path, folder or glob taken from the project's root stands for, and its listing."""
        if "://" not in pattern:
            full = self._places.path(pattern)
            found = glob.glob(full, recursive=True)  # noqa: PTH207 - as users write patterns
            if not has_litter(pattern.split("/")):  # else the pattern means such files
                found = [path for path in found if not has_litter(self._places.name(path).split("/"))]
            self._read_log.declare_data([full, *found])

    def call(self, function: Callable[..., Any], /, **arguments: Any) -> Any:
        """Return what the function returns; it, and the threads that it starts, are watched meanwhile."""
        start_watching()
        try:
            with active.reporting(self._read_log):
                return function(**arguments)
        finally:
            stop_watching()

    def finish(self) -> Seen:
        """Return what was seen in all calls, and close the account."""
        with active.quiet():
            return self._read_log.finish()
