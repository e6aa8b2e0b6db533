"""Run a function and return what it was seen to read.

The door of this package for the worker: installs the hooks once per process and switches them on around a call.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Collection, Iterable
from types import ModuleType
from typing import Any, TypeVar

from dagbuild.ground.matching import find_files
from dagbuild.model.record import STALE, Note
from dagbuild.observe import active
from dagbuild.observe.ahead import look_ahead
from dagbuild.observe.executed import start_watching, stop_watching
from dagbuild.observe.hook import hook
from dagbuild.observe.lookups import watch_lookups
from dagbuild.observe.memory import Change, MemoryState, find_keepers
from dagbuild.observe.owners import Read, owners
from dagbuild.observe.places import Digester, PathNames
from dagbuild.observe.project_code import find_outside
from dagbuild.observe.read_log import ReadLog
from dagbuild.observe.readers import watch_readers
from dagbuild.observe.seen import Seen
from dagbuild.observe.seen_folders import note_folder_of, note_folders_of
from dagbuild.observe.stacks import At, Stack, door, locate, unwrap
from dagbuild.observe.takeover import Takeover
from dagbuild.observe.variables import watch_variables

T = TypeVar("T")

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


@door
def watch_import(
    function: Callable[[], T],
    places: PathNames,
    files: Digester,
    modules: Iterable[ModuleType],
    *,
    known: Collection[tuple[str, str]] | None = None,
) -> T:
    """Return what a function returns that imports the modules, which need not be there before.

    What memory keeps of what they read is noted for later steps; `known` is what another process has seen them read.
    """
    from dagbuild.observe.catch import watching

    install()
    read_log = ReadLog(places, files)
    with watching(read_log, places):
        result = function()
    with active.quiet():
        read_log.finish()
        owners.keep_imported(modules, dict(read_log.list_reads()), known)
    return result


class Observer:
    """Watches the calls of one step; `closure` are the names of the project's code that it reaches."""

    def __init__(
        self,
        places: PathNames,
        files: Digester,
        declared: Iterable[str] = (),
        closure: Collection[str] = (),
    ) -> None:
        install()
        self._places = places
        self._read_log = ReadLog(places, files, declared, self._look_at_memory)
        self._takeover = Takeover(places, files)
        self._closure = closure
        self._called: set[At] = set()
        self._seen: Seen | None = None
        self._memory: MemoryState | None = None
        self._kept = self._find_kept()

    def _find_kept(self) -> list[Read]:
        """Return what others have read for memory that the step reaches.

        What has changed since is taken out of memory where that can be done, so that the step reads it again.
        """
        for holder in owners.find_strange(self._closure):
            text = f"takes from memory what `{holder.name}` was asked for before dagbuild looked"
            self._read_log.add_note(Note("memory", text))
        kept = owners.find_kept(self._closure)
        if any(map(self._takeover.is_old, kept)):
            for holder, read in owners.drop_old(self._closure, self._takeover.is_old):
                name = ("$" if read.kind == "env" else "") + self._takeover.name(read)
                text = f"finds {name} in memory as it was before it changed, in `{holder.name}`"
                self._read_log.add_note(Note(STALE, text, remedy="a new process reads it again"))
            kept = owners.find_kept(self._closure)
        return kept

    def _look_at_memory(self) -> None:
        """Look what memory holds before anything is read, or made of what others have read."""
        if self._memory is None:
            self._memory = MemoryState(self._closure)

    def declare(self, paths: Iterable[str], *, ours: bool = False) -> None:
        """Leave out these files, and what is below these folders: they count as inputs already.

        `ours`: builds write there, so it says nothing that one changes.
        """
        self._read_log.declare(paths, ours=ours)

    def declare_pattern(self, pattern: str) -> None:
        """Leave out what a path, folder or glob taken from the project's root stands for, and its listing."""
        if "://" not in pattern:
            full = self._places.path(pattern)
            if os.path.isdir(full):  # noqa: PTH112
                self._read_log.declare_data([full])
            else:  # what is in a folder that it matches is none of it
                self._read_log.declare([full, *find_files(full)])

    @door
    def call(self, function: Callable[..., Any], /, **arguments: Any) -> Any:
        """Return what the function returns; it, and the threads that it starts, are watched meanwhile."""
        from dagbuild.observe.catch import watching  # only where something runs

        for given in arguments.values():
            if isinstance(given, str | os.PathLike) and os.path.isabs(given):  # noqa: PTH117 - a path, perhaps
                note_folder_of(os.fspath(given), self._places)
        if self._kept:
            self._look_at_memory()
            if (own := unwrap(function)) is not None:
                self._called.add(locate(own.__code__, own.__globals__))
        start_watching()
        try:
            with watching(self._read_log, self._places):
                return function(**arguments)
        except BaseException:
            self.leave()
            raise
        finally:
            stop_watching()

    def leave(self) -> None:
        """Close the account of a step that has failed: what it read may be in memory all the same."""
        with active.quiet():
            if self._seen is None and self._find_changes():
                self.finish()

    def finish(self) -> Seen:
        """Return what was seen in all calls, and close the account."""
        if self._seen is None:
            with active.quiet():
                self._seen = self._finish()
                note_folders_of(self._seen.observations, self._places)
        return self._seen

    def _finish(self) -> Seen:
        seen = self._read_log.finish()
        if changes := self._find_changes():
            reads: dict[Read, Collection[Stack]] = dict(self._read_log.list_reads())
            # Who made memory out of memory has not read, but has done it himself.
            reads |= {read: [frozenset(self._called)] for read in self._kept if read not in reads}
            outside = find_outside(seen.ran, self._closure)
            reads |= {Read("code", f"{ran.module}:{ran.qualname}", ran): [None] for ran in outside}
            owners.keep(changes, reads)
        return self._takeover.add(self._kept, seen, self._read_log.is_declared) if self._kept else seen

    def _find_changes(self) -> list[Change]:
        changes = self._memory.find_changes() if self._memory else []
        # Of what no hook saw nobody knows whether it came before the first look.
        return changes + (find_keepers(self._closure) if self._read_log.late else [])
