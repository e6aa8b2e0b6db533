"""Run steps side by side in processes of this machine.

Each starts from the state that importing left, as a copy of this process, so that no step finds what another one has
set, cached, patched or leaked; and one that ends its process costs itself alone. Where this process cannot be copied,
others import the project by themselves. Values never come here: the processes read and write them in the cache folder.
"""

from __future__ import annotations

import contextlib
import pickle
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, NoReturn, Protocol

from dagbuild.executors import deaths, packing
from dagbuild.executors.base import Executor, Work
from dagbuild.executors.ends import CutOff, End, Killings
from dagbuild.executors.forking import ALONE, APART, find_obstacle
from dagbuild.executors.inline import InlineExecutor
from dagbuild.executors.process import Process, end_overdue, find_patience
from dagbuild.executors.shown import Shown, show
from dagbuild.executors.state import Chance, Held
from dagbuild.executors.streams import Log
from dagbuild.executors.worker import Worker
from dagbuild.executors.zygote import Zygote
from dagbuild.ground.quiet import start_quietly
from dagbuild.ground.secrets import clean
from dagbuild.model.outcome import Done, Failure, Found, Outcome
from dagbuild.store.base import Store
from dagbuild.store.relay import answer


class Copies(Protocol):
    """What the processes have of this one, and where they come from."""

    @property
    def pickles(self) -> packing.SharedPickles:
        """Pickles for them."""

    def start(self, chance: Chance) -> Zygote:
        """Start what they are forked from; `chance` is what steps draw random numbers from."""

    def close(self) -> None:
        """Let go of it, once that has ended."""


@dataclass(slots=True)
class Running:
    """A step that a process runs: what is held until its outcome is taken in, and what it has printed.

    With a lease in `work` it is the process that holds that, and puts the record.
    """

    work: Work
    holding: contextlib.ExitStack
    log: Log = field(default_factory=Log)

    @property
    def timeout(self) -> float | None:
        """After how many seconds it is ended."""
        return self.work.node.timeout


class LocalExecutor(Executor):
    """Runs up to `jobs` steps at a time in processes that are forked when the first one is ready.

    `here` runs in this process what has to be: a step whose value is not to be stored, or that is given one which
    cannot travel. `store` is the one that `here` uses, `forked` what the other processes have of this one; where it
    cannot be forked, `spawn` gives what starts them. With `named`, each line that a step prints is shown behind its
    name. `on_wait` is told of a node and of whom its step waits for, `on_notice` what people are to know of how steps
    run.
    """

    name = "local"

    def __init__(
        self,
        here: Worker,
        store: Store,
        forked: Copies,
        *,
        spawn: Callable[[], Copies],
        jobs: int,
        named: bool = False,
        memory: int | None = None,
        on_wait: Callable[[str, str], None] = lambda _node, _who: None,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.slots = jobs
        self._named = named
        self.memory = memory
        self._store = store
        self._on_wait = on_wait
        self._on_notice = on_notice
        self._worker = here
        self._here = InlineExecutor(here, on_wait)
        self._held_here: deque[contextlib.ExitStack] = deque()
        self._forked = forked
        self._spawn = spawn
        self._copies: Copies = forked
        self._holding = contextlib.ExitStack()
        self._held: Held | None = None
        self._zygote: Zygote | None = None
        self._alone = False
        self._thread = threading.current_thread()
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._processes: dict[int, Process[Running]] = {}
        self._idle: deque[Process[Running]] = deque()
        self._news: SimpleQueue[Callable[[], tuple[str, Outcome] | None]] = SimpleQueue()

    # -- in the thread of the build --------------------------------------------------------------------------------

    def submit(self, work: Work) -> None:
        """Hand the step to a process that is free, or to a new one."""
        if work.draft is None or not self._start():
            self._submit_here(work, contextlib.ExitStack())
            return
        with contextlib.ExitStack() as holding:  # whatever comes between, a lease is let go of
            lease = self._store.take_lease(work.lease) if work.lease is not None else None
            if lease is not None and work.lease is not None:
                holding.enter_context(lease)
                # Another build may have begun and ended since this one was planned.
                if (record := self._worker.find_finished(work.lease, local=True)) is not None:
                    self._news.put(lambda: (work.name, Found(record)))
                    return
            sent = replace(work, lease=None) if lease is not None else work
            if not (message := self._copies.pickles.dumps(sent)):
                # Here nobody waits for a lease: who holds it may wait for one that is held for a process of ours.
                self._submit_here(replace(work, lease=None), holding.pop_all())
                return
            holding.enter_context(self._store.running(work.name))
            process = self._take_process(Running(sent, holding.pop_all()))
            with contextlib.suppress(OSError):  # it has ended, which is told where ends are
                process.channel.send(message)

    def _submit_here(self, work: Work, holding: contextlib.ExitStack) -> None:
        self._held_here.append(holding)
        self._here.submit(work)

    def wait(self, most: float | None = None) -> list[tuple[str, Outcome]]:
        """Return the outcomes of steps that have ended, once there is one; what runs here runs first."""
        if self._held_here:
            with self._held_here.popleft():
                return self._here.wait()
        outcomes: list[tuple[str, Outcome]] = []
        until = None if most is None else time.monotonic() + most
        while not outcomes or not self._news.empty():
            try:
                news = self._news.get(timeout=None if until is None else max(until - time.monotonic(), 0.0))
            except Empty:
                break
            if (outcome := news()) is not None:
                outcomes.append(outcome)
        return outcomes

    def close(self) -> None:
        """Stop what runs, with all that it has started, and forget what waits."""
        self._here.close()
        while self._held_here:
            self._held_here.popleft().close()
        self._stop()
        while not self._news.empty():
            with contextlib.suppress(Exception, KeyboardInterrupt):
                self._news.get()()
        self._held = None
        self._holding.close()

    def _stop(self) -> None:
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.stop()
            self._thread.join()
            zygote.close()
            self._copies.close()

    def _start(self) -> bool:
        """Have what processes are forked from, if that was not done; False where it cannot be had."""
        if self._alone:
            return False
        if self._zygote is not None and not self._thread.is_alive():  # somebody has ended it
            self._stop()
        if self._zygote is not None:
            return True
        self._killings = Killings()
        self._copies = self._forked
        if (obstacle := find_obstacle()) is not None:
            self._on_notice(APART.format(obstacle))
            self._copies = self._spawn()
        if self._held is None:
            self._held = self._holding.enter_context(self._worker.hold())
        try:
            self._zygote = zygote = self._copies.start(self._held.chance)
        except OSError as error:
            self._alone = True
            self._copies.close()
            self._on_notice(ALONE.format(error))
            return False
        self._selector = selectors.DefaultSelector()
        self._selector.register(zygote.socket, selectors.EVENT_READ, None)
        self._thread = start_quietly(lambda: self._serve(zygote), "dagbuild-steps")
        return True

    def _take_process(self, step: Running) -> Process[Running]:
        """Return a process that is to run the step: one that is free, or a new one."""
        with self._lock:
            if self._idle:
                process = self._idle.popleft()
                process.step, process.shown.name = step, self._name(step)
                return process
        try:
            return self._fork(step)
        except OSError:  # somebody has just ended what is forked from
            self._stop()
            self._start()
            return self._fork(step)

    def _fork(self, step: Running) -> Process[Running]:
        assert self._zygote is not None
        with self._lock:
            ends = self._zygote.fork(number := next(self._numbers))
            shown = Shown(lambda text: self._news.put(partial(show, text)), self._name(step))
            process = self._processes[number] = Process(number, *ends, shown, step)
        self._selector.register(process.channel.socket, selectors.EVENT_READ, process)
        self._selector.register(process.output, selectors.EVENT_READ, process)
        return process

    def _name(self, step: Running) -> str:
        return step.work.name if self._named else ""

    # -- in a thread of our own ------------------------------------------------------------------------------------

    def _serve(self, zygote: Zygote) -> None:
        """Answer the processes, and note what they tell, until what starts them is gone."""
        try:
            while True:
                for key, _ in self._selector.select(find_patience(list(self._processes.values()))):
                    if key.data is None:
                        if (end := zygote.hear()) is None:
                            return
                        self._end(self._processes[end[0]], end[1])
                    elif key.data.number not in self._processes:
                        continue  # its end was told by the event before this one
                    elif key.fileobj == key.data.output:
                        self._read_output(key.data)
                    elif (message := key.data.channel.receive()) is not None:
                        self._hear(key.data, message)
                    else:  # how it ended the zygote tells
                        self._selector.unregister(key.fileobj)
                end_overdue(list(self._processes.values()), zygote)
        except BaseException as error:
            self._news.put(partial(_raise, error))
        finally:
            for process in list(self._processes.values()):
                self._end(process, None)
            self._selector.close()

    def _hear(self, process: Process[Running], message: bytes) -> None:
        what, *more = pickle.loads(message)
        match what:
            case "ask":
                self._answer(process, *more)
            case "done":
                self._finish(process, *more)
            case "begin":
                process.begin()
            case "wait" if process.step is not None:
                self._news.put(partial(self._on_wait, process.step.work.name, more[0]))
            case "notice":
                self._news.put(partial(self._on_notice, more[0]))
            case "raise":
                self._news.put(partial(_raise, more[0]))

    def _answer(
        self, process: Process[Running], question: str, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> None:
        def ask() -> None:
            try:
                self._reply(process, (True, answer(self._store, question, *arguments, **options)))
            except Exception as error:
                self._reply(process, (False, error))

        if question == "log":
            self._read_output(process)
            self._reply(process, (True, process.step.log.text() if process.step else ""))
        elif question == "bring_near":  # may take long: others are answered meanwhile
            start_quietly(ask, "dagbuild-fetch")
        else:
            ask()

    def _reply(self, process: Process[Running], reply: tuple[bool, Any]) -> None:
        with contextlib.suppress(OSError):  # it has ended
            process.channel.send(pickle.dumps(reply, protocol=5))

    def _finish(self, process: Process[Running], reply: packing.Reply, again: bool) -> None:
        """Note how a step ended; its process is free for another one, or about to end."""
        self._read_output(process)
        process.shown.finish("\n")
        step = process.finish()
        if again and not process.overdue:
            with self._lock:
                self._idle.append(process)
        self._news.put(partial(self._take, step, reply))

    def _take(self, step: Running, reply: packing.Reply) -> tuple[str, Outcome]:
        """Return a step's outcome, in the thread of the build, once its record is put."""
        name = step.work.name
        with step.holding:
            if (
                reply == packing.STAYS
            ):  # what it takes cannot travel, or what it gave, which could not be stored
                return name, self._worker.put(self._worker.call(step.work))
            outcome = packing.unpack(reply, self._copies.pickles.loads)
            if isinstance(outcome, Failure):
                outcome = replace(outcome, log=clean(step.log.text()))
            if isinstance(outcome, Done) and outcome.record is not None and step.work.lease is None:
                record = replace(outcome.record, log=clean(step.log.text()))
                outcome = self._worker.put(replace(outcome, record=record))
            return name, outcome

    def _end(self, process: Process[Running], end: End | None) -> None:
        """Take in that a process has ended, after the last that it said."""
        while (message := process.channel.receive_now()) is not None:
            self._hear(process, message)
        self._read_output(process)
        with self._lock:
            del self._processes[process.number]
            if process in self._idle:
                self._idle.remove(process)
        for file in (process.channel.socket, process.output):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(file)
        crash = process.close()
        process.shown.finish("\n")
        if (step := process.step) is None:
            return
        cut = CutOff(end, crash, self._killings.has_more(), process.overdue, clean(step.log.text()))
        self._news.put(partial(self._tell_end, step, cut))

    def _tell_end(self, step: Running, cut: CutOff) -> tuple[str, Outcome]:
        step.holding.close()
        return step.work.name, deaths.tell_end(step.work, cut)

    def _read_output(self, process: Process[Running]) -> None:
        process.read_output()
        if process.is_silent:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(process.output)


def _raise(error: BaseException) -> NoReturn:
    raise error
