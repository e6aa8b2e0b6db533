"""Where one machine of a cluster runs steps for the driver: one at a time, in processes that it sees end.

Deals in parcels that it does not open. Answers with what has ended once a batch is done, or after a while: a step that
takes long goes on, and those behind it are given back. Guards: each step of a batch is answered for once, whatever
became of its process.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import pickle
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import NamedTuple

from dagbuild.executors import deaths, packing, parcels, shipping
from dagbuild.executors.channel import Channel
from dagbuild.executors.detached import Given, make_other_code, start_processes
from dagbuild.executors.stepping import tell_read
from dagbuild.executors.streams import Log
from dagbuild.executors.zygote import Zygote
from dagbuild.ground.secrets import clean

A_WHILE = 0.5
"""Seconds after which a batch is answered for, whatever still runs."""


class Report(NamedTuple):
    """What an agent answers: how steps ended, by name; which ones it gives back; which one still runs.

    `seconds` is how long it was at work since the last one. `raised` is an exception, pickled, that ends the build.
    """

    replies: list[tuple[str, packing.Reply]]
    left: list[str]
    running: str | None
    seconds: float
    notices: list[str]
    raised: bytes


@dataclass(slots=True)
class _Step:
    name: str
    parcel: bytes
    log: Log = field(default_factory=Log)


@dataclass(eq=False, slots=True)
class _Process:
    number: int
    channel: Channel
    output: int
    crash: int
    ready: bool = False
    reads: int = 0
    decode: Callable[..., str] = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace").decode
    )


class Agent:
    """Runs steps for one driver, which has one call of its methods at a time."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._numbers = count(1)
        self._queue: deque[_Step] = deque()
        self._step: _Step | None = None
        self._process: _Process | None = None
        self._ending: dict[int, _Process] = {}
        self._zygote: tuple[Zygote, subprocess.Popen[bytes]] | None = None
        self._fresh()

    def _fresh(self) -> None:
        self._replies: list[tuple[str, packing.Reply]] = []
        self._notices: list[str] = []
        self._raised = b""
        self._began = time.monotonic()

    # -- what the driver calls -------------------------------------------------------------------------------------

    def start(self, versions: Mapping[str, str], given: Given) -> None:
        """Start a process, and what it is forked from; where code cannot travel here, each step is told so."""
        here = shipping.describe_platform()
        wrong = [
            f"{name} is {here[name]} there and {text} here"
            for name, text in versions.items()
            if here[name] != text
        ]
        self._refusal = packing.pack(make_other_code(wrong), parcels.dumps) if wrong else None
        self._given = given
        if not wrong:
            self._process = self._fork()
            while self._process is not None and not self._process.ready:
                self._hear_all(None)

    def run(self, steps: Sequence[tuple[str, bytes]]) -> Report:
        """Run steps, given by name and as parcels, one after the other; while one still runs, give them back."""
        if self._step is not None:
            return Report([], [name for name, _ in steps], self._step.name, 0.0, [], b"")
        self._fresh()
        self._queue.extend(_Step(*step) for step in steps)
        return self._work(self._began + A_WHILE)

    def go_on(self) -> Report:
        """Wait for the step that still runs."""
        return self._work(None)

    def close(self) -> None:
        """End all processes, once they have closed their files."""
        self._queue.clear()
        if self._process is not None and self._step is None:
            self._let_go(self._process)  # it closes its store, and ends
            while self._ending:
                self._hear_all(None)
        if self._zygote is not None:
            self._stop_zygote()

    # -- steps -----------------------------------------------------------------------------------------------------

    def _work(self, until: float | None) -> Report:
        while not self._raised and (self._step is not None or self._queue):
            if self._step is None:
                self._begin(self._queue.popleft())
            elif not self._hear_all(until):
                break
        left = [step.name for step in self._queue]
        self._queue.clear()
        running = self._step.name if self._step else None
        now = time.monotonic()
        report = Report(self._replies, left, running, now - self._began, self._notices, self._raised)
        self._fresh()
        self._began = now
        return report

    def _begin(self, step: _Step) -> None:
        if self._refusal is not None:
            self._replies.append((step.name, self._refusal))
            return
        self._step = step
        while True:
            process = self._process = self._process or self._fork()
            try:
                process.channel.send(step.parcel)
                return
            except OSError:  # it has ended, which the zygote tells
                self._let_go(process)

    def _finish(self, reply: packing.Reply) -> None:
        step, self._step = self._step, None
        if step is None:
            return
        if reply == packing.FRESH:
            self._queue.appendleft(_Step(step.name, step.parcel))
        else:
            self._replies.append((step.name, reply))

    # -- processes -------------------------------------------------------------------------------------------------

    def _start_zygote(self) -> None:
        self._killed = deaths.count_out_of_memory()
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

    def _fork(self) -> _Process:
        while True:
            if self._zygote is None:
                self._start_zygote()
            assert self._zygote is not None
            try:
                ends = self._zygote[0].fork(number := next(self._numbers))
                break
            except OSError:  # somebody has just ended it
                self._stop_zygote()
        process = _Process(number, *ends)
        self._selector.register(process.channel.socket, selectors.EVENT_READ, process)
        self._selector.register(process.output, selectors.EVENT_READ, process)
        return process

    def _let_go(self, process: _Process) -> None:
        """Give it no more steps: it ends."""
        self._process = None
        self._ending[process.number] = process
        with contextlib.suppress(OSError):
            process.channel.shut()

    def _hear_all(self, until: float | None) -> bool:
        """Take in what is told next; False when the time is over before anything was."""
        events = self._selector.select(None if until is None else max(0.0, until - time.monotonic()))
        for key, _ in events:
            process: _Process | None = key.data
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
        return bool(events)

    def _hear(self, process: _Process, message: bytes) -> None:
        what, *more = pickle.loads(message)
        match what:
            case "ready":
                process.ready = True
            case "ask":  # for what was printed: it has the store itself
                self._read_output(process)
                text = self._step.log.text() if self._step else ""
                with contextlib.suppress(OSError):
                    process.channel.send(pickle.dumps((True, text), protocol=5))
            case "done":
                reply, again = more
                if not again:
                    self._let_go(process)
                self._finish(reply)
            case "notice":
                self._notices.append(more[0])
            case "raise":
                self._raised = parcels.dumps(more[0]) or parcels.dumps(RuntimeError(repr(more[0])))
                self._step = None

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

    def _end(self, process: _Process, end: deaths.End | None) -> None:
        """Take in that a process has ended, after the last that it said."""
        while (message := process.channel.receive_now()) is not None:
            self._hear(process, message)
        self._read_output(process)
        running = self._process is process
        if running:
            self._process = None
        self._ending.pop(process.number, None)
        for file in (process.channel.socket, process.output):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(file)
        process.channel.close()
        crash = os.pread(process.crash, _CHUNK, 0).decode("utf-8", "replace")
        for descriptor in (process.output, process.crash):
            os.close(descriptor)
        if running and self._step is not None:
            before, self._killed = self._killed, deaths.count_out_of_memory()
            death = deaths.make_death(self._step.name, end, crash, out_of_memory=self._killed > before)
            death = replace(death, log=clean(self._step.log.text()))
            self._finish(packing.pack(death, parcels.dumps))

    def _read_output(self, process: _Process) -> None:
        """Take what was printed until now; it belongs to the step that runs."""
        while True:
            process.reads += 1
            tell_read(process.crash, process.reads)
            try:
                data = os.read(process.output, _CHUNK)
            except OSError:  # nothing more now
                return
            if not data:
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(process.output)
                return
            if self._step is not None and process is self._process:
                self._step.log.add(process.decode(data))


_CHUNK = 65536
"""Bytes of output that are taken at once."""
