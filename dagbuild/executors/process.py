"""A process of this machine that runs steps, as the driver sees it: what it runs, until when, what that has printed.

Knows what goes through its channel and its output, nothing of other processes.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dagbuild.executors.base import Work
from dagbuild.executors.channel import Channel
from dagbuild.executors.shown import Shown, make_decoder, show_strange
from dagbuild.executors.streams import Log

_CHUNK = 65536
"""Bytes of output that are taken at once."""

_MOST_CHUNKS = 17
"""So many hold all that a pipe does, however large somebody has made it: who prints on and on does not hold us up."""


@dataclass(slots=True)
class Running:
    """A step that a process runs: what is held until its outcome is taken in, and what it has printed.

    With a lease in `work` it is the process that holds that, and puts the record.
    """

    work: Work
    holding: contextlib.ExitStack
    log: Log = field(default_factory=Log)


@dataclass(eq=False, slots=True)
class Process:
    """A process that runs steps.

    `deadline` is when its step has taken too long, by the monotonic clock; `overdue` says that it was ended for that.
    `is_silent`: nothing can come of its output any more.
    """

    number: int
    channel: Channel
    output: int
    crash: int
    shown: Shown
    step: Running | None = None
    deadline: float | None = None
    overdue: bool = False
    is_silent: bool = False
    _decode: Callable[..., str] = field(default_factory=lambda: make_decoder("utf-8").decode)

    def begin(self) -> None:
        """Note that the time of its step begins."""
        if self.step is not None and self.step.work.node.timeout is not None:
            self.deadline = time.monotonic() + self.step.work.node.timeout

    def finish(self) -> Running:
        """Return the step that has ended; it runs none now."""
        step, self.step, self.deadline = self.step, None, None
        assert step is not None
        return step

    def read_output(self) -> None:
        """Take what the step has printed until now: lines are shown as they come."""
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
