"""Run steps in this process, one after the other.

Nothing to start, nothing to ship, and a debugger works. Knows nothing of other processes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from dagbuild.executors.base import Executor, Work
from dagbuild.executors.worker import Worker
from dagbuild.ground.override import override
from dagbuild.model.outcome import Outcome


class LocalExecutor(Executor):
    """Runs a step when it is waited for. `on_wait` is told of a node and of whom its step waits for."""

    name = "local"
    slots = 1

    def __init__(
        self, worker: Worker, on_wait: Callable[[str, str], None] = lambda _node, _who: None
    ) -> None:
        self._worker = worker
        self._on_wait = on_wait
        self._queue: deque[Work] = deque()

    @override
    def submit(self, work: Work) -> None:
        self._queue.append(work)

    def wait(self) -> list[tuple[str, Outcome]]:
        """Run the oldest step that was submitted and return its outcome."""
        work = self._queue.popleft()
        name = work.node.name
        return [(name, self._worker.run(work, partial(self._on_wait, name)))]

    def close(self) -> None:
        """Forget what was not run."""
        self._queue.clear()
