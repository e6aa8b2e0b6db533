"""Run steps in this process, one after the other.

Nothing to start, nothing to ship, and a debugger works. Knows nothing of other processes. Guards: each step finds the
process as the first one did, and so does the caller once it is closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from dagbuild.executors.base import Executor, Work
from dagbuild.executors.worker import Worker
from dagbuild.ground.override import override
from dagbuild.model.outcome import Outcome


class InlineExecutor(Executor):
    """Runs a step when it is waited for. `on_wait` is told of a node and of whom its step waits for."""

    name = "inline"
    slots = 1

    def __init__(
        self, worker: Worker, on_wait: Callable[[str, str], None] = lambda _node, _who: None
    ) -> None:
        self._worker = worker
        self._on_wait = on_wait
        self._queue: deque[Work] = deque()
        self._held: ExitStack | None = None

    @override
    def submit(self, work: Work) -> None:
        self._queue.append(work)

    def wait(self, most: float | None = None) -> list[tuple[str, Outcome]]:  # noqa: ARG002 - a step runs to its end
        """Run the oldest step that was submitted and return its outcome."""
        if self._held is None:
            self._held = ExitStack()
            self._held.enter_context(self._worker.hold())
        work = self._queue.popleft()
        name = work.name
        return [(name, self._worker.run(work, partial(self._on_wait, name)))]

    def close(self) -> None:
        """Forget what was not run, and leave the process as it was found."""
        self._queue.clear()
        if self._held is not None:
            self._held.close()
            self._held = None
