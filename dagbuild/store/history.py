"""All records of a folder of segments in the order of time, or those of some nodes, a few in memory at once.

A first look at the lines takes no more of them than time and place, from their bytes: a canonical line is read as a
record only when its turn comes. So the newest few of very many cost little more than reading the files.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from math import isfinite

from dagbuild.ground.digest import canonical_json
from dagbuild.model.record import FORMAT
from dagbuild.store.lines import Line, Position, SegmentEntry, decode_line, tell_damaged, tell_other_version
from dagbuild.store.notices import Notice
from dagbuild.store.segments import SegmentReader, tell_unreadable


class History:
    """Where the records lie, and when each was made."""

    def __init__(self, reader: SegmentReader, nodes: Collection[str] | None, on_notice: Notice) -> None:
        """Look at every line; of `nodes` only, where some are named."""
        self._reader = reader
        self._nodes = nodes
        self._notice = on_notice
        self._names: list[str] = []
        # Arrays, as there may be millions: 32 bytes each.
        self._started = array("d")
        self._segments = array("L")
        self._offsets = array("Q")
        self._lengths = array("L")
        marks = [b'"node":' + canonical_json(node) for node in nodes or ()]
        for name in reader.names():
            try:
                self._look_through(name, marks)
            except FileNotFoundError:  # gc has just merged it into another
                continue
            except OSError as error:
                on_notice(tell_unreadable(name, error))

    def _look_through(self, name: str, marks: Collection[bytes]) -> None:
        others = 0
        for offset, line in self._reader.iter_raw(name):
            if marks and not any(mark in line for mark in marks):
                continue
            if _last_number(line, b'"format":') != FORMAT:
                try:
                    others += decode_line(line).get("format") != FORMAT
                except ValueError:
                    self._notice(tell_damaged(Position(name, offset, len(line))))
                continue
            if not self._names or self._names[-1] != name:
                self._names.append(name)
            self._started.append(_last_number(line, b'"started":') or 0.0)
            self._segments.append(len(self._names) - 1)
            self._offsets.append(offset)
            self._lengths.append(len(line))
        if others:
            self._notice(tell_other_version(others, name))

    def iter_lines(self, *, newest_first: bool = False) -> Iterator[Line]:
        """Yield the lines in order of time."""

        def rank(number: int) -> tuple[float, str, int]:
            return self._started[number], self._names[self._segments[number]], self._offsets[number]

        for number in sorted(range(len(self._started)), key=rank, reverse=newest_first):
            segment = self._names[self._segments[number]]
            position = Position(segment, self._offsets[number], self._lengths[number])
            try:
                line = Line(position, self._reader.read(position))
            except OSError:  # merged into another segment by gc meanwhile
                continue
            except ValueError:
                self._notice(tell_damaged(position))
                continue
            entry = SegmentEntry.of(line)
            if entry is not None and (self._nodes is None or entry.node in self._nodes):
                yield line


def _last_number(line: bytes, key: bytes) -> float | None:
    """Return the last number under a key, which in a record is its own: what comes behind it holds no numbers.

    A quotation mark within a text is escaped, so that no text can hold a key.
    """
    at = line.rfind(key)
    while at >= 0:
        start = at + len(key)
        stop = start
        while line[stop : stop + 1] not in (b",", b"}", b"]", b""):
            stop += 1
        try:
            number = float(line[start:stop])
        except ValueError:
            at = line.rfind(key, 0, at)
        else:
            return number if isfinite(number) else None
    return None
