"""Run steps in this process, one after the other.

Nothing to start, nothing to ship, and a debugger works. Knows nothing of other processes.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable

from dagbuild.artifacts import Artifacts
from dagbuild.executors.base import Executor, Outcome, Work
from dagbuild.executors.worker import run_step
from dagbuild.store.base import Store


class LocalExecutor(Executor):
    """Runs a step when it is waited for."""

    name = "local"
    slots = 1

    def __init__(
        self,
        store: Store,
        artifacts: Artifacts,
        on_wait: Callable[[str, str], None] = lambda _node, _text: None,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._on_wait = on_wait
        self._queue: deque[Work] = deque()
        self._step = contextlib.ExitStack()

    def submit(self, work: Work) -> None:
        """Take a step to run; returns at once."""
        self._queue.append(work)

    def wait(self) -> list[tuple[str, Outcome]]:
        """Run the oldest step that was submitted and return its outcome; its lease ends with the next call."""
        self._step.close()
        work = self._queue.popleft()
        name = work.node.name

        def tell(who: str) -> None:
            self._on_wait(name, f"'{name}' is being computed by {who}: waiting for it")

        step = run_step(work, self._store, self._artifacts, tell)
        return [(name, self._step.enter_context(step))]

    def close(self) -> None:
        """Forget what was not run."""
        self._step.close()
        self._queue.clear()
