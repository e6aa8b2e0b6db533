"""What a process does that was forked to run steps: one, or several as long as they are short and leave nothing.

Everything that a step needs of the driver goes through one channel: records, values that lie far, what was printed.
Knows one worker; who runs what is the driver's to say.
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

from dagbuild.codecs.registry import open_imported
from dagbuild.executors import exits
from dagbuild.executors.base import Work
from dagbuild.executors.blas import limit_threads
from dagbuild.executors.channel import Channel
from dagbuild.executors.packing import STAYS, SharedPickles, pack
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.model.outcome import Failure
from dagbuild.store.base import Store
from dagbuild.store.relay import RelayStore

SHORT = 0.05
"""Seconds of a step after which its process may run another: a fork costs the fifth of that."""

MakeWorker = Callable[[Store, Callable[[], Capturing]], Worker]
"""Returns what runs steps, with the store to use and what captures their output."""


class Forked:
    """What such processes have of the driver: `make_worker` is called in each, and opens nothing before.

    `threads` are those that libraries of numbers may run in each.
    """

    def __init__(
        self, folder: Path, fsync: str, pickles: SharedPickles, make_worker: MakeWorker, *, threads: int = 1
    ) -> None:
        self._threads = threads
        self._folder = folder
        self._fsync = fsync
        self.pickles = pickles
        self._make_worker = make_worker

    def prepare(self) -> None:
        """Do once, in what they are forked from, what each of them would do."""
        limit_threads(self._threads)
        open_imported()

    def run(self, channel: Channel, printed: int, crash: int) -> None:
        """Run the steps that come through the channel, until one of them is not short or leaves something."""
        exits.lend_process()
        faulthandler.enable(crash, all_threads=False)
        output = _Output(printed, Driver(channel))
        driver = output.driver
        store = RelayStore(
            self._folder, driver.ask, fsync=self._fsync, on_notice=partial(driver.tell, "notice")
        )
        worker = self._make_worker(store, lambda: output)
        worker.hold_on()
        threads = threading.active_count()
        try:
            while (message := channel.receive()) is not None:
                try:
                    work: Work = self.pickles.loads(message)
                except (Exception, SystemExit):  # it pickles well, and refuses to be made again
                    driver.tell("done", STAYS, True)
                    continue
                began = time.perf_counter()
                output.is_asked = work.lease is not None
                try:
                    if work.lease is None:  # the driver holds it, or there is none, and puts the record
                        outcome = worker.call(work)
                    else:
                        outcome = worker.run(work, partial(driver.tell, "wait"))
                except KeyboardInterrupt as error:  # the node's own: Ctrl-C is for the driver alone
                    driver.tell("raise", error)
                    return
                except Exception as error:
                    error.add_note("".join(traceback.format_exception(error)))  # it does not travel
                    driver.tell("raise", error)
                    return
                short = time.perf_counter() - began < SHORT
                again = short and not isinstance(outcome, Failure) and not worker.spent
                again = again and threading.active_count() <= threads
                store.flush()
                output.renew()
                driver.tell("done", pack(outcome, self.pickles.dumps), again)
                if not again:
                    return
        finally:
            store.close()


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
