"""The lines of segments: each a record's canonical JSON behind its digest.

Knows bytes, and what a record is looked up by; no files. Guards: a line that is read is what was written, whoever has
the file, and reading it costs no more than its length says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, NamedTuple, NoReturn, TypeVar

from dagbuild.ground.digest import canonical_json, digest_bytes
from dagbuild.model.record import FORMAT, Record
from dagbuild.store.notices import Notice

OTHER_VERSION = "of another version of dagbuild"
"""Stands in notices about lines that are whole but not ours to read."""

LARGEST = 32 << 20
"""Bytes of a line: what is longer is no record, whoever wrote it."""

_CROWDED = 1 << 20
"""Bytes of a line from which on it is counted how many things there are in it, before they are made."""

_THINGS = 3_000_000
_LONGEST_NAME = 4096

_T = TypeVar("_T")

_HEAD = len(digest_bytes(b"")) + 1
_FUTURE = 86_400.0


class Position(NamedTuple):
    """Where a record's line lies."""

    segment: str
    offset: int
    length: int


class Line(NamedTuple):
    """A line that is whole: where it lies and its plain JSON."""

    position: Position
    data: dict[str, Any]

    @property
    def thin(self) -> dict[str, Any]:
        """The plain record without what only explains it, which is most of it."""
        return {**self.data, "manifest": [], "observations": [], "log": ""}


class SegmentEntry(NamedTuple):
    """What is looked up by, of the record at a position."""

    position: Position
    keys: tuple[str, ...]
    node: str
    started: float

    @classmethod
    def of(cls, line: Line) -> SegmentEntry | None:
        """Return the entry of a line, or None when it is no record."""
        data = line.data
        try:
            texts = (data["node"], data["deep"], data["content"], data.get("unnamed", ""))
            if any(type(text) is not str or len(text) > _LONGEST_NAME for text in texts):
                return None
            started = float(data["started"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        if not isfinite(started):
            return None
        return cls(line.position, tuple(dict.fromkeys(filter(None, texts[1:]))), texts[0], started)

    def rank(self) -> tuple[float, Position]:
        """Return what to compare ages by: a clock that once ran ahead must not make a record the newest for ever."""
        return (self.started if self.started < time.time() + _FUTURE else 0.0, self.position)


def tell_damaged(position: Position) -> str:
    """Return what to say of a line that does not match its digest."""
    return f"cache: a record at byte {position.offset:,} of segment '{position.segment}' is damaged; skipped"


def tell_other_version(count: int, segment: str) -> str:
    """Return what to say of lines of a segment that are of another version of dagbuild."""
    return f"cache: {count:,} records in segment '{segment}' are {OTHER_VERSION}; skipped"


def encode_line(record: Record) -> bytes:
    """Return a record's line."""
    return encode_data(record.to_json())


def encode_data(data: dict[str, Any]) -> bytes:
    """Return the line of a plain record."""
    body = canonical_json(data)
    return digest_bytes(body).encode("ascii") + b" " + body + b"\n"


def decode_line(line: bytes) -> dict[str, Any]:
    """Return the plain form in a line, with or without its end; raises ValueError when the line is damaged."""
    if len(line) > _CROWDED:
        _check_size(line)
    body = line[_HEAD:].rstrip(b"\n")
    if line[: _HEAD - 1] != digest_bytes(body).encode("ascii") or line[_HEAD - 1 : _HEAD] != b" ":
        raise ValueError("the line does not match its digest")
    try:
        data = _decode(body.decode("ascii"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("not a record")
    return data


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of a record's")


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _check_size(line: bytes) -> None:
    if len(line) > LARGEST or sum(map(line.count, (b",", b"[", b"{"))) > _THINGS:
        raise ValueError("it is too long")


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines of a whole segment, as they are, whatever they say; raises ValueError when one is damaged."""
    lines = data.splitlines(keepends=True)
    for line in lines:
        body = line[_HEAD:-1]
        if line[-1:] != b"\n" or line[:_HEAD] != digest_bytes(body).encode("ascii") + b" ":
            raise ValueError("a line does not match its digest")
    return lines


def read_lines(raw: Iterable[tuple[int, bytes]], segment: str, on_notice: Notice) -> Iterator[Line]:
    """Yield the records of lines that begin at these offsets of the segment.

    Damaged lines are skipped with a notice; so are records of a format that this version does not read.
    """
    newer = 0
    for offset, line in raw:
        position = Position(segment, offset, len(line))
        try:
            plain = decode_line(line)
        except ValueError:
            on_notice(tell_damaged(position))
        else:
            if plain.get("format") == FORMAT:
                yield Line(position, plain)
            else:
                newer += 1
    if newer:
        on_notice(tell_other_version(newer, segment))


def parse_lines(
    data: bytes, segment: str, offset: int, *, whole: bool, on_notice: Notice, take: Callable[[Line], _T]
) -> tuple[list[_T], int]:
    """Return what is taken of the records in `data`, which starts at `offset` of the segment, and where the last ends.

    `whole`: nothing will follow, so a torn tail is dropped; else it is left for the next call. One record is decoded at
    a time, but for what `take` returns. See `read_lines`.
    """
    taken = [take(line) for line in read_lines(_split(data, offset), segment, on_notice)]
    return taken, offset + (len(data) if whole else data.rfind(b"\n") + 1)


def _split(data: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    start = 0
    while (end := data.find(b"\n", start) + 1) > 0:
        yield offset + start, data[start:end]
        start = end
