"""What a process does that is there to run steps: one after the other, as they come through its channel.

Everything that a step needs of the driver goes through that channel: records, values that lie far, what was printed.
Knows one worker; who runs what is the driver's to say, and whether there is a next step who has started the process's.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import sys
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
from dagbuild.executors.packing import STAYS, SharedPickles, pack
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.model.outcome import Failure
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
        channel, driver, output = self._channel, self.driver, self._output
        store = RelayStore(folder, driver.ask, fsync=fsync, on_notice=partial(driver.tell, "notice"))
        worker = make_worker(store, lambda: output)
        share = Share(threads)
        worker.on_begin = lambda _: driver.tell("begin")
        try:
            while (message := channel.receive()) is not None:
                try:
                    work: Work = pickles.loads(message)
                except (Exception, SystemExit):  # it pickles well, and refuses to be made again
                    driver.tell("done", STAYS, True)
                    continue
                share.fit(work.node.resources.cpus)
                began = time.perf_counter()
                output.is_asked = work.lease is not None
                try:
                    if work.lease is None:  # the driver holds it, or there is none, and puts the record
                        outcome = worker.call(work)
                    else:
                        outcome = worker.run(work, partial(driver.tell, "wait"))
                except Exception as error:
                    error.add_note("".join(traceback.format_exception(error)))  # it does not travel
                    driver.tell("raise", error)
                    return
                again = not isinstance(outcome, Failure) and not worker.spent
                again = again and goes_on(time.perf_counter() - began)
                store.flush()
                output.renew()
                driver.tell("done", pack(outcome, pickles.dumps), again)
                if not again:
                    return
        finally:
            store.close()

    def refuse(self, why: str) -> None:
        """Give back all steps that come, to be run by the driver, which is told why."""
        self.driver.tell("notice", why)
        while self._channel.receive() is not None:
            self.driver.tell("done", STAYS, True)


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
        self._printed = printed
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._settings = [(stream.encoding, stream.errors) for stream in (sys.stdout, sys.stderr)]
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
        self.renew()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def text(self) -> str:
        """Return what was printed since the step began; nothing where the driver adds it to the record itself."""
        self.flush()
        text: str = self.driver.ask("log") if self.is_asked else ""
        return text

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
