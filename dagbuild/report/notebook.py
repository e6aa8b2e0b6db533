"""A build as it goes in a notebook: one display below the cell, which changes in place, and in the end a line.

Asks IPython for a display, and that only where one of its kernels runs us. Knows no threads: it is drawn anew when
something happens, so it says since when a node runs, not for how long.
"""

from __future__ import annotations

import html
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

from dagbuild.plan.events import BuildFinished, Event, StepStarted
from dagbuild.report.progress import Progress
from dagbuild.report.style import Style
from dagbuild.report.summary import tell_result

_EACH = 0.2
"""Seconds from one picture to the next, unless a node begins or all is over."""

_MANY = 8
"""Running nodes that are named."""

Show = Callable[[str], None]


def find_display() -> Callable[[], Show] | None:
    """Return what opens a display below the cell that runs now, None where no notebook is; what it opens is shown."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return _open_display if getattr(shell, "kernel", None) is not None else None


def _open_display() -> Show:
    handle = importlib.import_module("IPython.display").DisplayHandle()
    put = handle.display

    def show(text: str) -> None:
        nonlocal put
        put({"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"}, raw=True)
        put = handle.update

    return show


class NotebookReport:
    """Listens to a build; `open_display` is called once a node runs, for what is made of nothing needs no words."""

    def __init__(self, open_display: Callable[[], Show], clock: Callable[[], float] = time.monotonic) -> None:
        self._open_display = open_display
        self._clock = clock
        self._show: Show | None = None
        self._next = 0.0
        self._since: dict[str, str] = {}
        self.progress = Progress(clock)

    def __call__(self, event: Event) -> None:
        """Take in an event, and show what it changes."""
        self.progress(event)
        if isinstance(event, StepStarted):
            self._since[event.node] = time.strftime("%H:%M:%S")
            self._show = self._show or self._open_display()
        if self._show is None:
            return
        if isinstance(event, BuildFinished):
            result = event.result
            self._show(tell_result(result, result.plan.targets, Style())[0])
        elif isinstance(event, StepStarted) or self._clock() >= self._next:
            self._next = self._clock() + _EACH
            self._show(self._tell())

    def _tell(self) -> str:
        running = [f"{name} since {self._since[name]}" for name in self.progress.running]
        if len(running) > _MANY:
            running = [*running[:_MANY], f"and {len(running) - _MANY:,} more"]
        words = "  ".join(self.progress.tell())
        return f"{words}\n{self.progress.executor}: {', '.join(running)}" if running else words
