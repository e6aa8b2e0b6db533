"""What a step prints: shown where it would have gone, without secrets, and the first and last of it kept.

While a step runs, standard output and error are text streams of Python's own kind over binary ones of ours. Knows
nothing of nodes. Guards: a node can do with them what it can do in plain Python, and whatever it does to them (close,
detach, reconfigure, replace) ends with the step.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from dagbuild.executors.screen import Screen
from dagbuild.executors.shown import Shown, make_decoder, make_writer, show_strange

if TYPE_CHECKING:
    from typing_extensions import Buffer

LOG_LIMIT = 64 * 1024
"""Characters of a node's output that its record keeps: the first and the last ones."""

FIRST = LOG_LIMIT // 4
"""Of these, the characters from the beginning."""

_MANY = 4 * LOG_LIMIT
_MARK = 64


class Log:
    """Keeps the first and the last of what is written, as a terminal would show it; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: list[str] = []
        self._size = 0
        self._screen: Screen | None = None
        self._first = ""
        self._left_out = 0

    def add(self, text: str) -> None:
        """Keep a text."""
        with self._lock:
            self._parts.append(text)
            self._size += len(text)
            if self._size > _MANY:
                self._drop(self._settle().forget(LOG_LIMIT))

    def text(self) -> str:
        """Return what is kept, with a line where something was left out that says how much."""
        with self._lock:
            rest = self._settle().text() if self._parts or self._screen else ""
            if not self._left_out and len(self._first) + len(rest) <= LOG_LIMIT:
                return self._first + rest
            room = FIRST - len(self._first)
            first, rest = self._first + rest[:room], rest[room:]
            last = rest[-(LOG_LIMIT - FIRST - _MARK) :]
            left_out = self._left_out + len(rest) - len(last)
            return f"{first}\n[... {left_out:,} characters left out ...]\n{last}"

    def _drop(self, text: str) -> None:
        room = FIRST - len(self._first)
        self._first += text[:room]
        self._left_out += len(text[room:])

    def _settle(self) -> Screen:
        self._screen = self._screen or Screen()
        self._screen.write("".join(self._parts))
        self._parts, self._size = [], 0
        return self._screen


class Capturing(Protocol):
    """What is printed within it can be had as a text afterwards: the last of it, as a terminal would show it."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def text(self) -> str:
        """Return what was printed."""


class Capture:
    """Within it, what this thread prints, and threads that are nobody else's, is kept in the log, too.

    With a `name`, that stands before each line where it is shown.
    """

    def __init__(self, log: Log, name: str = "") -> None:
        self._log = log
        self._name = name

    def text(self) -> str:
        """Return what was printed."""
        return self._log.text()

    def __enter__(self) -> None:
        with _lock:
            found = (sys.stdout, sys.stderr)
            out, err = (_take_stream(at, each, self._name) for at, each in enumerate(found))
            self._place = _Place(found, (out, err))
            _places.append(self._place)
            sys.stdout, sys.stderr = self._place.streams
        _threads.setdefault(threading.get_ident(), []).append(self._log)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ident = threading.get_ident()
        _threads[ident].pop()
        if not _threads[ident]:
            del _threads[ident]
        with _lock:
            _leave(self._place)
            for at, stream in enumerate(self._place.streams):
                _give_back(at, stream)


@dataclass(eq=False, slots=True)
class _Place:
    """The streams of one step, and those that were there before: of another step, in another thread, perhaps."""

    found: tuple[TextIO, TextIO]
    streams: tuple[_Stream, _Stream]


_lock = threading.Lock()
_places: list[_Place] = []
_spares: list[_Stream | None] = [None, None]
_threads: dict[int, list[Log]] = {}


def _leave(place: _Place) -> None:
    at = _places.index(place)
    if at == len(_places) - 1:
        sys.stdout, sys.stderr = place.found
    else:  # a step that began later still runs: it must not bring these streams back
        after = _places[at + 1]
        pairs = zip(after.found, place.streams, place.found, strict=True)
        out, err = (before if stream is mine else stream for stream, mine, before in pairs)
        after.found = (out, err)
    del _places[at]


def _take_stream(at: int, found: TextIO | None, name: str) -> _Stream:
    """Return a stream that leads where `found` does, the last step's where that left it as it was."""
    through = found.kept.through if isinstance(found, _Stream) else found
    spare, _spares[at] = _spares[at], None
    if through is not None and not through.closed:
        through.flush()  # what is written from here on goes to its buffer
        if spare is not None and spare.kept.through is through and spare.settings == _settings_of(through):
            spare.kept.shown.name = name
            return spare
    return _Stream(_Kept(through, name))


def _give_back(at: int, stream: _Stream) -> None:
    with contextlib.suppress(ValueError, OSError):  # closed, detached
        if not stream.write_through:
            stream.flush()
    with contextlib.suppress(ValueError, OSError):
        if stream.kept.written:  # before anybody says that the step has ended
            stream.kept.finish()
    stream.kept.rest, stream.kept.written = None, False
    _spares[at] = stream if len(vars(stream)) == _Stream.PARTS and not stream.kept.closed else None


def _keep(text: str) -> None:
    mine = _threads.get(threading.get_ident())
    if mine is None:  # a thread that a step has started, or that was there before
        mine = [log for logs in list(_threads.values()) for log in logs]
    for log in mine:
        log.add(text)


_Settings = tuple[str, str, bool]


def _settings_of(through: TextIO | None) -> _Settings:
    """Return encoding, errors and whether each line is flushed."""
    if isinstance(through, io.TextIOWrapper):
        return through.encoding, through.errors or "strict", through.line_buffering
    return "utf-8", "backslashreplace", bool(getattr(through, "line_buffering", False))


class _Stream(io.TextIOWrapper):
    """The text stream that a node is given; a node that changes it has it for itself."""

    PARTS = 3

    def __init__(self, kept: _Kept) -> None:
        self.kept = kept
        self.settings = _settings_of(kept.through)
        encoding, errors, lines = self.settings
        super().__init__(kept, encoding, errors, line_buffering=lines, write_through=True)
        self.mode = "w"  # type: ignore[misc]  # as Python's own streams have it

    def reconfigure(self, **settings: Any) -> None:
        self.changed = True
        super().reconfigure(**settings)

    def detach(self) -> Any:
        self.changed = True
        return super().detach()

    def close(self) -> None:
        self.changed = True
        super().close()


class _Kept(io.BufferedIOBase):
    """A binary stream that keeps what is written to it, and shows it on a stream that may be none at all."""

    def __init__(self, through: TextIO | None, name: str) -> None:
        self.through = through
        self.rest: codecs.IncrementalDecoder | None = None
        self.written = False
        self.shown = Shown(make_writer(through), name)

    def write(self, data: Buffer, /) -> int:
        if self.closed:
            raise ValueError("write to closed file")
        taken = data if isinstance(data, bytes) else memoryview(data).tobytes()
        if self.rest is None:  # a character may come in two parts
            self.rest = make_decoder(_settings_of(self.through)[0])
        text = self.rest.decode(taken)
        self.written = True
        _keep(show_strange(text))
        self.shown.add(text)
        if self.shown.name and self.through is not None:
            self.through.flush()  # who asks for names looks on
        return len(taken)

    def flush(self) -> None:
        self.shown.flush()
        if self.through is not None:
            self.through.flush()

    def finish(self) -> None:
        """Show what is left of a step that has ended."""
        self.shown.finish()
        if self.through is not None:
            self.through.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.through is not None and self.through.isatty()

    def fileno(self) -> int:
        if self.through is None:
            raise io.UnsupportedOperation("fileno")
        self.flush()  # who asks writes there past us
        return self.through.fileno()

    def close(self) -> None:
        # Not what is behind it: that is there for the next step, too.
        with contextlib.suppress(ValueError, OSError):
            super().close()

    @property
    def name(self) -> Any:
        return getattr(self.through, "name", "<stream>")

    @property
    def mode(self) -> str:
        return "wb"

    @property
    def raw(self) -> Any:
        return _Raw(self)


class _Raw(io.RawIOBase):
    """The unbuffered stream below: what is written to it is there at once."""

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept

    def write(self, data: Buffer, /) -> int:
        number = self._kept.write(data)
        self._kept.flush()
        return number

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._kept.isatty()

    def fileno(self) -> int:
        return self._kept.fileno()

    @property
    def name(self) -> Any:
        return self._kept.name
