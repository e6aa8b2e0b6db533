"""Record segments: files of lines, each a record's canonical JSON behind its digest.

Knows lines and offsets, not what records are looked up by. Each writer has a segment of its own and holds a lock on it
while it lives; so a segment whose lock is free is finished: it never grows again, and what is torn at its end is
dropped. Segments are the truth about records; everything else is made from them.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from dagbuild.ground import atomic
from dagbuild.ground.stamps import Stamp, take_settled
from dagbuild.store.folder import read_error
from dagbuild.store.lines import Line, Position, decode_line, parse_lines, read_lines
from dagbuild.store.notices import Notice

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock: there, every segment counts as unfinished
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".jsonl"
NAME = re.compile(r"[0-9A-Za-z-]{1,100}\.jsonl")
"""Names from outside (a shared store) must match it before they become paths."""

_T = TypeVar("_T")

_OPEN_FILES = 64
READ_BYTES = 4 << 20


def tell_unreadable(segment: str, error: OSError) -> str:
    """Return what to say of a segment that cannot be read."""
    return f"cache: segment '{segment}' cannot be read ({error.strerror}); skipped"


def new_name() -> str:
    """Return a name for a new segment; names sort by the clock, but nothing relies on it."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(6)}{SUFFIX}"


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
        return decode_line(self.read_line(position))

    def read_line(self, position: Position) -> bytes:
        """Return what lies at a position, whatever it is; raises ValueError when there is no such segment, OSError."""
        with self._lock:
            return os.pread(self._descriptor(position.segment), position.length, position.offset)

    def look(self) -> tuple[Stamp | None, bool]:
        """Return the folder's stamp, and whether a segment that is made or removed from now on gives it another."""
        return take_settled(self._text, ours=True)

    def size(self, name: str) -> int:
        """Return a segment's size, 0 when it is gone."""
        try:
            return os.stat(os.path.join(self._text, name)).st_size  # noqa: PTH116, PTH118 - as above
        except OSError:
            return 0

    def total(self) -> int:
        """Return the size of all segments."""
        return sum(map(self.size, self.names()))

    def scan(
        self, name: str, offset: int, on_notice: Notice, take: Callable[[Line], _T]
    ) -> tuple[list[_T], int, bool]:
        """Return what is taken of some records from `offset` on, where to go on, and whether that is the end for ever.

        Not more of a segment is read than so many bytes: it may hold the records of years.
        """
        with (self.folder / name).open("rb") as file:
            finished = _is_finished(file.fileno())  # asked first: what a writer adds before it ends is read
            file.seek(offset)
            data = file.read(READ_BYTES)
            if len(data) == READ_BYTES:
                data += file.readline()
            finished = finished and not file.read(1)
        lines, end = parse_lines(data, name, offset, whole=finished, on_notice=on_notice, take=take)
        return lines, end, finished

    def iter_raw(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Yield the offset of each line that has an end, and the line, whatever it says; raises OSError."""
        offset = 0
        with (self.folder / name).open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield offset, line
                offset += len(line)

    def is_finished(self, name: str) -> bool:
        """Tell whether no writer holds a segment any more."""
        try:
            with (self.folder / name).open("rb") as file:
                return _is_finished(file.fileno())
        except OSError:
            return True

    def iter_lines(self, on_notice: Notice) -> Iterator[Line]:
        """Yield every readable line of every segment, one in memory at a time."""
        for name in self.names():
            try:
                yield from read_lines(self.iter_raw(name), name, on_notice)
            except FileNotFoundError:  # gc has just merged it into another
                continue
            except OSError as error:
                on_notice(tell_unreadable(name, error))

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
