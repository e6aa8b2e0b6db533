"""Collect what one call reads: files, listings, variables, and what cannot be followed.

The hook, and what looks ahead of readers and of the environment, report here; at the end what they saw becomes
observations. Knows nothing of audit events or threads.

A file counts with the content that it had when it was opened. Where the node itself replaces it later, it is digested
just before; where somebody else does, the run's value cannot be recorded (`Seen.unstable`). A file that was written so
lately that its stamp would not show that is digested when it is opened, too.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType
from urllib.parse import unquote, urlsplit

from dagbuild.ground.digest import Digest
from dagbuild.ground.litter import is_hidden, is_litter
from dagbuild.ground.matching import fixed_folder, is_pattern, match
from dagbuild.ground.stamps import Stamp, is_settled, stamp_of, take_stamp
from dagbuild.model.record import Note, Observation
from dagbuild.observe.owners import Read
from dagbuild.observe.places import (
    ABSENT,
    Digester,
    PathNames,
    digest_paths,
    find_project_line,
)
from dagbuild.observe.seen import Seen, tell_codes, tell_modules
from dagbuild.observe.stacks import Stack, find_stack
from dagbuild.observe.variable_log import VariableLog
from dagbuild.observe.world import HANDS_ON, NETWORK

_OFTEN = 1000


class ReadLog:
    """What one call has read so far. Safe to report to from several threads.

    `on_first` is called before the first read. `late` tells whether something was read that nobody saw when it was.
    """

    trusts_nobody = False
    """Whether all variables count for who goes through them: those that tell the surroundings, too, and libraries."""

    def __init__(
        self,
        places: PathNames,
        files: Digester,
        declared: Iterable[str] = (),
        on_first: Callable[[], None] = lambda: None,
    ) -> None:
        self._places = places
        self._digester = files
        self._declared: set[str] = set()
        self._data: set[str] = set()
        self._files: dict[str, Stamp | None] = {}
        self._young: dict[str, Digest | None] = {}  # what was in files whose stamps do not tell
        self._digests: dict[str, Digest] = {}
        self._listings: dict[str, Digest] = {}
        self._written: set[str] = set()
        self._made: tuple[str, ...] = ()
        self._touched: set[str] = set()
        self._ours: set[str] = set()
        self._distrusted: set[str] = set()
        self.variables = VariableLog(
            places,
            lambda name: self._note_stack("env", name),
            lambda: self.note(*_HANDS_ON),
            trusts_nobody=self.trusts_nobody,
        )
        self._notes: dict[tuple[str, str], Note] = {}
        self._unstable: set[str] = set()
        self._modules: dict[str, None] = {}
        self._heard: set[str] = set()
        self._on_first = on_first
        self._stacks: dict[tuple[str, str], list[Stack]] = {}
        self.late = False
        self._inputs: dict[str, Stamp | None] = {}  # what was read and is declared
        self.codes: dict[CodeType, None] = {}
        self.before_change: Callable[[str], None] | None = None
        """Is told of each file that the call itself is about to change."""
        self.often: Callable[[], None] | None = None
        """Is called once in a while, where many files are opened."""
        self._reads = 0
        self.declare(declared)

    def declare(self, paths: Iterable[str], *, ours: bool = False) -> None:
        """Leave out these files, and what is below these folders: they count as inputs already.

        `ours`: builds write there, so it says nothing that one changes.
        """
        full = [self._places.absolute(path) for path in paths]
        self._declared.update(full)
        if ours:
            self._ours.update(full)

    def declare_data(self, paths: Iterable[str]) -> None:
        """Leave out these files and folders of data; what tools leave in folders does not count as an input."""
        self._data.update(self._places.absolute(path) for path in paths)

    # -- files ---------------------------------------------------------------------------------------------------

    def read(self, path: str | bytes | os.PathLike[str]) -> None:
        """Note that a file is about to be read."""
        self._reads += 1
        if not self._reads % _OFTEN and self.often is not None:
            self.often()
        full = self._places.absolute(_text(path))
        if full in self._written or not self._is_data(full):
            return
        self._note_stack("file", full)
        if full in self._files:
            if self._files[full] is None and full not in self._digests and take_stamp(full) is not None:
                self._unstable.add(full)  # it was not there before
            return
        moment = time.time_ns()
        try:
            found = os.stat(full)  # noqa: PTH116 - once for each opened file
        except OSError:
            self._files[full] = None
            return
        if stat.S_ISREG(found.st_mode):  # no folder, pipe or device
            self._files[full] = stamp_of(found)
            if not is_settled(stamp_of(found), moment) and not self.is_declared(full):
                self._young[full] = digest_paths(self._digester, [full]).get(full)

    def hear(self, path: str | bytes | os.PathLike[str]) -> None:
        """Know that a file is opened and that it says nothing: to import it, or to quote it."""
        self._heard.add(self._places.absolute(_text(path)))

    def knows(self, path: str) -> bool:
        """Tell whether it is known who opened a file, or whether it does not count who did."""
        known = path in self._files or path in self._written or path in self._heard
        return known or not self._is_data(path) or self.is_declared(path)

    def known_paths(self) -> Iterator[str]:
        """Yield the paths by which files were opened, so far as it was told."""
        yield from self._files
        yield from self._written
        yield from self._heard

    def distrust(self, path: str) -> None:
        """Note that a file was read, and that nobody knows what was in it."""
        self._files[path] = None
        self._unstable.add(path)
        self._distrusted.add(path)

    def read_late(self, path: str) -> None:
        """Note that a file was read at some time by who knows whom: all that may hold something may hold it."""
        self.late = True
        self.read(path)
        if (stacks := self._stacks.get(("file", self._places.absolute(path)))) is not None:
            stacks.append(None)

    def read_any(self, path: str | os.PathLike[str]) -> None:
        """Note that a reader is handed a path: a file, a folder of files, a pattern or a `file:` URL."""
        text = _text(path)
        if "://" in text or text.startswith("file:"):
            if not text.startswith("file:"):
                url = urlsplit(text)
                self.note_network(f"{url.scheme}://{url.hostname or ''}")  # no password, no signed path
                return
            text = unquote(urlsplit(text).path)
        full = self._places.absolute(text)
        if not is_pattern(full) and os.path.isdir(full):  # noqa: PTH112
            full = os.path.join(full, "**")  # noqa: PTH118
        if not is_pattern(full) or os.path.exists(full):  # noqa: PTH110 - a file may be called "a[1].csv"
            self.read(full)
            return
        self.list(full)
        for each in find_matching(full):
            self.read(each)

    def write(self, path: str | bytes | os.PathLike[str], *, whole: bool = True) -> None:
        """Note that a file is about to be changed; `whole` when nothing of what it holds now will be left."""
        full = self._places.absolute(_text(path))
        self._settle(full)
        if whole and full not in self._files:
            self._written.add(full)

    def move(self, old: str | bytes, new: str | bytes) -> None:
        """Note that a file is about to take another's place."""
        source, target = self._places.absolute(_text(old)), self._places.absolute(_text(new))
        self._settle(source)
        self._settle(target)
        if source in self._written and target not in self._files:
            self._written.add(target)

    def make_folder(self, path: str | bytes) -> None:
        """Note that a folder is about to be made: all that will be in it is the node's own."""
        full = self._places.absolute(_text(path))
        if not os.path.exists(full):  # noqa: PTH110
            self._made = (*self._made, full + os.sep)

    def _settle(self, path: str) -> None:
        """Digest what was read before it is overwritten."""
        self._touched.add(path)
        if self.before_change is not None:
            self.before_change(path)
        if path in self._files and self._files[path] is None and path not in self._unstable:
            self._digests.setdefault(path, ABSENT)  # if it is there later, the node itself has made it
        if path in self._digests or self._files.get(path) is None:
            return
        digest = digest_paths(self._digester, [path]).get(path)
        if digest is not None and self._is_same(path, digest):
            self._digests[path] = digest
        else:
            self._unstable.add(path)

    def _is_same(self, path: str, digest: Digest) -> bool:
        """Tell whether a file that has this digest now is what was opened."""
        return take_stamp(path) == self._files[path] and self._young.get(path, digest) == digest

    def _is_data(self, path: str) -> bool:
        return self._places.counts(path) and not (self._made and path.startswith(self._made))

    def list(self, path: str | bytes) -> None:
        """Note that a folder's names, or those that a pattern matches, are about to be read."""
        full = self._places.absolute(_text(path))
        name = self._places.listing_name(full)
        if self._is_data(full + os.sep):
            self._note_stack("listing", name)
            if name not in self._listings:
                self._listings[name] = self._places.digest_listing(name)

    # -- the rest ------------------------------------------------------------------------------------------------

    def look_up_module(self, name: str) -> None:
        """Note that a module was asked for by a name that its code may have made: all of it may be used."""
        self._modules[name] = None

    def note(self, kind: str, text: str) -> None:
        """Note something that cannot be followed."""
        self._note_stack(kind, text)
        if (kind, text) not in self._notes:
            where = find_project_line(2)
            file, _, line = where.rpartition(":")
            self.add_note(Note(kind, text, f"{self._places.name(file)}:{line}" if file else ""))

    def add_note(self, note: Note) -> None:
        """Note something that is true of the whole step."""
        self._notes[note.kind, note.text] = note

    def _note_stack(self, kind: str, name: str) -> None:
        """Note which functions are at work at a read; of what is read very often anybody may keep it."""
        stacks = self._stacks.get((kind, name))
        if stacks is None:
            if not self._stacks and not self.late:
                self._on_first()
            self._stacks[kind, name] = [find_stack() if len(self._stacks) < _MANY else None]
        elif stacks[-1] is not None:
            stacks.append(find_stack() if len(stacks) < _SO_OFTEN else None)

    def note_network(self, other: str) -> None:
        """Note that something is asked of another machine; which one is not said where the environment names it."""
        host = other.rpartition("/")[2]
        hidden = not host or any(host in text for text in os.environ.values())
        self.note("network", NETWORK if hidden else f"{NETWORK}: {other}")

    def finish(self) -> Seen:
        """Return all that was seen, in a fixed order."""
        absent = {
            path: self._places.name(path)
            for path, stamp in self._files.items()
            if stamp is None and path not in self._distrusted
        }
        for path in [path for path in self._files if self.is_declared(path)]:
            self._inputs[path] = stamp = self._files.pop(path)
            if path in self._touched or path in self._distrusted or _is_below(path, self._ours):
                self._unstable.discard(path)  # who knows what was declared looks whether it is still that
            elif take_stamp(path) != stamp:
                self._unstable.add(path)
        self._digest_rest()
        self._unstable.update(self._find_changed_folders())
        found = [
            Observation("listing", name, digest)
            for name, digest in self._listings.items()
            if not self.is_declared(self._places.path(name))
        ]
        found += [
            Observation("file", self._places.name(path), digest)
            for path, digest in self._digests.items()
            if path not in self._inputs  # of what the step has changed, it was looked at before that
        ]
        found += [Observation("env", name, digest) for name, digest in self.variables.find().items()]
        if not self.variables.are_handed_on:
            self._notes.pop(_HANDS_ON, None)
        return Seen(
            observations=tuple(sorted(found, key=lambda o: (o.kind, o.name))),
            notes=tuple(self._notes.values()),
            unstable=tuple(sorted(self._places.name(path) for path in self._unstable)),
            written=frozenset(self._touched),
            absent=absent,
            ran=(*tell_codes(self.codes, self._places), *tell_modules(self._modules, self._places)),
        )

    def _find_changed_folders(self) -> Iterator[str]:
        """Yield the declared folders and patterns whose names are others than when they were listed."""
        for name, digest in self._listings.items():
            path = self._places.path(name)
            if not self.is_declared(path) or _is_below(path, self._ours):
                continue
            folder = fixed_folder(path)
            by_itself = any(Path(each).is_relative_to(folder) for each in self._touched)
            if not by_itself and self._places.digest_listing(name) != digest:
                yield path

    def _digest_rest(self) -> None:
        """Digest what was read and not replaced since, by the node or by others."""
        rest: list[str] = []
        for path, stamp in self._files.items():
            if path in self._digests or path in self._unstable:
                continue
            if stamp is None:
                self._digests[path] = ABSENT
            else:
                rest.append(path)
        digests = digest_paths(self._digester, rest) if rest else {}
        for path in rest:
            if path in digests and self._is_same(path, digests[path]):
                self._digests[path] = digests[path]
            else:
                self._unstable.add(path)

    # -- what was read for memory that others reach ----------------------------------------------------------------

    def list_reads(self) -> Iterator[tuple[Read, Sequence[Stack]]]:
        """Yield what was read, declared files included, with who was at work; to be called after `finish`."""
        for (kind, name), stacks in self._stacks.items():
            match kind:
                case "file":
                    yield Read(kind, name, self._find_content(name)), stacks
                case "listing":
                    end = "/" if name.endswith("/") else ""
                    yield Read(kind, self._places.path(name) + end, self._listings.get(name)), stacks
                case "env":
                    if (digest := self.variables.get(name)) is not None:
                        yield Read(kind, name, digest), stacks
                case _:
                    yield Read("note", f"{kind} {name}", self._notes.get((kind, name))), stacks

    def _find_content(self, path: str) -> Digest | None:
        """Return the digest of what was in a file when it was read; None when that is not known."""
        if path not in self._inputs:
            return self._digests.get(path)
        stamp = self._inputs[path]
        if stamp is None:
            return ABSENT
        digest = digest_paths(self._digester, [path]).get(path)
        return digest if take_stamp(path) == stamp else None

    def is_declared(self, path: str) -> bool:
        """Tell whether a file counts as an input already, by itself or by a folder that it is in."""
        if not self._declared and not self._data:
            return False
        below, tidy = path, True
        while True:
            if below in self._declared or (tidy and below in self._data):
                return True
            parent, name = os.path.split(below)
            if parent == below:
                return False
            tidy = tidy and not is_litter(name)
            below = parent


def _is_below(path: str, places: Collection[str]) -> bool:
    return any(path == place or path.startswith(place + os.sep) for place in places)


_HANDS_ON = ("environment", HANDS_ON)
_SO_OFTEN = 50
"""Times that one thing is read by one step, after which nobody looks any more at who reads it."""
_MANY = 300
"""Things that one step reads, after which the same holds for further ones."""


def find_matching(pattern: str) -> list[str]:
    """Return the files that match a pattern."""
    return [path for path in match(pattern, is_hidden) if os.path.isfile(path)]  # noqa: PTH113


def _text(path: str | bytes | os.PathLike[str]) -> str:
    return os.fsdecode(path)
