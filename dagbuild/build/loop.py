"""The loop: ready steps out, outcomes in, events up.

Prints nothing, decides nothing that the plan has decided, and knows no executor by name. What is wanted and ready is
`steps`'s to say, what a step was seen to read the worker's.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.build.ahead import expect_far
from dagbuild.build.blocks import Blocks
from dagbuild.build.handing import Handing
from dagbuild.build.news import tell_news
from dagbuild.build.recorder import Keys, Recorder
from dagbuild.build.states import State
from dagbuild.build.steps import Steps
from dagbuild.build.tries import Tries
from dagbuild.build.work import Observed, make_work
from dagbuild.executors.base import Executor
from dagbuild.ground import gc_pause
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, CodecError, OutputError, StoreError
from dagbuild.ground.interrupt import Interrupt
from dagbuild.model.node import Node
from dagbuild.model.outcome import Done, Failure, Found, Lost, Outcome
from dagbuild.model.record import Artifact, Record
from dagbuild.outputs import Outputs
from dagbuild.plan.events import (
    BuildFinished,
    BuildResult,
    BuildStarted,
    How,
    Listener,
    Notice,
    StepFinished,
    StepStarted,
)
from dagbuild.plan.plan import Alike, Decision, Lookup, Plan
from dagbuild.plan.request import Request

_WAYS = {Decision.FETCH: How.FETCHED, Decision.RESTORE: How.RESTORED}
"""How a step ends that the plan has found a record for; else it is reused."""


class Build:
    """Does what a plan says.

    A failed node blocks what is made from it; the rest goes on with `keep_going`, else nothing new is started. An
    interrupt keeps what is finished. Without `limits`, no call is made again and none is ended for its time.
    """

    def __init__(
        self,
        request: Request,
        plan: Plan,
        *,
        run: str,
        artifacts: Artifacts,
        lookup: Lookup,
        watched: Observed,
        executor: Executor,
        outputs: Outputs | None = None,
        listener: Listener,
        keep_going: bool = False,
        limits: bool = True,
    ) -> None:
        self.request = request
        self.plan = plan
        self.name = run
        self.artifacts = artifacts
        self.watched = watched
        self.outputs = outputs
        self.listener = listener
        self.keep_going = keep_going
        self.stopping = False
        self.ended: dict[str, StepFinished] = {}
        self.notices: list[Notice] = []
        self.interrupt = Interrupt()
        self.steps = Steps(request, plan, self._reused)
        store = artifacts.store
        self.recorder = Recorder(
            request, plan, self.steps, store, run, lambda node, text: self._notice(text, node)
        )
        renamed = {record.unnamed for name, record in self.recorder.found.items() if record.node != name}
        self.alike = Alike(request, lookup, renamed)
        self.blocks = Blocks(self.recorder, lookup, artifacts, self._notice, keep_going=keep_going)
        self.tries = Tries(self._notice)
        self.handing = Handing(executor, self.tries, self.steps.find_peak, limits=limits)

    def run(self, *, values: bool = False) -> BuildResult:
        """Build the targets and return how each node ended; `values` asks for the targets' values in the result."""
        started = time.perf_counter()
        self.listener(BuildStarted(self.name, self.plan, self.handing.executor.name))
        interrupted = False
        results: dict[str, Any] = {}
        try:
            self._tell_unreadable()
            with self.interrupt, gc_pause.sparing():
                self._restore()
                for target in self.request.targets:
                    self.steps.want(target)
                expect_far(self.request, self.plan, self.artifacts.store)
                self._loop()
                read = self._read_targets(self._load if values else self._look_at)
                results = read if values else {}
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self.recorder.keep_found()
            with contextlib.suppress(StoreError):
                self.artifacts.store.flush()
        self._tell_rest()
        saved = sum(
            step.record.duration
            for step in self.ended.values()
            if step.record and step.how in {How.RESTORED, How.REUSED, How.FETCHED, How.SKIPPED}
        )
        elapsed = time.perf_counter() - started
        result = BuildResult(
            self.name, self.plan, self.ended, elapsed, saved, results, tuple(self.notices), interrupted
        )
        self.listener(BuildFinished(result))
        return result

    # -- the loop ------------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while True:
            self.interrupt.check()
            self.hand_out()
            if self.stopping:
                for name, failure in self.tries.give_up():
                    self._settle(name, failure)
            if self.handing.is_over:
                return
            for name, outcome in self.handing.wait():
                self.take(name, outcome)

    def hand_out(self) -> None:
        """Hand as many ready steps to the executor as it has room for; what was found meanwhile is not run."""
        while not self.stopping and (ready := self._find_ready()) and self.handing.has_room(ready):
            if call := self.tries.pop() or self.blocks.pop():
                if call.attempt > 1 and not call.call:
                    self.listener(StepStarted(call.name))
                self.handing.submit(call)
                continue
            name = self.steps.pop()
            if name is None:
                return
            keys = self.recorder.keys(name)
            if (record := self._find(name, keys)) and self._alias(name, record) is not None:
                continue
            work = make_work(self.recorder, self.watched, name, keys)
            self.steps.start(name)
            if not work.node.block:
                self.listener(StepStarted(name))
                self.handing.submit(work)
            elif (ended := self.blocks.begin(work)) is not None:
                self._conclude(name, ended)
            else:
                self.listener(StepStarted(name))

    def _find_ready(self) -> Node | None:
        """Return the node of the call that is next: what is behind it waits, so that a large one has its turn."""
        if again := self.tries.find_due():
            return again.node
        if call := self.blocks.find_ready():
            return call
        name = self.steps.find_ready()
        return self.request.graph.nodes[name] if name is not None else None

    def _find(self, name: str, keys: Keys) -> Record | None:
        step, planned = self.steps[name], self.plan.steps.get(name)
        if keys.content is None or step.unreadable or name in self.request.forced:
            return None
        if planned and planned.content == keys.content and not step.untrusted:
            return None  # the plan asked already
        record = self.alike.find(name, keys.content, keys.unnamed, self.recorder.artifact)
        if record is None or not self.request.has_outputs(name, record.artifact):
            return None
        return record if self.artifacts.is_usable(record.artifact) else None

    def _alias(self, name: str, record: Record) -> bool | None:
        """Take a record found under another key, and let the deep key find it the next time.

        False where its outputs cannot be put back, None where the node has to run because they are lost.
        """
        known = record.deep == self.request.deep[name] or name in self.request.accepted
        if self.recorder.is_renewed(name) or not known:
            record = self.recorder.put_alias(name, record)
        if there := self._put_back(name, record.artifact):
            self.steps.reuse(name, record)
        return there

    def _reused(self, name: str, record: Record) -> None:
        planned = self.plan.steps.get(name)
        decision = planned.decision if planned is not None and planned.record is record else Decision.REUSE
        self._end(StepFinished(name, _WAYS.get(decision, How.REUSED), record))

    # -- outputs -------------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        """Put back what is gone or changed of what is right, before anything can read it."""
        for name in self.plan.names(Decision.RESTORE):
            given, record = self.request.givens.get(name), self.plan.steps[name].record
            artifact = given.artifact if given else record.artifact if record else None
            if artifact is None or self._put_back(name, artifact) is False:
                continue
            if given:
                self._end(StepFinished(name, How.RESTORED))
            else:
                self.steps.want(name)

    def _put_back(self, name: str, artifact: Artifact) -> bool | None:
        """Make the places of the node's outputs hold them; False where that failed, None where the node has to run."""
        declared = self.request.graph.nodes[name].writes
        if self.outputs is None or not declared:
            return True
        try:
            for output in artifact.outputs:
                if output.path in declared and (text := self.outputs.put_back(output)):
                    self._notice(text, name)
        except (BlobMissingError, BlobDamagedError, CodecError) as error:
            if name in self.request.givens or self.steps[name].losses:
                self._fail(name, Failure(type(error).__name__, str(error), "", {}, error))
                return False
            self._notice(f"'{name}' is made again: {error}", name)
            self.steps.distrust(name, unreadable=self.artifacts.is_usable(artifact))
            return None
        except (OutputError, StoreError) as error:
            self._fail(name, Failure(type(error).__name__, str(error), "", {}, error))
            return False
        return True

    # -- outcomes ------------------------------------------------------------------------------------------------

    def take(self, name: str, outcome: Outcome) -> None:
        """Take in how a step ended that was handed out, or a call of one that is called for elements."""
        if not self.handing.end(name, outcome, last=self.stopping):
            self._settle(name, outcome)

    def _settle(self, name: str, outcome: Outcome) -> None:
        if ended := self.blocks.take(name, outcome):
            self._conclude(*ended)
        elif isinstance(outcome, Failure):  # the calls beside it come to their end
            self.stopping = self.stopping or not self.keep_going

    def _conclude(self, name: str, outcome: Outcome) -> None:
        match outcome:
            case Done():
                self._done(name, outcome)
            case Found(record):
                if not self._is_outdated(name, record) and self._alias(name, record) is None:
                    self.steps.wait_again(name)
            case Lost(upstream):
                self._lost(name, upstream)
            case Failure():
                self._fail(name, outcome)

    def _done(self, name: str, done: Done) -> None:
        for text in done.notices:
            self._notice(text, name, "made")
        if done.record is not None:
            if self._is_outdated(name, done.record):
                return
            self._tell_seen(done.record)
            # They may be on another machine, or another build's result counts; there is no going back to make it again.
            if (there := self._put_back(name, done.record.artifact)) is None:
                self._fail(name, Failure("OutputLost", f"an output of '{name}' is nowhere", ""))
            if not there:
                return
        self._end(StepFinished(name, How.COMPUTED, done.record, calls=self.blocks.count(name)))
        self.steps.made(name, done.record, held=done.held, kept=done.put, value=done.value)

    def _is_outdated(self, name: str, record: Record) -> bool:
        """Tell whether a record is of an upstream value that came out different meanwhile; then it is made again."""
        outdated = self.steps.find_outdated(name, record)
        if outdated is None:
            return False
        self._notice(f"'{name}' is made again: '{outdated}' came out different meanwhile", name)
        self.steps.revoke(name)
        self.steps.want(name)
        return True

    def _fail(self, name: str, failure: Failure) -> None:
        if name not in self.request.givens:
            self.steps.fail(name)
        self._end(StepFinished(name, How.FAILED, failure=failure))
        self.stopping = self.stopping or not self.keep_going

    def _lost(self, name: str, upstream: Mapping[str, str]) -> None:
        """Make again what could not be read back, and the step after it."""
        # What is being made again, or was since the step was handed out, is not lost once more.
        since = self.steps[name].since
        gone = {
            up: why
            for up, why in upstream.items()
            if up in self.request.givens or (self.steps.has(up) and self.steps[up].since < since)
        }
        hopeless = [up for up in gone if up in self.request.givens or self.steps[up].losses]
        if hopeless:
            whys = "\n".join(f"the stored value of '{up}' cannot be read back: {gone[up]}" for up in hopeless)
            self._fail(name, Failure("UnreadableValue", whys, ""))
            return
        for up, why in gone.items():
            self.lose(up, why)
        self.steps.wait_again(name)
        for up in gone:
            self.steps.want(up)

    def lose(self, name: str, why: str) -> None:
        """Take back a value that cannot be read; it is made again when it is wanted."""
        self._notice(f"'{name}' is made again: {why}", name)
        record = self.steps[name].record
        # Where nothing tells that it cannot be read: to find it once more would not help, here or in the next build.
        self.steps.lose(name, unreadable=record is not None and self.artifacts.is_usable(record.artifact))

    # -- telling -------------------------------------------------------------------------------------------------

    def _end(self, step: StepFinished) -> None:
        self.ended.pop(step.node, None)
        self.ended[step.node] = step
        self.listener(step)

    def _notice(self, text: str, node: str | None = None, kind: str = "") -> None:
        notice = Notice(text, node, kind=kind)
        self.notices.append(notice)
        self.listener(notice)

    def _tell_unreadable(self) -> None:
        for name, step in self.plan.steps.items():
            for reason in step.reasons:
                if reason.kind == "unreadable":
                    self._notice(f"'{name}' is made again: {reason}", name)

    def _tell_seen(self, record: Record) -> None:
        """Say once what the node reads besides its inputs, and what cannot be followed."""
        step = self.plan.steps.get(record.node)
        for line in tell_news(record, step.record if step else None, again=self.watched.warns):
            self._notice(line, record.node, "undeclared")

    def _tell_rest(self) -> None:
        """Say of every other node that it was blocked by a failed one, or that nobody needed it."""
        blocked: dict[str, str] = {}
        for name in self.request.order:
            match self.steps[name].state:
                case State.FAILED:
                    blocked[name] = name
                case State.WAITING | State.READY:
                    by = next((blocked[up] for up in self.request.upstream(name) if up in blocked), None)
                    if by is not None:
                        blocked[name] = by
                        self.steps.end(name, State.BLOCKED)
                        self._end(StepFinished(name, How.BLOCKED, blocked_by=by))
                    else:
                        self.ended.pop(name, None)  # it was to be made again
                case State.UNWANTED if step := self.plan.steps.get(name):
                    self.steps.end(name, State.SKIPPED)
                    self._end(StepFinished(name, How.SKIPPED, step.record))
                case State.RUNNING | State.LOST | State.REVOKED:  # interrupted
                    self.ended.pop(name, None)

    def _read_targets(self, read: Callable[[str], Any]) -> dict[str, Any]:
        """Return what is read of the targets; what cannot be read back is made again, once."""
        values: dict[str, Any] = {}
        for name in self.request.targets:
            if not self.steps.has(name):
                continue
            try:
                values[name] = read(name)
            except (BlobMissingError, BlobDamagedError, CodecError) as error:
                if name in self.request.givens or self.steps[name].losses:
                    raise
                self.lose(name, str(error))
                self.steps.want(name)
                self._loop()
                if self.steps.has(name):
                    values[name] = read(name)
        return values

    def _look_at(self, name: str) -> None:
        ended = self.ended.get(name)
        if ended and ended.record and ended.how is not How.COMPUTED and not self.steps[name].losses:
            self.artifacts.look_at(ended.record.artifact)
            if ended.how is How.FETCHED:
                self.artifacts.bring_near(ended.record.artifact)

    def _load(self, name: str) -> Any:
        if name not in self.request.givens and self.steps[name].held:
            return self.steps[name].value
        artifact = self.steps.artifact(name)
        assert artifact is not None  # it is at hand, and not held
        return self.artifacts.load(artifact)
