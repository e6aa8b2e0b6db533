"""Remember whose a read is: of the memory that it was put into, not of the node that happened to be first.

`@lru_cache def load()`, `global T`, a cached property, a dict of the module's: the first node reads a file, the next
ones find it in memory and open nothing. What a step has changed in the memory of its process keeps what the step was
seen to read (`close`), and each later step whose closure reaches that memory takes it over (`open`). So does what was
read while the project was imported (`close_import`). One table for the process, as memory is.

A function that keeps nothing owns nothing: each node that calls it reads by itself, and is seen to.

Knows nothing of hooks, files or records. Guards: no read is lost because it happened in another step; none is taken
over from memory that is there no longer, as after a reload.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from dagbuild.observe.contents import Contents, is_plain, look_through
from dagbuild.observe.memory import (
    Change,
    Holder,
    find_holders,
    find_home,
    find_lru_caches,
    look_up,
    put_back,
)
from dagbuild.observe.stacks import Stack, find_reached, unwrap


class Read(NamedTuple):
    """Something that was read: `name` is a whole path or pattern for files and listings.

    `data` is the digest of what was read, None where it changed meanwhile; of code that ran and of notes the thing
    itself.
    """

    kind: str
    name: str
    data: Any


Reads = Mapping[Read, Collection[Stack]]
"""What was read, with the functions that were at work each time."""


@dataclass
class _Kept:
    """What is in a piece of memory: where it is, what was there then and before, and what was read for it.

    `home` are the names of its module; `binder` is the function that bound the name, where no closure speaks of that.
    """

    holder: Holder
    value: Any
    before: Contents | None
    home: Mapping[str, Any] | None
    binder: tuple[Holder, Any] | None = None
    reads: dict[Read, None] = field(default_factory=dict)

    def is_there(self) -> bool:
        """Tell whether memory still is what it was: neither reset, nor of a module that was loaded anew."""
        return (
            look_up(self.holder) is self.value
            and find_home(self.holder) is self.home
            and (self.binder is None or look_up(self.binder[0]) is self.binder[1])
        )


class Owners:
    """The table of one process."""

    def __init__(self) -> None:
        self._by_holder: dict[Holder, _Kept] = {}
        self._by_thing: dict[int, _Kept] = {}
        self._watched: weakref.WeakSet[Any] = weakref.WeakSet()
        self._strange: dict[Holder, Any] = {}
        self._imported: set[tuple[str, str]] = set()
        self._met = False

    # -- a step ----------------------------------------------------------------------------------------------------

    def find_kept(self, names: Iterable[str]) -> list[Read]:
        """Return what was read for the memory that a closure reaches."""
        return list(dict.fromkeys(read for kept in self._find_all(names) for read in kept.reads))

    def _find_all(self, names: Iterable[str]) -> list[_Kept]:
        if not self._by_holder:
            return []
        found = [kept for holder in find_holders(names) if (kept := self._find(holder)) is not None]
        return list({id(kept): kept for kept in found}.values())

    def _find(self, holder: Holder) -> _Kept | None:
        kept, value = self._by_holder.get(holder), look_up(holder)
        kept = kept or (None if is_plain(value) else self._by_thing.get(id(value)))
        if kept is not None and not kept.is_there():
            self._forget(kept)
            return None
        return kept

    def _forget(self, kept: _Kept) -> None:
        self._by_holder = {each: other for each, other in self._by_holder.items() if other is not kept}
        if self._by_thing.get(id(kept.value)) is kept:
            del self._by_thing[id(kept.value)]

    def keep(self, changes: Sequence[Change], reads: Reads) -> None:
        """Let each piece of memory that has changed keep what was read for it."""
        reached: dict[Stack, tuple[set[tuple[int, str]], set[int]]] = {}
        for change in changes:
            codes = change.found.find_codes()
            for read, stacks in reads.items():
                if any(_may_keep(change, codes, stack, reached) for stack in stacks):
                    self._give(change, read)

    def _give(self, change: Change, read: Read) -> None:
        kept = self._find(change.holder)
        if kept is None:
            binder = (change.binder, look_up(change.binder)) if change.binder else None
            kept = _Kept(change.holder, change.value, change.before, find_home(change.holder), binder)
        self._by_holder[change.holder] = kept
        if change.binder is not None:
            self._by_holder[change.binder] = kept
        if not is_plain(change.value):
            self._by_thing[id(change.value)] = kept
        kept.reads[read] = None

    def drop_old(self, names: Iterable[str], is_old: Callable[[Read], bool]) -> list[tuple[Holder, Read]]:
        """Empty the memory that holds something which was read before it changed; return what cannot be emptied."""
        left: list[tuple[Holder, Read]] = []
        for kept in self._find_all(names):
            if old := [read for read in kept.reads if is_old(read)]:
                if put_back(kept.holder, kept.before or look_through(kept.value)):
                    self._forget(kept)
                else:
                    left += [(kept.holder, read) for read in old]
        return left

    # -- what was in memory before the first step ------------------------------------------------------------------

    @property
    def imported(self) -> frozenset[tuple[str, str]] | None:
        """What was read while modules were imported here, by kind and name; None where nobody watched that."""
        return None if self._met else frozenset(self._imported)

    def keep_imported(
        self,
        modules: Iterable[ModuleType],
        reads: Reads,
        known: Collection[tuple[str, str]] | None = None,
    ) -> None:
        """Let what `lru_cache` made keep what was read for it while the modules were imported.

        All other memory is what the fingerprint is made of. Where it is `known` what the import of the same modules
        reads, what is not in there and was caught without anybody at work another process has read.
        """
        if known is not None:
            reads = {
                read: stacks
                for read, stacks in reads.items()
                if None not in stacks or (read.kind, read.name) in known
            }
        self._imported.update((read.kind, read.name) for read in reads)
        for holder, cache in find_lru_caches(modules):
            self._watched.add(cache)
            if not cache.cache_info().misses:
                continue
            value = look_up(holder)
            change = Change(holder, value, None, look_through(value))
            codes = {id(function.__code__) for function in [unwrap(cache)] if function is not None}
            for read, stacks in reads.items():
                if any(stack is None or any(id(at.code) in codes for at in stack) for stack in stacks):
                    self._give(change, read)

    def meet(self, modules: Iterable[ModuleType]) -> None:
        """Note what `lru_cache` made in modules that somebody else imported: what is in there, nobody saw."""
        self._met = True
        for holder, cache in find_lru_caches(modules):
            if cache not in self._watched and cache.cache_info().misses:
                self._strange[holder] = look_up(holder)
            self._watched.add(cache)

    def find_strange(self, names: Iterable[str]) -> list[Holder]:
        """Return what a closure reaches and held something before anybody looked."""
        if not self._strange:
            return []
        return [
            holder
            for holder in find_holders(names)
            if holder in self._strange and self._strange[holder] is look_up(holder)
        ]


def _may_keep(
    change: Change,
    codes: set[int],
    stack: Stack,
    reached: dict[Stack, tuple[set[tuple[int, str]], set[int]]],
) -> bool:
    """Tell whether what was read while these functions were at work may be in what has changed."""
    if stack is None or change.loose or any(id(at.code) in codes for at in stack):
        return True
    if change.calls:
        return False
    if stack not in reached:
        reached[stack] = find_reached(stack)
    names, things = reached[stack]
    return change.place in names or (not is_plain(change.value) and id(change.value) in things)


owners = Owners()
"""Of this process."""
