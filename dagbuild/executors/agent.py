"""Where one machine of a cluster runs steps for the driver: one at a time, in processes that it sees end.

Deals in parcels that it does not open. Answers with what has ended once a batch is done, or after a while: a step that
takes long goes on, and those behind it are given back. Guards: each step of a batch is answered for once, whatever
became of its process.
"""

from __future__ import annotations

import contextlib
import pickle
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import NamedTuple

from dagbuild.executors import import_paths, packing
from dagbuild.executors.ends import CutOff, End, Killings
from dagbuild.executors.given import Given, start_processes
from dagbuild.executors.process import Process, end_overdue, find_patience
from dagbuild.executors.reads import tell_read
from dagbuild.executors.shown import Shown
from dagbuild.executors.streams import Log
from dagbuild.executors.zygote import Zygote
from dagbuild.ground.secrets import clean

A_WHILE = 0.5
"""Seconds after which a batch is answered for, whatever still runs, and how often what a step prints is told."""

_MOST_PRINTED = 1 << 20
"""Characters of what steps have printed that one answer holds, more or less: who prints more waits for the next one."""


class Report(NamedTuple):
    """What an agent answers: how steps ended, by name; which ones it gives back; which one still runs.

    `cuts` are of steps whose processes ended before they had. `seconds` is how long it was at work for what has ended.
    `raised` is an exception, pickled, that ends the build. `printed` is what steps have printed since the last answer,
    by name, up to an end of a line.
    """

    replies: list[tuple[str, packing.Reply]]
    cuts: list[tuple[str, CutOff]]
    left: list[str]
    running: str | None
    seconds: float
    notices: list[str]
    raised: bytes
    printed: list[tuple[str, str]]


class Order(NamedTuple):
    """A step as an agent is told of it: what it is named, its parcel, and after how many seconds it is ended."""

    name: str
    parcel: bytes
    timeout: float | None = None


@dataclass(slots=True)
class _Step:
    order: Order
    log: Log = field(default_factory=Log)

    @property
    def timeout(self) -> float | None:
        return self.order.timeout


class Agent:
    """Runs steps for one driver, which has one call of its methods at a time."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._numbers = count(1)
        self._queue: deque[Order] = deque()
        self._process: Process[_Step] | None = None
        self._is_ready = False
        self._ending: dict[int, Process[_Step]] = {}
        self._zygote: tuple[Zygote, subprocess.Popen[bytes]] | None = None
        self._fresh()

    def _fresh(self) -> None:
        self._replies: list[tuple[str, packing.Reply]] = []
        self._cuts: list[tuple[str, CutOff]] = []
        self._notices: list[str] = []
        self._raised = b""
        self._printed: list[tuple[str, str]] = []
        self._characters = 0
        self._began = time.monotonic()

    # -- what the driver calls -------------------------------------------------------------------------------------

    def start(self, versions: Mapping[str, str], given: Given) -> None:
        """Start a process, and what it is forked from; where code cannot travel here, each step is told so."""
        here = import_paths.describe_platform()
        wrong = [
            f"{name} is {here[name]} there and {text} here"
            for name, text in versions.items()
            if here[name] != text
        ]
        self._refusal = _refuse(wrong) if wrong else None
        self._given = given
        if not wrong:
            self._process = self._fork()
            while self._process is not None and not self._is_ready:
                self._hear_all(None)

    def run(self, steps: Sequence[Order]) -> Report:
        """Run steps one after the other; while one still runs, give them back."""
        if (running := self._running) is not None:
            return Report([], [], [step.name for step in steps], running.order.name, 0.0, [], b"", [])
        self._fresh()
        self._since = self._began
        self._queue.extend(steps)
        return self._work(lambda: self._began + A_WHILE)

    def go_on(self) -> Report:
        """Wait for the step that still runs, or until it has printed something."""
        return self._work(lambda: self._began + A_WHILE if self._printed else None)

    def close(self) -> None:
        """End all processes, once they have closed their files."""
        self._queue.clear()
        if self._process is not None and self._process.step is None:
            self._let_go(self._process)  # it closes its store, and ends
            while self._ending:
                self._hear_all(None)
        if self._zygote is not None:
            self._stop_zygote()

    # -- steps -----------------------------------------------------------------------------------------------------

    @property
    def _running(self) -> _Step | None:
        return self._process.step if self._process is not None else None

    def _work(self, find_end: Callable[[], float | None]) -> Report:
        while not self._raised and (self._running is not None or self._queue):
            if self._running is None:
                self._begin(self._queue.popleft())
            elif self._characters > _MOST_PRINTED or not self._hear_all(find_end()):
                break
        left = [step.name for step in self._queue]
        self._queue.clear()
        running = self._running.order.name if self._running else None
        now = time.monotonic()
        seconds = now - self._since
        if self._replies:
            self._since = now
        report = Report(
            self._replies, self._cuts, left, running, seconds, self._notices, self._raised, self._printed
        )
        self._fresh()
        self._began = now
        return report

    def _begin(self, order: Order) -> None:
        if self._refusal is not None:
            self._replies.append((order.name, self._refusal))
            return
        while True:
            process = self._process = self._process or self._fork()
            try:
                process.channel.send(order.parcel)
                process.step = _Step(order)
                process.shown = Shown(partial(self._print, order.name))
                return
            except OSError:  # it has ended, which the zygote tells
                self._let_go(process)

    def _print(self, name: str, text: str) -> None:
        self._printed.append((name, text))
        self._characters += len(text)

    def _finish(self, process: Process[_Step], reply: packing.Reply) -> None:
        if process.step is None:
            return
        process.shown.finish("\n")
        order = process.finish().order
        if reply == packing.FRESH:
            self._queue.appendleft(order)
        else:
            self._replies.append((order.name, reply))

    # -- processes -------------------------------------------------------------------------------------------------

    def _start_zygote(self) -> None:
        self._killings = Killings()
        self._zygote = start_processes(self._given)
        self._selector.register(self._zygote[0].socket, selectors.EVENT_READ, None)

    def _stop_zygote(self) -> None:
        assert self._zygote is not None
        zygote, started = self._zygote
        self._zygote = None
        self._selector.unregister(zygote.socket)
        zygote.stop()
        zygote.close()
        started.poll()  # or it would be said to run still

    def _fork(self) -> Process[_Step]:
        while True:
            if self._zygote is None:
                self._start_zygote()
            assert self._zygote is not None
            try:
                ends = self._zygote[0].fork(number := next(self._numbers))
                break
            except OSError:  # somebody has just ended it
                self._stop_zygote()
        reads = count(1)
        process = Process[_Step](number, *ends, on_read=lambda: tell_read(ends.crash, next(reads)))
        self._is_ready = False
        self._selector.register(process.channel.socket, selectors.EVENT_READ, process)
        self._selector.register(process.output, selectors.EVENT_READ, process)
        return process

    def _let_go(self, process: Process[_Step]) -> None:
        """Give it no more steps: it ends."""
        self._process = None
        self._ending[process.number] = process
        with contextlib.suppress(OSError):
            process.channel.shut()

    def _hear_all(self, until: float | None) -> bool:
        """Take in what is told next, and end a step that takes too long; False when the time is over first."""
        here = [self._process] if self._process is not None else []
        patience = [None if until is None else max(0.0, until - time.monotonic()), find_patience(here)]
        events = self._selector.select(min((each for each in patience if each is not None), default=None))
        for key, _ in events:
            process: Process[_Step] | None = key.data
            if process is None:
                self._hear_end()
            elif key.fd not in self._selector.get_map():
                continue  # an event before this one told the end
            elif key.fd == process.output:
                self._read_output(process)
            elif (message := process.channel.receive()) is not None:
                self._hear(process, message)
            else:  # how it ended the zygote tells
                self._selector.unregister(process.channel.socket)
        if self._process is not None and self._zygote is not None:
            end_overdue([self._process], self._zygote[0])
        return until is None or time.monotonic() < until

    def _hear(self, process: Process[_Step], message: bytes) -> None:
        what, *more = pickle.loads(message)
        match what:
            case "ready":
                self._is_ready = True
            case "ask":  # for what was printed: it has the store itself
                self._read_output(process)
                text = process.step.log.text() if process.step else ""
                with contextlib.suppress(OSError):
                    process.channel.send(pickle.dumps((True, text), protocol=5))
            case "done":
                reply, again = more
                self._read_output(process)
                self._finish(process, reply)
                if process is self._process and not (again and not process.overdue):
                    self._let_go(process)
            case "begin":
                process.begin()
            case "notice":
                self._notices.append(more[0])
            case "raise":
                self._raised = pickle.dumps(more[0], protocol=5)  # as it came
                process.step = None

    def _hear_end(self) -> None:
        assert self._zygote is not None
        heard = self._zygote[0].hear()
        if heard is None:  # somebody has ended what starts them, and them with it
            self._stop_zygote()
            for process in [*self._ending.values(), *filter(None, [self._process])]:
                self._end(process, None)
            return
        number, end = heard
        found = self._ending.get(number) or self._process
        if found is not None and found.number == number:
            self._end(found, end)

    def _end(self, process: Process[_Step], end: End | None) -> None:
        """Take in that a process has ended, after the last that it said."""
        while (message := process.channel.receive_now()) is not None:
            self._hear(process, message)
        self._read_output(process)
        if self._process is process:
            self._process = None
        self._ending.pop(process.number, None)
        for file in (process.channel.socket, process.output):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(file)
        crash = process.close()
        process.shown.finish("\n")
        if process.step is not None:
            step, out_of_memory = process.finish(), self._killings.has_more()
            cut = CutOff(end, crash, out_of_memory, process.overdue, clean(step.log.text()))
            self._cuts.append((step.order.name, cut))

    def _read_output(self, process: Process[_Step]) -> None:
        process.read_output()
        if process.is_silent:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(process.output)


def _refuse(lines: Sequence[str]) -> packing.Reply:
    # What knows more than processes and parcels takes long to import, and is seldom needed.
    from dagbuild.executors import parcels
    from dagbuild.executors.detached import make_other_code

    return packing.pack(make_other_code(lines), parcels.dumps)
