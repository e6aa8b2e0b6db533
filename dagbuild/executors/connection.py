"""This process's connection to a cluster: opened by the first executor that needs it, closed by the last one.

Knows neither Ray nor executors. Guards: whoever ends first takes nothing from another, in whatever thread each of them
runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path


class Connection:
    """One that executors have opened: there until the last of them lets go of it.

    `is_open` tells whether this process has one, whoever has opened it; `close` ends it.
    """

    def __init__(self, is_open: Callable[[], bool], close: Callable[[], None]) -> None:
        self._is_open = is_open
        self._close = close
        self._lock = threading.Lock()
        self._users = 0
        self._left = threading.Event()
        self.shipped: Path | None = None
        """The folder of the project that was sent there with it."""

    def take(self, connect: Callable[[], None], shipped: Path | None) -> bool:
        """See that there is one; return whether it is ours, to be let go of. Raises what `connect` raises."""
        with self._lock:
            if not self._is_open():
                self._stand(connect)
                self.shipped = shipped
            elif not self._users:
                return False
            self._users += 1
            return True

    def let_go(self) -> None:
        """Close it, unless others use it."""
        with self._lock:
            self._users -= 1
            if not self._users:
                self._close()
                self._left.set()

    def _stand(self, connect: Callable[[], None]) -> None:
        """Connect in a thread that stays as long as the connection.

        The processes of a local cluster are tied to the thread that has started them (seen on Ray 2.60): the kernel
        ends them with it. The main thread ends last of all.
        """
        if threading.current_thread() is threading.main_thread():
            connect()
            return
        opened: Future[None] = Future()
        self._left = left = threading.Event()

        def stand() -> None:
            try:
                connect()
            except BaseException as error:  # raised in the thread that waits
                opened.set_exception(error)
            else:
                opened.set_result(None)
                left.wait()

        threading.Thread(target=stand, name="dagbuild-connection", daemon=True).start()
        opened.result()
