"""What the net caught during one call: files that somebody opened and no hook told of.

Each of them counts as read, as `ReadLog` counts what it is told, unless it is the call's own work or nobody's business:

- A file that was made during the call is the call's own; so is one that was opened to write only.
- One that was there before, was changed and then opened counts as it is in the end: it may be another's change. Changed
  after it was opened, it is not known what was read: the value is not recorded.
- Where no process of ours was there, what others opened does not count, if the system tells whose an open is.
- A source file that is imported here too counts only where a program was started: worker processes are handed functions
  that the fingerprint knows, and another build imports what it likes.
- A folder that was listed counts where files of it were read: by the names that end as theirs do. So does one further
  up, where all between were listed, too: who imports lists the folder of his modules, and no further.

Which is opened to write shows when it is closed, so an account is closed at the end. Knows nothing of descriptors.
"""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from dagbuild.ground.stamps import TICK_NS
from dagbuild.observe import active
from dagbuild.observe.folders import Folder
from dagbuild.observe.importing import source_of
from dagbuild.observe.inotify import CLOSE_READ, CLOSE_WRITE, CREATE, IS_FOLDER, OPEN
from dagbuild.observe.net import Net, find_net, find_trouble
from dagbuild.observe.places import PathNames
from dagbuild.observe.processes import Processes
from dagbuild.observe.read_log import ReadLog

_BESIDE = ("-shm", "-journal")
"""What sqlite keeps beside a database to be able to work; what is in it is in the database or its -wal, too."""

_HEAD = 16


@contextmanager
def watching(read_log: ReadLog, places: PathNames) -> Iterator[None]:
    """Report to the log what this thread does meanwhile, and what the net sees."""
    with active.reporting(read_log):
        with active.quiet():
            net = find_net(places)
            catch = Catch(net, read_log, places) if net is not None else None
        try:
            yield
        finally:
            with active.quiet():
                if catch is not None:
                    catch.close()
                if trouble := find_trouble(places):
                    read_log.note("net", trouble)


@dataclass(slots=True)
class _Happened:
    """What happened to a file: `first` is the event that it began with; `broken` when it changed after it was read."""

    first: int
    opens: int = 0
    reads: int = 0
    writes: int = 0
    changed: bool = False
    broken: bool = False
    done: bool = False

    @property
    def is_read(self) -> bool:
        """Whether it was opened to read, or is still open."""
        return self.reads > 0 or self.opens > self.writes


class Catch:
    """The account of one call."""

    def __init__(self, net: Net, read_log: ReadLog, places: PathNames) -> None:
        self._net = net
        self._log = read_log
        self._places = places
        self.overflowed = False
        self._happened: dict[tuple[Folder, str], _Happened] = {}
        self._listed: set[Folder] = set()
        self._born: tuple[str, ...] = ()
        self._read: dict[str, None] = {}
        self._processes = Processes()
        net.open(self)
        self._began = time.time_ns()
        read_log.before_change, read_log.often = self.look_at, net.drain

    def take(self, folder: Folder, mask: int, name: str) -> None:
        """Take in an event."""
        if mask & IS_FOLDER:
            if not name and mask & OPEN:
                self._listed.add(folder)
            elif name and mask & CREATE:
                self._born = (*self._born, *(path + os.sep for path in folder.paths_of(name)))
        elif name:
            happened = self._happened.get((folder, name))
            if happened is None:
                happened = self._happened[folder, name] = _Happened(mask)
            if mask & OPEN:
                happened.opens += 1
            elif mask & CLOSE_READ:
                happened.reads += 1
            else:
                happened.writes += bool(mask & CLOSE_WRITE)
                happened.changed = True
                happened.broken |= happened.is_read

    def look_at(self, path: str) -> None:
        """Report what happened to a file until now, for the call itself is about to change it."""
        self._net.drain()
        head, name = os.path.split(path)
        folder = self._net.find(head)
        if folder is not None and (happened := self._happened.get((folder, name))) is not None:
            self._weigh(folder, name, happened)

    def close(self) -> None:
        """Report all that nobody has told of; nothing in a child of fork that leaves the call, too."""
        if self._net.is_closed:
            return
        self._net.close(self)
        self._log.before_change = self._log.often = None
        if self.overflowed:
            self._log.note("net", "opens more files at once than the system can tell of")
        for (folder, name), happened in self._happened.items():
            self._weigh(folder, name, happened)
        self._weigh_listings()

    # -- files ---------------------------------------------------------------------------------------------------

    def _weigh(self, folder: Folder, name: str, happened: _Happened) -> None:
        """Report a file that counts as read."""
        if happened.done or not happened.opens or happened.first & CREATE:
            return
        paths = [source_of(path) for path in folder.paths_of(name)]
        if any(self._log.knows(path) for path in paths) or paths[0].startswith(self._born):
            return
        if not self._is_ours(folder, name) or not self._is_data(paths[0]):
            return
        try:
            found = os.stat(paths[0])  # noqa: PTH116 - once for each file
        except OSError:
            if happened.first & OPEN:  # it was there, and is gone
                self._log.distrust(paths[0])
            return
        if not stat.S_ISREG(found.st_mode) or (found.st_dev, found.st_ino) in self._told:
            return
        # Files are stamped by a clock that may be a tick behind: within that, it does not show what was there before.
        later, perhaps = found.st_ctime_ns > self._began, found.st_ctime_ns > self._began - TICK_NS
        if later and not happened.is_read:
            return
        if (happened.broken and perhaps) or (later and not happened.changed):
            self._log.distrust(paths[0])
            return
        happened.done = True
        inside = [path for path in paths if self._places.is_inside(path) and _is_same(path, found)]
        for path in inside or paths[:1]:
            self._log.read_late(path)
            self._read[path] = None
            if beside := _find_beside(path):
                self._log.read_late(beside)

    def _is_ours(self, folder: Folder, name: str) -> bool:
        """Tell whether this process or one that it started may have opened a file."""
        return self._processes.any() or self._net.is_opened_here(folder, name)

    def _is_data(self, path: str) -> bool:
        """Tell whether a file says something that neither the fingerprint nor another file does."""
        if path.endswith(".py"):
            return self._processes.programs() or (self._processes.any() and path not in self._imported)
        base = next((path.removesuffix(end) for end in _BESIDE if path.endswith(end)), "")
        return not base or not (self._log.knows(base) or os.path.exists(base))  # noqa: PTH110

    @cached_property
    def _imported(self) -> set[str]:
        return {str(vars(module).get("__file__")) for module in list(sys.modules.values()) if module}

    @cached_property
    def _told(self) -> set[tuple[int, int]]:
        """The files that were told of, however their paths were spelled."""
        found = set()
        for path in self._log.known_paths():
            try:
                told = os.stat(path)  # noqa: PTH116
            except OSError:
                continue
            found.add((told.st_dev, told.st_ino))
        return found

    # -- listings ------------------------------------------------------------------------------------------------

    def _weigh_listings(self) -> None:
        for path in [path for path in self._read if not path.endswith(".py")]:
            head, name = os.path.split(path)
            pattern = "*" + glob.escape(os.path.splitext(name)[1])  # noqa: PTH122
            while self._is_listed(head):
                self._log.list(os.path.join(glob.escape(head), pattern))  # noqa: PTH118
                head, pattern = os.path.dirname(head), os.path.join("*", pattern)  # noqa: PTH118, PTH120

    def _is_listed(self, path: str) -> bool:
        folder = self._net.find(path)
        return folder is not None and folder in self._listed


def _find_beside(path: str) -> str:
    """Return where a database keeps what was written last, whether or not there is such a file now."""
    with contextlib.suppress(OSError), open(path, "rb") as file:  # noqa: PTH123
        head = file.read(_HEAD)
        if head.startswith(b"SQLite format 3"):
            return f"{path}-wal"
        if head[8:12] == b"DUCK":
            return f"{path}.wal"
    return ""


def _is_same(path: str, wanted: os.stat_result) -> bool:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)
