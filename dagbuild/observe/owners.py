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
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from dagbuild.observe.memory import (
    Change,
    Holder,
    Memo,
    Snapshot,
    is_plain,
    look_up,
    trace,
)
from dagbuild.observe.stacks import Stack, find_reached, is_project_class


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
    """What is in a piece of memory: the thing that was there then, and what had been read for it."""

    value: Any
    reads: dict[Read, None] = field(default_factory=dict)


class Owners:
    """The table of one process."""

    def __init__(self) -> None:
        self._by_holder: dict[Holder, _Kept] = {}
        self._by_thing: dict[int, _Kept] = {}
        self._known: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    # -- a step ----------------------------------------------------------------------------------------------------

    def find_kept(self, holders: Iterable[Holder]) -> list[Read]:
        """Return what was read for the memory that a closure reaches."""
        if not self._by_holder:
            return []
        found: dict[Read, None] = {}
        for holder in holders:
            if (kept := self._find(holder)) is not None:
                found.update(kept.reads)
        return list(found)

    def _find(self, holder: Holder) -> _Kept | None:
        value = look_up(holder)
        kept = self._by_holder.get(holder)
        if kept is not None and kept.value is not value:  # it was reset, or its module was loaded anew
            self._forget(holder)
            kept = None
        return kept or (None if is_plain(value) else self._by_thing.get(id(value)))

    def _forget(self, holder: Holder) -> None:
        kept = self._by_holder.pop(holder)
        if self._by_thing.get(id(kept.value)) is kept:
            del self._by_thing[id(kept.value)]

    def keep(self, changes: Sequence[Change], reads: Reads) -> None:
        """Let each piece of memory that has changed keep what was read for it."""
        reached: dict[Stack, tuple[set[tuple[int, str]], set[int]]] = {}
        for change in changes:
            codes = change.found.find_codes()
            for read, stacks in reads.items():
                if any(_may_keep(change, codes, stack, reached) for stack in stacks):
                    self._give(change.holder, change.value, read)

    def _give(self, holder: Holder, value: Any, read: Read) -> None:
        kept = self._find(holder)
        if kept is None:
            kept = _Kept(value)
        self._by_holder[holder] = kept
        if not is_plain(value):
            self._by_thing[id(value)] = kept
        kept.reads[read] = None

    # -- what nobody saw -------------------------------------------------------------------------------------------

    def find_strange(self, snapshot: Snapshot) -> list[Holder]:
        """Return names whose `lru_cache` holds what it was given while nobody watched."""
        return [
            holder for holder, memo in snapshot.find_memos() if memo.cache_info().misses > self._known.get(memo, 0)
        ]

    def know(self, snapshot: Snapshot) -> None:
        """Note what is in memory now: it was made while somebody watched."""
        for _, memo in snapshot.find_memos():
            self._known[memo] = memo.cache_info().misses

    # -- an import -------------------------------------------------------------------------------------------------

    def keep_imported(self, modules: Iterable[ModuleType], reads: Reads) -> None:
        """Let what `lru_cache` made keep what was read for it while the modules were imported.

        All other memory is what the fingerprint is made of.
        """
        for module in modules:
            for name, value in list(vars(module).items()):
                if not (type(value) is Memo or (isinstance(value, type) and value.__module__ == module.__name__)):
                    continue
                found = trace(value)
                memos = [part for part in found.parts if type(part) is Memo and part.cache_info().misses]
                for memo in memos:
                    self._known[memo] = memo.cache_info().misses
                if memos:
                    inside = {id(part.__wrapped__.__code__) for part in memos if isinstance(part.__wrapped__, FunctionType)}
                    for read, stacks in reads.items():
                        if any(stack is None or any(id(at.code) in inside for at in stack) for stack in stacks):
                            self._give(Holder(module.__name__, name), value, read)


def _may_keep(
    change: Change,
    codes: set[int],
    stack: Stack,
    reached: dict[Stack, tuple[set[tuple[int, str]], set[int]]],
) -> bool:
    """Tell whether what was read while these functions were at work may be in what has changed."""
    if stack is None or any(id(at.code) in codes for at in stack):
        return True
    if change.calls:
        return False
    if stack not in reached:
        reached[stack] = find_reached(stack)
    names, things = reached[stack]
    return change.place in names or (not is_plain(change.value) and id(change.value) in things)


owners = Owners()
"""Of this process."""
