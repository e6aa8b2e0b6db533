"""What this process does for itself: threads, and calls in them, that no node's run accounts for.

Knows threads only. Guards: a connection or a file of the store's own never counts as one of the node that runs beside
it, and what a node does itself always does.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

busy: set[int] = set()
"""The threads that report nothing now, by ident; asked at each event that is watched."""

_T = TypeVar("_T")


def is_quiet(ident: int) -> bool:
    """Tell whether what a thread does now is this process's own business."""
    return ident in busy


def _keep_own() -> None:
    """Forget the threads that a fork has left behind: others may get their idents."""
    busy.intersection_update({threading.get_ident()})


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_own)


@contextmanager
def quiet() -> Iterator[None]:
    """Report nothing that this thread does in here."""
    ident = threading.get_ident()
    nested = ident in busy
    busy.add(ident)
    try:
        yield
    finally:
        if not nested:
            busy.discard(ident)


def stay_quiet() -> None:
    """Report nothing that this thread does from here on; for threads that end with the process."""
    busy.add(threading.get_ident())


def start_quietly(run: Callable[[], None], name: str) -> threading.Thread:
    """Start a thread of our own: nobody's account, and the process ends without waiting for it."""

    def work() -> None:
        with quiet():
            run()

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


class QuietPool:
    """A few threads of our own that run calls; the process ends without waiting for what hangs in them.

    concurrent.futures waits for its threads at the end of the process, whatever holds them up.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._waiting = 0

    def submit(self, call: Callable[[], _T]) -> Future[_T]:
        """Run a call as soon as a thread is free."""
        future: Future[_T] = Future()
        with self._lock:
            self._waiting += 1
            if self._waiting > len(self._threads) and len(self._threads) < self._size:
                self._threads.append(start_quietly(self._run, self._name))
        self._calls.put((future, call))
        return future

    def map(self, call: Callable[[Any], _T], items: Any) -> list[_T]:
        """Run a call for each item, and return what they return; raises what the first of them raised."""
        futures = [self.submit(lambda item=item: call(item)) for item in items]  # type: ignore[misc]
        return [future.result() for future in futures]

    def close(self) -> None:
        """Let the threads end once they are done with what was submitted."""
        with self._lock:
            for _ in self._threads:
                self._calls.put(None)
            self._threads = []
            self._waiting = 0

    def _run(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:
                    future.set_exception(error)
            with self._lock:
                self._waiting -= 1
