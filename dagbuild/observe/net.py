"""The net under file reads: what is opened in the folders that a node may reach, by whatever opens it.

One for the process, made when the first call is watched, on Linux. Folders are added as they appear; what happened
between calls is dropped. Each call has an account of its own (`catch`), which says what came of it. Where the system
gives too little, `trouble` says so in words. A child of fork has no net of its own until it watches a call.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
from pathlib import Path
from typing import Protocol

from dagbuild.observe.folders import Folder, walk
from dagbuild.observe.inotify import (
    CREATE,
    IGNORED,
    IS_FOLDER,
    MOVED_FROM,
    MOVED_TO,
    OVERFLOW,
    Inotify,
    OwnOpens,
)
from dagbuild.observe.places import PathNames
from dagbuild.observe.seen_folders import take_noted

_LIMITS = Path("/proc/sys/fs/inotify")
_SOME = 8192
_OFTEN = 1000
_SHARE = 2
"""Of the watches that the system gives a user, one in this many: editors need some, too."""
_NOBODYS = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES})
"""Folders that are gone, or that nobody can read in who runs here."""


class Net:
    """The folders that are watched, and the accounts of the calls that run."""

    def __init__(self) -> None:
        self._inotify = Inotify()
        try:
            self._own: OwnOpens | None = OwnOpens()
        except (OSError, AttributeError):  # an old system, or it is forbidden
            self._own = None
        self._trees: dict[str, PathNames] = {}
        self._known_as: dict[str, tuple[int, int]] = {}
        self._single: dict[str, None] = {}
        self._waiting: dict[str, PathNames | None] = {}
        self._accounts: list[Account] = []
        self._opened_here: set[tuple[bytes, str]] | None = set()
        self.lock = threading.RLock()
        self.is_closed = False
        self._start_over()

    def _start_over(self) -> None:
        """Know no folder; watches that are there stay, and are given the same numbers."""
        self._numbers: dict[int, Folder] = {}
        self._paths: dict[str, Folder] = {}
        self._unwatched: dict[str, str] = {}
        self._left = _read_limit() // _SHARE
        self._forgetful = False

    # -- folders -------------------------------------------------------------------------------------------------

    def add_tree(self, root: str, places: PathNames) -> None:
        """Watch a folder and all below it, from the next call on; also when another lies there now."""
        try:
            found = os.stat(root)  # noqa: PTH116 - before each call
        except OSError:
            return
        if root not in self._trees or self._known_as[root] != (found.st_dev, found.st_ino):
            with self.lock:
                self._forget_below(root)
                self._known_as[root] = found.st_dev, found.st_ino
                self._trees[root] = self._waiting[root] = places

    def add_folder(self, folder: str) -> None:
        """Watch a folder alone, from the next call on."""
        if folder not in self._single:
            self._single[folder] = None
            self._waiting.setdefault(folder, None)

    def find(self, folder: str) -> Folder | None:
        """Return what is watched under a path."""
        return self._paths.get(folder)

    def trouble(self, places: PathNames) -> str:
        """Say what of the folders is not watched, or nothing."""
        if not self._unwatched:
            return ""
        count, (path, why) = len(self._unwatched), next(iter(self._unwatched.items()))
        what = places.name(path) + (f" and {count - 1} more folders" if count > 1 else "")
        return f"reads, perhaps, in {what}, which cannot be watched: {why}"

    def _watch_waiting(self) -> None:
        if self._forgetful:
            self._start_over()
            self._waiting = {**dict.fromkeys(self._single), **self._trees}
        while self._waiting:
            root, places = self._waiting.popitem()
            if places is None:
                if self._watch(root) is None:
                    self._single.pop(root, None)  # it may come again
                continue
            for link, target in walk(root, places, self._watch):
                folder, name = os.path.split(target)
                if self._watch(folder) is not None:
                    links = self._paths[folder].links.setdefault(name, [])
                    if link not in links:
                        links.append(link)

    def _watch(self, path: str) -> int | None:
        """Watch a folder, or know it by one path more; None when that cannot be."""
        if (known := self._paths.get(path)) is not None:
            return known.number
        if not self._left:
            self._unwatched[path] = f"{_read_limit()} at most in all (fs.inotify.max_user_watches)"
            return None
        try:
            number = self._inotify.add(path)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self._left = 0
                return self._watch(path)
            if error.errno not in _NOBODYS:
                self._unwatched[path] = error.strerror or str(error)
            return None
        folder = self._numbers.get(number)
        if folder is None:
            self._left -= 1
            folder = self._numbers[number] = Folder(number)
            if self._own is not None:
                with contextlib.suppress(OSError):
                    folder.handle = self._own.add(path)
        folder.paths.append(path)
        self._paths[path] = folder
        if not len(self._paths) % _OFTEN:
            self.drain()  # the walk itself opens folders, and the system remembers only so many events
        return number

    def _forget(self, folder: Folder) -> None:
        if self._numbers.pop(folder.number, None) is not None:
            self._left += 1
        for path in folder.paths:
            self._paths.pop(path, None)
            self._trees.pop(path, None)
            self._single.pop(path, None)

    def _forget_below(self, path: str) -> None:
        """Know no folder any more by a path that begins with this one."""
        for each in [each for each in self._paths if each == path or each.startswith(path + os.sep)]:
            folder = self._paths.pop(each)
            if len(folder.paths) > 1:
                folder.paths.remove(each)
            else:  # what was caught there still needs its name
                self._inotify.remove(folder.number)
                self._forget(folder)

    # -- events --------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Take in what has happened, for all calls that run."""
        if self.is_closed:
            return
        with self.lock:
            for event in self._inotify.read():
                if event.mask & OVERFLOW:
                    self._forgetful = True
                    for account in self._accounts:
                        account.overflowed = True
                elif (folder := self._numbers.get(event.folder)) is not None:
                    if event.mask & IGNORED:
                        self._forget(folder)
                    else:
                        self._take(folder, event.mask, event.name)

    def _take(self, folder: Folder, mask: int, name: str) -> None:
        for account in self._accounts:
            account.take(folder, mask, name)
        if not name or not mask & (CREATE | MOVED_TO | MOVED_FROM):
            return
        path = folder.paths_of(name)[0]
        if mask & IS_FOLDER:
            for each in folder.paths_of(name):
                if mask & MOVED_FROM:
                    self._forget_below(each)
                else:
                    self._wait_for(each)
        elif not mask & MOVED_FROM and os.path.islink(path):  # noqa: PTH114
            self._forget_below(path)
            self._wait_for(os.path.dirname(path))  # noqa: PTH120 - where it leads is for the walk to say

    def _wait_for(self, path: str) -> None:
        """Watch what has appeared in a tree, from the next call on."""
        for root, places in self._trees.items():
            if f"{path}{os.sep}".startswith(root.rstrip(os.sep) + os.sep) and places.counts(path + "/x"):
                self._waiting[path] = places

    def is_opened_here(self, folder: Folder, name: str) -> bool:
        """Tell whether this process itself may have opened a file since the first call began that still runs."""
        if folder.handle is None or self._own is None:
            return True
        found = self._own.take()
        if found is None or self._opened_here is None:
            self._opened_here = None
            return True
        self._opened_here |= found
        return (folder.handle, name) in self._opened_here

    # -- accounts ------------------------------------------------------------------------------------------------

    def open(self, account: Account) -> None:
        """Let an account be told of what happens from here on."""
        with self.lock:
            self.drain()
            if self._waiting or self._forgetful:
                self._watch_waiting()
                self.drain()
            if not self._accounts and self._own is not None:
                self._own.forget()
                self._opened_here = set()
            self._accounts.append(account)

    def close(self, account: Account) -> None:
        """Tell an account the last, and no more."""
        with self.lock:
            self.drain()
            self._accounts.remove(account)

    def let_go(self) -> None:
        """Close what a child of fork has of its parent: what it read there would be taken from the parent."""
        self.is_closed = True
        self._inotify.close()
        if self._own is not None:
            self._own.close()


class Account(Protocol):
    """What is told of what happens while a call runs; `overflowed` that some of it was lost."""

    overflowed: bool

    def take(self, folder: Folder, mask: int, name: str) -> None:
        """Take in an event."""


def _read_limit() -> int:
    try:
        return int((_LIMITS / "max_user_watches").read_text())
    except (OSError, ValueError):
        return _SOME


# -- the one of this process -----------------------------------------------------------------------------------------

_net: Net | None = None
_failure = ""
_lock = threading.Lock()


def find_net(places: PathNames) -> Net | None:
    """Return this process's net, with a project's folder in it; None where there cannot be one."""
    global _net, _failure  # noqa: PLW0603 - a process has one
    if sys.platform != "linux":
        return None
    with _lock:
        if _net is None and not _failure:
            try:
                _net = Net()
            except (OSError, AttributeError) as error:
                _failure = getattr(error, "strerror", None) or str(error)
        if _net is not None:
            _net.add_tree(places.root, places)
            for folder in take_noted():
                _net.add_folder(folder)
    return _net


def find_trouble(places: PathNames) -> str:
    """Say why there is no net where there should be one, or what it does not hold; nothing when all is well."""
    if _net is not None:
        return _net.trouble(places)
    return f"reads in folders which cannot be watched: {_failure}" if _failure else ""


def _drop() -> None:
    global _net, _failure, _lock  # noqa: PLW0603
    _lock = threading.Lock()
    if _net is not None:
        _net.let_go()
    _net, _failure = None, ""


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop)
