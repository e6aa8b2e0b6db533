"""A process of this machine that runs steps, as the driver sees it: what it runs, until when, what that has printed.

Knows what goes through its channel and its output, nothing of other processes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from dagbuild.executors.base import LONGEST_WAIT
from dagbuild.executors.channel import Channel
from dagbuild.executors.shown import Shown, make_decoder, show_strange
from dagbuild.executors.streams import Log
from dagbuild.executors.zygote import Zygote

_CHUNK = 65536
"""Bytes of output that are taken at once."""

_MOST_CHUNKS = 17
"""So many hold all that a pipe does, however large somebody has made it: who prints on and on does not hold us up."""


class Step(Protocol):
    """A step that a process runs, with what it has printed."""

    log: Log

    @property
    def timeout(self) -> float | None:
        """After how many seconds it is ended, once it has begun."""


S = TypeVar("S", bound=Step)


@dataclass(eq=False, slots=True)
class Process(Generic[S]):
    """A process that runs steps; `shown` takes what they print, `on_read` is called before and after that is read.

    `deadline` is when its step has taken too long, by the monotonic clock; `overdue` says that it was ended for that.
    `is_silent`: nothing can come of its output any more.
    """

    number: int
    channel: Channel
    output: int
    crash: int
    shown: Shown = field(default_factory=lambda: Shown(lambda _: None))
    step: S | None = None
    on_read: Callable[[], None] = lambda: None
    deadline: float | None = None
    overdue: bool = False
    is_silent: bool = False
    _decode: Callable[..., str] = field(default_factory=lambda: make_decoder("utf-8").decode)

    def begin(self) -> None:
        """Note that the time of its step begins."""
        if self.step is not None and self.step.timeout is not None:
            self.deadline = time.monotonic() + self.step.timeout

    def finish(self) -> S:
        """Return the step that has ended; it runs none now."""
        step, self.step, self.deadline = self.step, None, None
        assert step is not None
        return step

    def read_output(self) -> None:
        """Take what the step has printed until now: lines are shown as they come."""
        self.on_read()
        try:
            self._read_chunks()
        finally:
            self.on_read()

    def _read_chunks(self) -> None:
        for _ in range(_MOST_CHUNKS):
            try:
                data = os.read(self.output, _CHUNK)
            except (BlockingIOError, OSError):
                return
            if not data:
                self.is_silent = True
                return
            text = self._decode(data)
            if self.step is not None:
                self.step.log.add(show_strange(text))
            self.shown.add(text)

    def close(self) -> str:
        """Let go of it, once it has ended; return what Python could tell of its crash."""
        self.channel.close()
        crash = os.pread(self.crash, _CHUNK, 0).decode("utf-8", "replace")
        for descriptor in (self.output, self.crash):
            os.close(descriptor)
        return crash


def find_patience(processes: Iterable[Process[Any]]) -> float | None:
    """Return for how many seconds none of their steps can be overdue; None for ever."""
    deadlines = [each.deadline for each in processes if each.deadline is not None]
    return min(max(min(deadlines) - time.monotonic(), 0.0), LONGEST_WAIT) if deadlines else None


def end_overdue(processes: Iterable[Process[Any]], zygote: Zygote) -> None:
    """End those whose steps have taken longer than they may; how they ended is heard like any end."""
    now = time.monotonic()
    for process in processes:
        if process.deadline is not None and process.deadline <= now:
            process.deadline, process.overdue = None, True
            zygote.end(process.number)
