"""What a step prints, as people see it while the step runs: without secrets, and line by line.

Knows texts, the name to put before each line, and how to write to a stream. Guards: a secret is masked however it is
cut, and with a name no line is of two steps.
"""

from __future__ import annotations

import codecs
import io
import sys
import threading
from collections.abc import Callable
from typing import TextIO

from dagbuild.executors.screen import settle
from dagbuild.ground.masked import MaskedText

_LONGEST = 65536
"""Characters of a line that wait for its end."""

_MANY = 1000
"""Parts of a line that are put together at once."""


class Shown:
    """Takes the output of one step after the other, and hands what may be shown of it to `write`.

    Without a `name` that is what came, up to the last end of a line, or of what a bar draws over itself; with one it is
    whole lines, each behind the name, as a terminal would show them in the end.
    """

    def __init__(self, write: Callable[[str], None], name: str = "") -> None:
        self.name = name
        self._write = write
        self._lock = threading.RLock()  # a handler of a signal may print, too
        self._masked = MaskedText()
        self._parts: list[str] = []
        self._rest = ""

    def add(self, text: str) -> None:
        """Take a text."""
        with self._lock:
            self._parts.append(text)
            if "\n" not in text and "\r" not in text and len(self._parts) < _MANY and len(text) < _LONGEST:
                return
            self._mask()
            end = self._rest.rfind("\n") + 1
            if not self.name:
                end = max(end, self._rest.rfind("\r") + 1)
            if not end and len(self._rest) > _LONGEST:
                end = len(self._rest)
            self._show(end)

    def flush(self) -> None:
        """Show what was taken, as somebody waits for it (an `input()` asks); with a name, only whole lines."""
        with self._lock:
            if not self.name:
                self._mask()
                self._show(len(self._rest))

    def finish(self, end: str = "") -> None:
        """Show what is left, as the step has ended; `end` goes behind it where it is no whole line."""
        with self._lock:
            self._mask()
            self._rest += self._masked.finish()
            if self._rest:
                self._rest += end
                self._show(len(self._rest))

    def _mask(self) -> None:
        parts, self._parts = self._parts, []
        self._rest += self._masked.take("".join(parts))

    def _show(self, end: int) -> None:
        text, self._rest = self._rest[:end], self._rest[end:]
        if text and self.name:
            lines = settle(text).removesuffix("\n").split("\n")
            text = "".join(f"{self.name} | {line}\n" for line in lines)
        if text:
            self._write(text)


def make_decoder(encoding: str) -> codecs.IncrementalDecoder:
    """Return what makes text of bytes, so that `make_writer` can make the same bytes of it, whatever they are."""
    plain = "a".encode(encoding, "replace") == b"a"
    return codecs.getincrementaldecoder(encoding)("surrogateescape" if plain else "replace")


def show_strange(text: str) -> str:
    """Return a text of `make_decoder` with a mark in place of each byte that is no text."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def show(text: str) -> None:
    """Write a text of `make_decoder` to what is standard output now."""
    stream = sys.stdout
    if stream is None:
        return
    stream.flush()
    make_writer(stream)(text)
    stream.flush()


def make_writer(stream: TextIO | None) -> Callable[[str], None]:
    """Return what writes a text of `make_decoder` to a stream: as bytes where it has a place for these."""
    if stream is None:
        return lambda _: None
    if not isinstance(stream, io.TextIOWrapper) or stream.closed:

        def write_text(text: str) -> None:
            stream.write(show_strange(text))

        return write_text
    binary, encode = stream.buffer, codecs.getincrementalencoder(stream.encoding)("surrogateescape").encode

    def write(text: str) -> None:
        binary.write(encode(text))

    return write
