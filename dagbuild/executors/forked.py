"""What a process does that was forked to run steps: one, or several as long as they are short and leave nothing.

Has all that the driver has, which it is a copy of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from dagbuild.codecs.registry import open_imported
from dagbuild.executors import exits
from dagbuild.executors.blas import limit_threads
from dagbuild.executors.channel import Channel
from dagbuild.executors.packing import SharedPickles
from dagbuild.executors.state import Chance
from dagbuild.executors.stepping import MakeWorker, Stepping
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.executors.zygote import Zygote
from dagbuild.store.base import Store

SHORT = 0.05
"""Seconds of a step after which its process may run another: a fork costs the fifth of that."""


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

    def start(self, _chance: Chance) -> Zygote:
        """Fork what they are forked from; they have what this process holds."""
        open_imported()  # here, where it lasts for the next build
        return Zygote.copy(self._prepare, self._run)

    def close(self) -> None:
        """There is nothing to let go of."""

    def _prepare(self) -> None:
        """Do once, in what they are forked from, what each of them would do."""
        limit_threads(self._threads)

    def _run(self, channel: Channel, printed: int, crash: int) -> None:
        """Run the steps that come through the channel, until one of them is not short or leaves something."""
        exits.lend_process()
        threads = threading.active_count()
        Stepping(channel, printed, crash).run(
            self._folder,
            self._fsync,
            self._hold,
            self.pickles,
            lambda seconds: seconds < SHORT and threading.active_count() <= threads,
            threads=self._threads,
        )

    def _hold(self, store: Store, capture: Callable[[], Capturing]) -> Worker:
        worker = self._make_worker(store, capture)
        worker.hold_on()
        return worker
