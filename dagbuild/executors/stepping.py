"""What a process does that is there to run steps: one after the other, as they come through its channel.

Everything that a step needs of the driver goes through that channel: records, values that lie far, what was printed.
Knows one worker; who runs what is the driver's to say, and whether there is a next step who has started the process's.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import os
import pickle
import sys
import termios
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from dagbuild.executors.base import Work
from dagbuild.executors.blas import Share
from dagbuild.executors.channel import Channel
from dagbuild.executors.packing import FRESH, STAYS, Reply, SharedPickles, pack
from dagbuild.executors.reads import find_reads
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.model.outcome import Failure, Outcome
from dagbuild.store.base import Store
from dagbuild.store.relay import RelayStore

MakeWorker = Callable[[Store, Callable[[], Capturing]], Worker]
"""Returns what runs steps, with the store to use and what captures their output."""


class Stepping:
    """A process's end of the channel to the driver, with two descriptors: of where what steps print goes, and of a
    file for what Python can tell of a crash.
    """

    def __init__(self, channel: Channel, printed: int, crash: int) -> None:
        self._channel = channel
        self._crash = crash
        faulthandler.enable(crash, all_threads=False)
        self.driver = Driver(channel)
        self._output = _Output(printed, self.driver)

    def run(
        self,
        folder: Path,
        fsync: str,
        make_worker: MakeWorker,
        pickles: SharedPickles,
        goes_on: Callable[[float], bool] = lambda _: True,
        *,
        threads: int,
    ) -> None:
        """Run the steps that come until one of them fails, leaves something, or does not let the process go on.

        Blobs lie in `folder`. `goes_on` is told how many seconds a step took. Libraries of numbers may run so many
        `threads` for each core that a step takes.
        """
        driver = self.driver
        store = RelayStore(folder, driver.ask, fsync=fsync, on_notice=partial(driver.tell, "notice"))
        worker = make_worker(store, self.capture)

        def call(work: Work) -> Outcome:
            self._output.is_asked = work.lease is not None
            # Without one the driver holds it, or there is none, and puts the record.
            outcome = (
                worker.call(work) if work.lease is None else worker.run(work, partial(driver.tell, "wait"))
            )
            store.flush()
            return outcome

        try:
            self.serve(worker, call, pickles, goes_on, threads=threads)
        finally:
            store.close()

    def serve(
        self,
        worker: Worker,
        call: Callable[[Work], Outcome],
        pickles: SharedPickles,
        goes_on: Callable[[float], bool] = lambda _: True,
        *,
        threads: int,
        tell_unreadable: Callable[[BaseException], Reply] = lambda _: STAYS,
    ) -> None:
        """Call the steps that come, as `run` does, with a worker of the caller's.

        `tell_unreadable` gives the reply to a step that cannot be made of what came.
        """
        channel, driver, output = self._channel, self.driver, self._output
        share = Share(threads)
        worker.on_begin = lambda _: driver.tell("begin")
        while (message := channel.receive()) is not None:
            try:
                work: Work = pickles.loads(message)
            except (Exception, SystemExit) as error:  # it may pickle well, and refuse to be made again
                reply = tell_unreadable(error)
                driver.tell("done", reply, reply != FRESH)
                if reply == FRESH:
                    return
                continue
            share.fit(work.node.resources.cpus)
            began = time.perf_counter()
            try:
                outcome = call(work)
            except Exception as error:
                error.add_note("".join(traceback.format_exception(error)))  # it does not travel
                driver.tell("raise", error)
                return
            again = not isinstance(outcome, Failure) and not worker.spent
            again = again and goes_on(time.perf_counter() - began)
            output.renew()
            driver.tell("done", pack(outcome, pickles.dumps), again)
            if not again:
                return

    def capture(self) -> Capturing:
        """Return where what a step prints is read."""
        return self._output

    def count_reads(self) -> None:
        """Ask for what a step has printed only where it has: who reads that counts how often, see `tell_read`."""
        if sys.platform == "linux":  # elsewhere only who reads knows what waits in a pipe
            self._output.taken = partial(find_reads, self._crash)

    def refuse(self, reply: Reply) -> None:
        """Give the same reply to all steps that come."""
        while self._channel.receive() is not None:
            self.driver.tell("done", reply, True)


class Driver:
    """The driver, as a step's process sees it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()

    def ask(self, question: str, *arguments: Any, **options: Any) -> Any:
        """Return what it answers; raises what it raises."""
        with self._lock:
            self.tell("ask", question, arguments, options)
            answer = self._channel.receive()
        if answer is None:
            os._exit(1)  # nobody is there to build for
        good, found = pickle.loads(answer)
        if good:
            return found
        raise found

    def tell(self, *message: Any) -> None:
        """Tell it something."""
        self._channel.send(pickle.dumps(message, protocol=5))


class _Output:
    """Where a step prints to: files of Python's own over the descriptors that the driver reads."""

    def __init__(self, printed: int, driver: Driver) -> None:
        self.driver = driver
        self.is_asked = True
        self.taken: Callable[[], int] | None = None
        """Tells how often somebody has begun or ended to read what was printed, where that can be told."""
        self._before = 0
        self._printed = printed
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._settings = [(stream.encoding, stream.errors) for stream in (sys.stdout, sys.stderr)]
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
        self.renew()

    def __enter__(self) -> None:
        self._before = self.taken() if self.taken else 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def text(self) -> str:
        """Return what was printed since the step began; nothing where the driver adds it to the record itself."""
        self.flush()
        if not self.is_asked or (self.taken and self._is_silent(self.taken)):
            return ""
        text: str = self.driver.ask("log")
        return text

    def _is_silent(self, taken: Callable[[], int]) -> bool:
        """Tell whether surely nothing was printed: nothing is still to be read, and nobody reads or has read since."""
        waits = fcntl.ioctl(self._printed, termios.FIONREAD, b"\0" * 4) != b"\0" * 4
        if waits:
            return False
        reads = taken()  # after the other question: who reads meanwhile has said so
        return reads == self._before and reads % 2 == 0

    def flush(self) -> None:
        """Let nothing wait in a buffer."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()

    def renew(self) -> None:
        """Give the next step streams of its own, whatever the last one has done to its."""
        self.flush()
        for number in (1, 2):
            os.dup2(self._printed, number)
        streams = [
            open(number, "w", encoding=encoding, errors=errors, buffering=1, closefd=False)  # noqa: SIM115
            for number, (encoding, errors) in enumerate(self._settings, 1)
        ]
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = streams  # type: ignore[misc]
