"""The events of a build in a file, for whoever follows it: a line of JSON for each, there as soon as it happens.

Guards: a file that cannot be written fails the command before a node runs, and no build after that; no secret goes
there.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TextIO

from dagbuild.ground.secrets import clean
from dagbuild.plan.events import Notice

if TYPE_CHECKING:
    from dagbuild.plan.events import Event, Listener


@contextlib.contextmanager
def also_written(file: str | None, *, logs: bool) -> Iterator[Callable[[Listener], Listener]]:
    """Give what makes of a listener one that also writes what it hears to a file, if one is named.

    What was in the file goes; with `logs`, what nodes printed when they ran is written, too. Raises InputError when the
    file cannot be written.
    """
    if file is None:
        yield lambda listener: listener
        return
    from dagbuild.ground.home import expand_user
    from dagbuild.project.exchange import refuse_url, told

    refuse_url(file)
    with told(file):
        stream = expand_user(file).open("w", encoding="utf-8")
    try:
        yield partial(_Writing, stream, file, logs=logs)
    finally:
        with contextlib.suppress(
            OSError
        ):  # what was left in its buffer was told when it could not be written
            stream.close()


class _Writing:
    def __init__(self, stream: TextIO, name: str, listener: Listener, *, logs: bool) -> None:
        from dagbuild.report.jsonl import JsonLines

        self._stream = stream
        self._name = name
        self._listener = listener
        self._lines = JsonLines(self._write, logs=logs)
        self._lock = threading.Lock()  # the store's own threads have something to say, too
        self._works = True

    def __call__(self, event: Event) -> None:
        trouble = None
        if self._works:
            try:
                with self._lock:
                    self._lines(event)
            except OSError as error:
                self._works, trouble = False, error.strerror or str(error)
        self._listener(event)
        if trouble is not None:
            self._listener(Notice(f"'{self._name}': {trouble}; no more events are written there"))

    def _write(self, line: str) -> None:
        self._stream.write(clean(line) + "\n")
        self._stream.flush()
