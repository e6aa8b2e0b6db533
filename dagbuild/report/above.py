"""What nodes print while a live picture stands at the bottom of the terminal: whole lines go above it.

A line that is not finished, such as a progress bar that draws itself over and over, is part of the picture until it is.
Knows nothing of builds. A stream for text, put in the place of standard output and error.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TextIO

from dagbuild.executors.screen import settle


class Above(io.TextIOBase):
    """Stands for the stream `behind`, and hands finished lines to `show`."""

    def __init__(self, behind: TextIO, show: Callable[[str], None]) -> None:
        self._behind = behind
        self._show = show
        self._lock = threading.Lock()
        self._line = ""

    @property
    def unfinished(self) -> str:
        """The line that is being written, as it looks now."""
        return settle(self._line).rpartition("\n")[2]

    def write(self, text: str, /) -> int:
        """Take a text; what of it are whole lines is shown."""
        with self._lock:
            lines, newline, rest = (self._line + text).rpartition("\n")
            # Of a bar, what it draws anew covers what it drew before.
            start = rest.rfind("\r", 0, -1)
            self._line = rest[max(start, 0) :]
            if newline:  # now, since showing draws the picture anew
                self._show(settle(lines))
        return len(text)

    def finish(self) -> None:
        """Hand over what is left, a line or not."""
        line, self._line = self.unfinished, ""
        if line:
            self._show(line)

    def writable(self) -> bool:
        """Return True: for this it is there."""
        return True

    def isatty(self) -> bool:
        """Tell whether a terminal is behind it."""
        return self._behind.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the stream behind it, for child processes."""
        return self._behind.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only, as in the stream behind it
        """The encoding of the stream behind it."""
        return self._behind.encoding

    @property
    def name(self) -> str:
        """The name of the stream behind it."""
        return str(self._behind.name)
