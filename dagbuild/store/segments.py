"""Record segments: files of lines, each a record's canonical JSON behind its digest.

Knows lines and offsets, not what records are looked up by. Each writer has a segment of its own and holds a lock on it
while it lives; so a segment whose lock is free is finished: it never grows again, and what is torn at its end is
dropped. Segments are the truth about records; everything else is made from them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

from dagbuild.ground import atomic
from dagbuild.ground.digest import canonical_json, digest_bytes
from dagbuild.ground.stamps import Stamp, take_settled
from dagbuild.model.record import FORMAT, Record
from dagbuild.store.folder import read_error
from dagbuild.store.notices import Notice

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock: there, every segment counts as unfinished
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".jsonl"
NAME = re.compile(r"[0-9A-Za-z-]{1,100}\.jsonl")
"""Names from outside (a shared store) must match it before they become paths."""

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
_OPEN_FILES = 64
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


def tell_unreadable(segment: str, error: OSError) -> str:
    """Return what to say of a segment that cannot be read."""
    return f"cache: segment '{segment}' cannot be read ({error.strerror}); skipped"


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


def new_name() -> str:
    """Return a name for a new segment; names sort by the clock, but nothing relies on it."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(6)}{SUFFIX}"


def parse_lines(
    data: bytes, segment: str, offset: int, *, whole: bool, on_notice: Notice, take: Callable[[Line], _T]
) -> tuple[list[_T], int]:
    """Return what is taken of the records in `data`, which starts at `offset` of the segment, and where the last ends.

    `whole`: nothing will follow, so a torn tail is dropped; else it is left for the next call. Damaged lines are
    skipped with a notice; so are records of a format that this version does not read. One record is in memory at a
    time, but for what `take` returns.
    """
    lines: list[_T] = []
    newer = 0
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        if end < 0:
            break
        position = Position(segment, offset + start, end + 1 - start)
        try:
            plain = decode_line(data[start : end + 1])
        except ValueError:
            on_notice(
                f"cache: a record at byte {position.offset:,} of segment '{segment}' is damaged; skipped"
            )
        else:
            if plain.get("format") == FORMAT:
                lines.append(take(Line(position, plain)))
            else:
                newer += 1
        start = end + 1
    if newer:
        on_notice(f"cache: {newer:,} records in segment '{segment}' are {OTHER_VERSION}; skipped")
    return lines, offset + (len(data) if whole else start)


class SegmentWriter:
    """Appends to a segment of its own."""

    def __init__(self, folder: Path) -> None:
        """Make the segment; raises OSError."""
        self.name = new_name()
        self.path = folder / self.name
        part = atomic.part_name(str(self.path))
        self._file = atomic.create(part, flags=os.O_APPEND)
        if fcntl is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            atomic.publish(part, str(self.path))  # locked before it is seen: nobody can take it for finished
        except OSError:
            os.close(self._file)
            atomic.discard(part)
            raise
        self._inode = os.fstat(self._file).st_ino
        self._text = str(self.path)
        self._end = 0

    def is_there(self) -> bool:
        """Tell whether the file still is where it was made, and not deleted under us."""
        try:
            return os.stat(self._text).st_ino == self._inode  # noqa: PTH116 - asked at each record
        except OSError:
            return False

    def append(self, lines: Sequence[bytes]) -> list[Position]:
        """Append lines and return where they lie; on OSError none of them counts."""
        data = b"".join(lines)
        try:
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            # What half a line would do to the next one: a full disk can come free again.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise
        positions = []
        for line in lines:
            positions.append(Position(self.name, self._end, len(line)))
            self._end += len(line)
        return positions

    def sync(self) -> None:
        """Bring the segment to the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Let go of the lock: the segment is finished."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class SegmentReader:
    """Reads segments of one folder, keeping some of them open. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._text = str(folder)
        self._open: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Return the names of all segments, sorted. Raises StoreError."""
        try:
            with os.scandir(self.folder) as entries:
                return sorted(entry.name for entry in entries if NAME.fullmatch(entry.name))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise read_error(self.folder, error) from error

    def read(self, position: Position) -> dict[str, Any]:
        """Return the plain record at a position; raises ValueError when there is no such line, OSError."""
        with self._lock:
            data = os.pread(self._descriptor(position.segment), position.length, position.offset)
        return decode_line(data)

    def look(self) -> tuple[Stamp | None, bool]:
        """Return the folder's stamp, and whether a segment that is made or removed from now on gives it another."""
        return take_settled(self._text, ours=True)

    def size(self, name: str) -> int:
        """Return a segment's size, 0 when it is gone."""
        try:
            return os.stat(os.path.join(self._text, name)).st_size  # noqa: PTH116, PTH118 - as above
        except OSError:
            return 0

    def scan(
        self, name: str, offset: int, on_notice: Notice, take: Callable[[Line], _T]
    ) -> tuple[list[_T], int, bool]:
        """Return what is taken of the records from `offset` on, where to go on, and whether the segment is finished."""
        with contextlib.ExitStack() as stack:
            file = stack.enter_context((self.folder / name).open("rb"))
            finished = _is_finished(
                file.fileno()
            )  # asked first: what a writer adds before it ends is read below
            file.seek(offset)
            data = file.read()
        lines, end = parse_lines(data, name, offset, whole=finished, on_notice=on_notice, take=take)
        return lines, end, finished

    def is_finished(self, name: str) -> bool:
        """Tell whether no writer holds a segment any more."""
        try:
            with (self.folder / name).open("rb") as file:
                return _is_finished(file.fileno())
        except OSError:
            return True

    def iter_lines(self, on_notice: Notice) -> Iterator[Line]:
        """Yield every readable line of every segment."""
        return self.iter_taken(on_notice, _itself)

    def iter_taken(self, on_notice: Notice, take: Callable[[Line], _T]) -> Iterator[_T]:
        """Yield what is taken of every readable line of every segment."""
        for name in self.names():
            try:
                lines = self.scan(name, 0, on_notice, take)[0]
            except FileNotFoundError:  # gc has just merged it into another
                continue
            except OSError as error:
                on_notice(tell_unreadable(name, error))
                continue
            yield from lines

    def find_lines(self, name: str, text: bytes, on_notice: Notice) -> Iterator[Line]:
        """Yield the readable lines of a segment in which a text stands."""
        try:
            data = (self.folder / name).read_bytes()
        except OSError:
            return
        at = data.find(text)
        while at >= 0 and (end := data.find(b"\n", at)) >= 0:
            start = data.rfind(b"\n", 0, at) + 1
            line = data[start : end + 1]
            yield from parse_lines(line, name, start, whole=True, on_notice=on_notice, take=_itself)[0]
            at = data.find(text, end)

    def find_unreadable(self) -> list[str]:
        """Return the names of segments that cannot be opened."""
        found = []
        for name in self.names():
            try:
                (self.folder / name).open("rb").close()
            except FileNotFoundError:
                continue
            except OSError:
                found.append(name)
        return found

    def _descriptor(self, name: str) -> int:
        descriptor = self._open.get(name)
        if descriptor is None:
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a segment")
            descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_CLOEXEC)
            self._open[name] = descriptor
            if len(self._open) > _OPEN_FILES:
                os.close(self._open.popitem(last=False)[1])
        return descriptor

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1])


def _itself(line: Line) -> Line:
    return line


def _is_finished(descriptor: int) -> bool:
    """Tell whether no writer holds the segment any more."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def write_segment(folder: Path, lines: Iterable[bytes]) -> str:
    """Write a finished segment in one go, as compaction does; returns its name. Raises OSError."""
    name = new_name()
    with (
        atomic.Replacing(str(folder / name), sync=True) as part,  # gone at once where it took the last room
        open(atomic.create(part), "wb") as file,  # noqa: PTH123 - a descriptor
    ):
        file.writelines(lines)
    return name
