"""Keep how nodes fail while a build goes on, and find it again for a plan.

Listens to a build, which knows nothing of it. Guards: what is kept of a key is gone as soon as that key has a value,
and a build in which nothing runs opens no file for it.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping

from dagbuild.ground.author import author
from dagbuild.model.outcome import Failure
from dagbuild.model.record import Artifact
from dagbuild.plan.events import BuildStarted, Event, How, Listener, StepFinished, StepStarted
from dagbuild.plan.plan import Decision, Plan
from dagbuild.plan.request import Request
from dagbuild.report.failures import tell_frames
from dagbuild.store.failed_runs import FailedRun, FailedRuns


class FailureKeeper:
    """Hears a build and keeps how its nodes fail; each event is then the listener's."""

    def __init__(self, kept: FailedRuns, request: Request, listener: Listener) -> None:
        self._kept = kept
        self._request = request
        self._listener = listener
        self._run = ""
        self._started: dict[str, float] = {}
        self._made: dict[str, Artifact] = {}

    def __call__(self, event: Event) -> None:
        """Take in an event, and hand it on."""
        match event:
            case BuildStarted(run):
                self._run = run
            case StepStarted(node):
                self._started[node] = time.time()
            case StepFinished():
                self._take(event)
        self._listener(event)

    def _take(self, step: StepFinished) -> None:
        deep = self._request.deep.get(step.node)
        if step.record is not None:
            self._made[step.node] = step.record.artifact
        if deep is None:
            return
        if step.failure is not None and step.node in self._started:
            self._kept.put(self._tell(step.node, deep, step.failure))
        elif step.how is How.COMPUTED:
            self._kept.forget(step.node, deep)

    def _tell(self, node: str, deep: str, failure: Failure) -> FailedRun:
        started = self._started[node]
        return FailedRun(
            node=node,
            deep=deep,
            content=self._request.content(node, self._find_artifact) or "",
            kind=failure.kind,
            message=failure.message,
            told=tell_frames(failure),
            traceback=failure.traceback,
            log=failure.log,
            started=started,
            duration=max(time.time() - started, 0.0),
            user=author(),
            host=platform.node(),
            run=self._run,
        )

    def _find_artifact(self, name: str) -> Artifact | None:
        given = self._request.givens.get(name)
        return given.artifact if given else self._made.get(name)


def find_failed(kept: FailedRuns, plan: Plan) -> Mapping[str, FailedRun]:
    """Return, of the nodes that are to run, the last failure of those that failed with the very key of today."""
    runs = plan.names(Decision.RUN)
    if not runs or kept.is_empty():
        return {}
    found: dict[str, FailedRun] = {}
    for name in runs:
        step = plan.steps[name]
        run = kept.find(name, step.deep)
        if run is not None and (not step.content or run.content in ("", step.content)):
            found[name] = run
    return found
