"""Which record made a value: all that made it, as far as their names, times and runs decide, in little memory.

Knows records; nothing of keys that are today's. The records of a store are read once, when the first is asked for, and
of each some numbers are kept; the few that are chosen are read again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator

from dagbuild.ground.digest import Digest
from dagbuild.model.record import Key, Record
from dagbuild.store.base import Store


class Makers:
    """Finds who made a value of one of `nodes`, or of any other, for which all records have to be read."""

    def __init__(self, store: Store, nodes: Collection[str]) -> None:
        self._store = store
        self._nodes: Collection[str] | None = frozenset(nodes)
        self._read = False

    def find(self, node: str, digest: Digest, taker: Record) -> Record | None:
        """Return the record of a value that `taker` was made of: of its run, else the last before, else the first."""
        if self._nodes is not None and node not in self._nodes:
            self._nodes, self._read = None, False
        if not self._read:
            self._read_all()
            self._read = True
        mine = list(self._find_numbers(hash((node, digest))))
        if not mine:
            return None
        if same := [number for number in mine if self._runs[number] == hash(taker.run)]:
            chosen = same[-1]
        elif before := [number for number in mine if self._started[number] <= taker.started]:
            chosen = max(before, key=self._started.__getitem__)
        else:
            chosen = min(mine, key=self._started.__getitem__)
        key = Key(self._keys[chosen * self._width : (chosen + 1) * self._width].decode("utf-8"))
        found = [
            record
            for record in self._store.find_records([key]).get(key, ())
            if (record.node, record.artifact.digest) == (node, digest)
        ]
        # The very one comes first; of very many under one key, not all may be found.
        marks = self._started[chosen], self._runs[chosen]
        found.sort(key=lambda record: (record.started, hash(record.run)) != marks)
        return found[0] if found else None

    def _find_numbers(self, value: int) -> Iterator[int]:
        at = bisect_left(self._order, value, key=self._values.__getitem__)
        while at < len(self._order) and self._values[self._order[at]] == value:
            yield self._order[at]
            at += 1

    def _read_all(self) -> None:
        # Arrays, as there may be millions: some 70 bytes each.
        self._values, self._runs, self._started = array("q"), array("q"), array("d")
        self._keys, self._width = bytearray(), 0
        for record in self._store.iter_newest(self._nodes):
            key = record.content.encode("utf-8", "replace")
            self._width = self._width or len(key)
            if len(key) != self._width:  # what no dagbuild has written
                continue
            self._values.append(hash((record.node, record.artifact.digest)))
            self._runs.append(hash(record.run))
            self._started.append(record.started)
            self._keys += key
        self._order = array("Q", sorted(range(len(self._values)), key=self._values.__getitem__))
