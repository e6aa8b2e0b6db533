"""A build as lines of JSON: one object for each event, as it happens. It is the same wherever they are written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from dagbuild.plan.events import (
    BuildEvent,
    BuildFinished,
    BuildStarted,
    Event,
    How,
    Importing,
    Notice,
    StepFinished,
    StepStarted,
)
from dagbuild.plan.plan import Decision
from dagbuild.report.plan_text import notes_to_json


class JsonLines:
    """Listens to a build and writes each event as a line, with the `clock`'s time.

    With `logs`, what each node printed when it ran, too.
    """

    def __init__(
        self, write: Callable[[str], None], *, logs: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self._write = write
        self._logs = logs
        self._clock = clock

    def __call__(self, event: Event) -> None:
        """Write the event; an import is none of the build."""
        if isinstance(event, Importing):
            return
        plain = event_to_json(event) | {"time": round(self._clock(), 3)}
        if self._logs and isinstance(event, StepFinished) and event.record is not None:
            plain["log"] = event.record.log
        self._write(json.dumps(plain, sort_keys=False, default=str))


def event_to_json(event: BuildEvent) -> dict[str, Any]:
    """Return an event as plain data; `event` says which."""
    match event:
        case BuildStarted(run, plan, executor):
            counts = {decision.value: len(plan.names(decision)) for decision in Decision}
            targets = list(plan.targets)
            return {
                "event": "build_started", "run": run, "targets": targets, "executor": executor, "plan": counts,
            }  # fmt: skip
        case StepStarted(node):
            return {"event": "step_started", "node": node}
        case StepFinished():
            return _step(event)
        case Notice(text, node, level):
            return {"event": "notice", "level": level, "node": node, "text": text}
        case BuildFinished(result):
            return {
                "event": "build_finished",
                "run": result.run,
                "elapsed": round(result.elapsed, 4),
                "saved": round(result.saved, 4),
                "status": result.status,
                "interrupted": result.interrupted,
                "failed": result.failed,
                "counts": {how.value: len(result.names(how)) for how in How},
                "unseen": notes_to_json(result.find_notes()),
            }


def _step(event: StepFinished) -> dict[str, Any]:
    plain: dict[str, Any] = {"event": "step_finished", "node": event.node, "how": event.how.value}
    if event.record is not None:
        plain |= {
            "digest": event.record.artifact.digest,
            "size": event.record.artifact.size,
            "seconds": round(event.record.duration, 4),
            "memory": event.record.memory,
            "machine": event.record.host,
        }
    if event.calls is not None:
        plain["elements"] = {"computed": event.calls[0], "all": event.calls[1]}
    if event.failure is not None:
        failure = event.failure
        plain["failure"] = {
            "kind": failure.kind,
            "message": failure.message,
            "frames": failure.frames,
            "inputs": dict(failure.inputs),
            "causes": [asdict(cause) for cause in failure.causes],
        }
    if event.blocked_by is not None:
        plain["blocked_by"] = event.blocked_by
    return plain
