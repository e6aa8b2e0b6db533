"""Where the records of a key lie: a memo over segments that can be made again.

Knows rows, no files: the table is the memo's. A row under "k" + key lists positions, one under "n" + node the newest of
them, one under "s" + segment says how far that segment has been folded in, and the one under "t" names the table.
Guards: rows of a segment and the offset they reach up to are set in one transaction, so that no line is folded twice
and none is left out; and who has read how far the segments are folded in gets no answer from another table, which may
have taken that one's place within the same file.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, NoReturn

from dagbuild.ground.digest import canonical_json
from dagbuild.store.lines import Position, SegmentEntry
from dagbuild.store.memo import Memo, MemoChangedError

ENTRIES_AT_ONCE = 20_000
"""In one transaction: others wait for it."""

RECENT = 5
"""So many of the newest entries of a node are known, to explain by: the newest may be of another config."""

_TABLE = b"t"


class Folded(NamedTuple):
    """How far a segment has been folded in, and whether it can still grow."""

    end: int
    finished: bool


class Piece(NamedTuple):
    """Some of a segment: its entries, and how far it has been folded in with them; `last`, all of it that is known."""

    segment: str
    entries: Sequence[SegmentEntry]
    reached: Folded
    last: bool


def cut(tails: Mapping[str, tuple[Sequence[SegmentEntry], Folded]]) -> Iterator[list[Piece]]:
    """Yield what segments hold in pieces, as many together as one transaction may take."""
    together: list[Piece] = []
    room = ENTRIES_AT_ONCE
    for segment, (entries, state) in tails.items():
        start = 0
        while len(entries) - start > room:
            some = entries[start : start + room]
            if some:
                end = some[-1].position
                together.append(Piece(segment, some, Folded(end.offset + end.length, False), last=False))
            yield together
            start += room
            together, room = [], ENTRIES_AT_ONCE
        together.append(Piece(segment, entries[start:], state, last=True))
        room -= len(entries) - start
    if together:
        yield together


class Index:
    """The look-up table of one folder of segments. Raises MemoChangedError wherever it reads."""

    def __init__(self, memo: Memo) -> None:
        self._memo = memo
        self._table: bytes | None = None  # its name, once it is known

    @classmethod
    def absent(cls) -> Index:
        """Return an index that has folded nothing and never will."""
        return cls(Memo.absent())

    def load(self) -> dict[str, Folded]:
        """Return how far each segment has been folded in."""
        self._table = self._memo.find([_TABLE]).get(_TABLE)
        rows = self._memo.find_prefix(b"s")
        if rows and self._table is None:
            if self._memo.find([_TABLE]):
                raise MemoChangedError("it was set up just now")
            self.distrust("it has no name")
        return {key[1:].decode("utf-8", "replace"): self._folded(value) for key, value in rows.items()}

    def find_keys(self, keys: Collection[str]) -> dict[str, list[Position]]:
        """Return the positions under each key."""
        rows = self._find([b"k" + key.encode("utf-8", "surrogatepass") for key in keys])
        return {
            key[1:].decode("utf-8", "surrogatepass"): self._positions(value) for key, value in rows.items()
        }

    def find_nodes(self, nodes: Collection[str]) -> dict[str, list[SegmentEntry]]:
        """Return the newest entries of each node, without their keys, the newest first."""
        rows = self._find([b"n" + node.encode("utf-8", "surrogatepass") for node in nodes])
        return {
            key[1:].decode("utf-8", "surrogatepass"): self._entries(key, value) for key, value in rows.items()
        }

    def _find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        rows = self._memo.find([_TABLE, *keys])
        if rows.pop(_TABLE, None) != self._table:
            raise MemoChangedError("another table is in its place")
        return rows

    def fold(self, pieces: Sequence[Piece]) -> bool:
        """Add pieces of segments in one transaction; what others have folded meanwhile is left out. Tells success."""
        with self._memo.writing() as table:
            if table is None:
                return False
            keys = [b"s" + piece.segment.encode() for piece in pieces]
            rows = self._memo.find([_TABLE, *keys])
            if self._table is None:
                self._table = rows.get(_TABLE)
            name = rows.get(_TABLE) or secrets.token_bytes(8)
            if self._table not in (None, name):
                raise MemoChangedError("another table is in its place")
            news: list[SegmentEntry] = []
            reached = []
            for key, piece in zip(keys, pieces, strict=True):
                before = rows.get(key)
                start = self._folded(before) if before is not None else Folded(0, False)
                if start.end <= piece.reached.end and start != piece.reached:
                    news += [entry for entry in piece.entries if entry.position.offset >= start.end]
                    reached.append((key, canonical_json(piece.reached)))
            if reached:
                table.set_rows(sorted(self._merge(news)))  # in the order in which they lie in the table
                table.set_rows([(_TABLE, name), *reached])
        self._table = name
        return True

    def _merge(self, entries: Sequence[SegmentEntry]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows that hold what is there and `entries`."""
        added: dict[str, list[Position]] = {}
        newest: dict[str, list[SegmentEntry]] = {}
        for entry in entries:
            for key in entry.keys:
                added.setdefault(key, []).append(entry.position)
            newest[entry.node] = keep_newest([*newest.get(entry.node, ()), entry])
        there = self.find_keys(added)
        alone = {entry.position: canonical_json([entry.position]) for entry in entries}
        for key, positions in added.items():
            before = there.get(key, ())
            is_alone = len(positions) == 1 and not before
            told = alone[positions[0]] if is_alone else canonical_json([*before, *positions])
            yield b"k" + key.encode("utf-8", "surrogatepass"), told
        nodes = self.find_nodes(newest)
        for node, new in newest.items():
            row = [[entry.position, entry.started] for entry in keep_newest([*nodes.get(node, ()), *new])]
            yield b"n" + node.encode("utf-8", "surrogatepass"), canonical_json(row)

    def distrust(self, why: str) -> NoReturn:
        """Drop the table, which was seen to be wrong."""
        self._memo.drop(why)

    def close(self) -> None:
        """Close files."""
        self._memo.close()

    # -- rows ------------------------------------------------------------------------------------------------------

    def _folded(self, value: bytes) -> Folded:
        try:
            end, finished = json.loads(value)
            return Folded(int(end), bool(finished))
        except (ValueError, TypeError):
            self.distrust("a row is damaged")

    def _positions(self, value: bytes) -> list[Position]:
        try:
            return [
                Position(str(segment), int(offset), int(length))
                for segment, offset, length in json.loads(value)
            ]
        except (ValueError, TypeError):
            self.distrust("a row is damaged")

    def _entries(self, key: bytes, value: bytes) -> list[SegmentEntry]:
        try:
            node = key[1:].decode("utf-8", "surrogatepass")
            return [
                SegmentEntry(Position(str(segment), int(offset), int(length)), (), node, float(started))
                for (segment, offset, length), started in json.loads(value)
            ]
        except (ValueError, TypeError):
            self.distrust("a row is damaged")


def keep_newest(entries: Collection[SegmentEntry]) -> list[SegmentEntry]:
    """Return the newest of a node's entries, the newest first."""
    if len(entries) == 1:
        return list(entries)
    known = {entry.position: entry for entry in entries}
    return sorted(known.values(), key=SegmentEntry.rank, reverse=True)[:RECENT]
