"""All records of a folder of segments, and their look-up.

Knows keys and nodes, and where lines lie; the records themselves are read from the segments each time, digest checked
unless the very bytes were before.
What the index has folded in is asked there; what it has not is kept in memory. Guards: a record that was appended, by
whichever process, is found by the next look-up; and no state of the index can make a look-up wrong.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from dagbuild.ground import gc_pause
from dagbuild.ground.errors import StoreError
from dagbuild.ground.stamps import Stamp
from dagbuild.model.record import Key, Record
from dagbuild.store.history import History
from dagbuild.store.index import ENTRIES_AT_ONCE, Folded, Index, cut, keep_newest
from dagbuild.store.lines import Position, SegmentEntry, decode_line
from dagbuild.store.memo import MemoChangedError
from dagbuild.store.notices import Notice
from dagbuild.store.segments import SegmentReader, tell_unreadable

FOLD_BYTES = 256 * 1024
FOLD_SEGMENTS = 64
"""So much is read from segments at each start before it is worth folding into the index."""

_LONG = range(8 * 1024, 256 * 1024)
"""Bytes of a line that takes longer to parse than to compare: of a table with hundreds of blobs."""

_KEPT = 32
"""Long lines whose records are kept."""

_FOLD_PAUSE = 30.0
"""Seconds until folding is tried again after it failed."""

_DISAGREES = "it does not agree with the segments"

_T = TypeVar("_T")
_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass
class Tail:
    """What the index has not folded in of a segment: the entries up to the offset `end`.

    `own`: this process has appended all that is in the segment from there on, so that it need not be looked at.
    """

    end: int = 0
    finished: bool = False
    own: bool = False
    entries: list[SegmentEntry] = field(default_factory=list)


class RecordLog:
    """Look-up over segments. Safe to use from several threads."""

    def __init__(
        self,
        reader: SegmentReader,
        index: Index,
        on_notice: Notice,
        *,
        fold_bytes: int = FOLD_BYTES,
        parse: Callable[[Mapping[str, Any]], Record] = Record.from_json,
        newest: int | None = None,
    ) -> None:
        """`parse` makes a record of its plain form, and raises ValueError where it is none.

        `newest`: so many records of one key are enough, of those in the segments that were begun last.
        """
        self._parse = parse
        self._decode_kept = lru_cache(_KEPT)(self._decode)
        self._enough = newest
        self._reader = reader
        self._index = index
        self._notice = on_notice
        self._fold_bytes = fold_bytes
        self._fold_after = 0.0
        self._lock = threading.RLock()
        self._said: set[str] = set()
        self._folded: dict[str, Folded] | None = None
        self._tails: dict[str, Tail] = {}
        self._keys: dict[str, list[Position]] = {}
        self._newest: dict[str, list[SegmentEntry]] = {}
        self._listed: Stamp | None = None  # the folder as it was listed, where every change since shows

    def add(self, positions: Sequence[Position], records: Sequence[Record]) -> None:
        """Take note of records that this process has just appended, so that they need not be read back."""
        with self._lock:
            for position, record in zip(positions, records, strict=True):
                tail = self._tails.setdefault(position.segment, Tail())
                tail.own = tail.end == position.offset
                if tail.own:
                    self._enter(tail, SegmentEntry(position, record.keys, record.node, record.started))
                    tail.end += position.length

    def finish(self, segment: str) -> None:
        """Take note that this process will append no more to a segment of its own."""
        with self._lock:
            if segment in self._tails:
                self._tails[segment].finished = True

    def find(self, keys: Collection[Key], *, all_of: bool = False) -> dict[Key, list[Record]]:
        """Return the records under each key, oldest first; none where they cannot be read, which is told.

        With `all_of`, of very many under one key not the newest only.
        """
        return self._look_up(lambda: self._find(keys, None if all_of else self._enough))

    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        """Return the newest records of each node, at most so many and the newest first; as `find` does."""
        return self._look_up(lambda: self._find_latest(nodes, count))

    def iter_records(
        self, *, nodes: Collection[str] | None = None, newest_first: bool = False
    ) -> Iterator[Record]:
        """Yield all records, oldest first, or the newest; of these `nodes` only, where they are named."""
        history = History(self._reader, nodes, self._say_once)
        yield from self._parse_all(line.data for line in history.iter_lines(newest_first=newest_first))

    def scan_records(self) -> Iterator[Record]:
        """Yield all records as they lie, without manifests, observations and logs."""
        yield from self._parse_all(line.thin for line in self._reader.iter_lines(self._say_once))

    def _parse_all(self, records: Iterable[dict[str, Any]]) -> Iterator[Record]:
        for data in records:
            with contextlib.suppress(ValueError):
                yield self._parse(data)

    @gc_pause.paused()
    def fold(self) -> None:
        """Bring into the index what it lacks, if that is much; costs nothing else."""
        with self._lock, contextlib.suppress(MemoChangedError):
            if self._tails:
                if self._folded is None:
                    self._folded = self._index.load()
                self._fold_if_much()

    def close(self) -> None:
        """Close files; they are opened again when needed."""
        self._reader.close()
        self._index.close()

    # -- looking up ------------------------------------------------------------------------------------------------

    def _look_up(self, look_up: Callable[[], dict[_K, _V]]) -> dict[_K, _V]:
        try:
            return self._retrying(look_up)
        except StoreError as error:
            self._say_once(f"cache: {error}")
            return {}

    def _retrying(self, look_up: Callable[[], _T]) -> _T:
        """Look up again when the index turns out to be another one than it was; at last without it."""
        with self._lock:
            for attempt in range(4):
                try:
                    self._refresh()
                    return look_up()
                except MemoChangedError:
                    self._forget()
                if attempt == 2:
                    self._index = Index.absent()
            raise StoreError(f"the records in '{self._reader.folder}' change faster than they can be read")

    def _find(self, keys: Collection[Key], enough: int | None) -> dict[Key, list[Record]]:
        folded = self._index.find_keys(keys) if self._folded else {}
        found: dict[Key, list[Record]] = {}
        for key in keys:
            positions = [*folded.get(key, ()), *self._keys.get(key, ())]
            if len(positions) > 1:
                positions = sorted(set(positions))[-enough if enough else 0 :]
            records = [record for record in map(self._read, positions) if record is not None]
            if any(key not in record.keys for record in records):
                self._index.distrust(_DISAGREES)
            if records:
                found[key] = sorted(records, key=lambda record: record.started)
        return found

    def _find_latest(self, nodes: Collection[str], count: int) -> dict[str, list[Record]]:
        folded = self._index.find_nodes(nodes) if self._folded else {}
        found: dict[str, list[Record]] = {}
        for node in nodes:
            entries = keep_newest([*folded.get(node, ()), *self._newest.get(node, ())])[:count]
            records = [record for entry in entries if (record := self._read(entry.position)) is not None]
            if any(record.node != node for record in records):
                self._index.distrust(_DISAGREES)
            if records:
                found[node] = records
        return found

    def _read(self, position: Position) -> Record | None:
        try:
            line = self._reader.read_line(position)
        except (OSError, ValueError):
            self._index.distrust(_DISAGREES)
        try:
            return (self._decode_kept if len(line) in _LONG else self._decode)(line)
        except ValueError as error:
            self._say_once(f"cache: a record in segment '{position.segment}' cannot be used: {error}")
            return None

    def _decode(self, line: bytes) -> Record:
        """Return the record of a line; raises ValueError where it is none."""
        try:
            data = decode_line(line)
        except ValueError:
            self._index.distrust(_DISAGREES)
        return self._parse(data)

    # -- keeping up with the folder ----------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._folded = None
        self._tails = {}
        self._listed = None
        self._rebuild_tables()
        self._reader.close()

    def _refresh(self) -> None:
        """Take note of all that is in the segments by now."""
        if self._folded is None:
            self._folded = self._index.load()
        names = self._find_grown(self._folded)
        fresh = 0
        for name in names:
            tail = self._tails.get(name) or Tail(self._folded.get(name, Folded(0, False)).end)
            before = -1
            while tail.end > before and not tail.finished:
                before = tail.end
                try:
                    entries, tail.end, tail.finished = self._reader.scan(
                        name, tail.end, self._say_once, SegmentEntry.of
                    )
                except FileNotFoundError:
                    break
                except OSError as error:
                    self._say_once(tell_unreadable(name, error))
                    break
                self._tails[name] = tail
                for entry in entries:
                    if entry is not None:
                        self._enter(tail, entry)
                fresh += len(entries)
                # Where the index was lost, this is all that there is, and must not come to lie in memory.
                if fresh >= ENTRIES_AT_ONCE:
                    self._fold_if_much()
                    fresh = 0
        if names:
            self._fold_if_much()

    def _find_grown(self, folded: dict[str, Folded]) -> list[str]:
        """Return the segments that hold more than is known."""
        stamp, settled = self._reader.look()
        if stamp is None or stamp != self._listed:
            names = self._reader.names()
            gone = (folded.keys() | self._tails.keys()) - set(names)
            if gone & folded.keys():
                self._index.distrust("segments were removed or merged")
            for name in gone:
                del self._tails[name]
            if gone:
                self._rebuild_tables()
            self._listed = stamp if settled else None
            news = [name for name in names if name not in self._tails and not self._is_done(folded, name)]
        else:
            news = []
        growing = [
            name
            for name, tail in self._tails.items()
            if not (tail.finished or tail.own) and self._reader.size(name) != tail.end
        ]
        return news + growing

    @staticmethod
    def _is_done(folded: dict[str, Folded], name: str) -> bool:
        return name in folded and folded[name].finished

    def _enter(self, tail: Tail, entry: SegmentEntry) -> None:
        tail.entries.append(entry)
        self._enter_tables(entry)

    def _enter_tables(self, entry: SegmentEntry) -> None:
        for key in entry.keys:
            self._keys.setdefault(key, []).append(entry.position)
        self._newest[entry.node] = keep_newest([*self._newest.get(entry.node, ()), entry])

    def _rebuild_tables(self) -> None:
        self._keys = {}
        self._newest = {}
        for tail in self._tails.values():
            for entry in tail.entries:
                self._enter_tables(entry)

    def _fold_if_much(self) -> None:
        assert self._folded is not None
        size = sum(
            tail.end - self._folded.get(name, Folded(0, False)).end for name, tail in self._tails.items()
        )
        finished = sum(tail.finished for tail in self._tails.values())
        if (size < self._fold_bytes and finished < FOLD_SEGMENTS) or time.monotonic() < self._fold_after:
            return
        self._fold_after = time.monotonic() + _FOLD_PAUSE  # until it has worked
        tails = {name: (tail.entries, Folded(tail.end, tail.finished)) for name, tail in self._tails.items()}
        for pieces in cut(tails):
            if not self._index.fold(pieces):
                return
            for piece in pieces:
                if piece.last:
                    self._folded[piece.segment] = piece.reached
                    self._tails[piece.segment].entries = []
                    if piece.reached.finished:
                        del self._tails[piece.segment]
        self._rebuild_tables()
        self._fold_after = 0.0

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._notice(text)
