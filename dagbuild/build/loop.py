"""The loop: ready steps out, outcomes in, events up.

Prints nothing, decides nothing that the plan has decided, and knows no executor by name. What is wanted and ready is
`ready`'s to say.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.build.ready import Demand
from dagbuild.build.recorder import Filing, found_by_content
from dagbuild.executors.base import Done, Executor, Found, Lost, Outcome, Work
from dagbuild.ground import gc_pause
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, CodecError, StoreError
from dagbuild.ground.interrupt import Interrupt
from dagbuild.model.record import Artifact, Key, Observation, Record
from dagbuild.observe import Ran, Seen, Watch
from dagbuild.observe.wording import find_news, tell_note, tell_undeclared
from dagbuild.plan.events import (
    BuildFinished,
    BuildResult,
    BuildStarted,
    Failure,
    How,
    Listener,
    Notice,
    StepFinished,
    StepStarted,
)
from dagbuild.plan.plan import Alike, Decision, Lookup, Plan
from dagbuild.plan.request import Request
from dagbuild.store.base import Store


@dataclass(frozen=True)
class Tools:
    """What a build works with.

    `unchanged` tells whether the files that a node takes are still those that its key was made of. With `watch`, steps
    are observed: `observe_code` names the code that a node's step ran outside its closure, `notes` says what cannot be
    seen of a node's code. `carry` adds to an artifact what the project's code that it refers to means.
    """

    store: Store
    artifacts: Artifacts
    executor: Executor
    lookup: Lookup
    listener: Listener
    unchanged: Callable[[str], bool] = lambda _: True
    watch: Watch | None = None
    observe_code: Callable[[str, Sequence[Ran]], Sequence[Observation]] = lambda _name, _ran: ()
    notes: Callable[[str], Iterable[str]] = lambda _: ()
    carry: Callable[[Artifact], Artifact] = lambda artifact: artifact


def run_build(
    request: Request, plan: Plan, tools: Tools, *, run: str, keep_going: bool = False, values: bool = False
) -> BuildResult:
    """Do what the plan says, and return how each node ended.

    A failed node blocks what is made from it; the rest goes on with `keep_going`, else nothing new is started. An
    interrupt keeps what is finished. `values` asks for the targets' values in the result.
    """
    return _Build(request, plan, tools, run, keep_going).go(values)


@dataclass
class _Build:
    request: Request
    plan: Plan
    tools: Tools
    run: str
    keep_going: bool
    running: dict[str, Work] = field(default_factory=dict)
    remade: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    ended: dict[str, StepFinished] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    interrupt: Interrupt = field(default_factory=Interrupt)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.demand = Demand(self.request, self.plan, self._reused)
        self.filing = Filing(
            self.request, self.plan, self.demand, self.tools.store, self.run, self.ended, self._notice,
            self.tools.observe_code,
        )  # fmt: skip
        found = found_by_content(self.plan)
        renamed = {record.unnamed for name, record in found.items() if record.node != name}
        self.alike = Alike(self.request, self.tools.lookup, renamed)

    def go(self, values: bool) -> BuildResult:
        started = time.perf_counter()
        self.tools.listener(BuildStarted(self.run, self.plan))
        interrupted = False
        results: dict[str, Any] = {}
        try:
            self._tell_unreadable()
            for target in self.request.targets:
                self.demand.want(target)
            with self.interrupt, gc_pause.sparing():
                self._loop()
                if values:
                    results = self._load_targets()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self.filing.keep_found()
            with contextlib.suppress(StoreError):
                self.tools.store.flush()
        self._tell_rest()
        saved = sum(
            step.record.duration
            for step in self.ended.values()
            if step.record and step.how in {How.REUSED, How.FETCHED, How.SKIPPED}
        )
        elapsed = time.perf_counter() - started
        result = BuildResult(self.run, self.ended, elapsed, saved, results, tuple(self.notices), interrupted)
        self.tools.listener(BuildFinished(result))
        return result

    # -- the loop ------------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while True:
            self.interrupt.check()
            self._hand_out()
            if not self.running:
                return
            for name, outcome in self.tools.executor.wait():
                self._take(name, self.running.pop(name), outcome)

    def _hand_out(self) -> None:
        while not self.stopping and len(self.running) < self.tools.executor.slots:
            name = self.demand.pop()
            if name is None:
                return
            content = self.demand.content(name)
            if (
                content
                and name not in self.unreadable
                and name not in self.request.forced
                and (record := self._find(name, content))
            ):
                self._alias(name, record)
                continue
            self.tools.listener(StepStarted(name))
            self.running[name] = self._work(name, content)
            self.tools.executor.submit(self.running[name])

    def _find(self, name: str, content: Key) -> Record | None:
        step = self.plan.steps.get(name)
        if step and step.content == content and name not in self.demand.revoked:
            return None  # the plan asked already
        record = self.alike.find(name, content, self.demand.unnamed(name), self.filing.artifact)
        return record if record is not None and self._is_usable(record) else None

    def _is_usable(self, record: Record) -> bool:
        """Tell whether a record's value is there and, as far as can be known before, can be read here."""
        refs = record.artifact.blobs
        if len(self.tools.store.has_blobs(refs)) != len(set(refs)):
            return False
        return self.tools.artifacts.find_obstacle(record.artifact) is None

    def _alias(self, name: str, record: Record) -> None:
        """Take a record found under another key, and let the deep key find it the next time."""
        known = record.deep == self.request.deep[name] or name in self.request.accepted
        if self.filing.is_refreshed(name) or not known:
            record = self.filing.put_alias(name, record)
        self.demand.reuse(name, record)

    def _reused(self, name: str, record: Record) -> None:
        step = self.plan.steps.get(name)
        fetched = step is not None and step.decision is Decision.FETCH and step.record is record
        self._end(StepFinished(name, How.FETCHED if fetched else How.REUSED, record))

    def _work(self, name: str, content: Key | None) -> Work:
        values, views = self.request.needs(name)
        graph, given = self.request.graph, self.request.givens
        keep = not self.request.is_view(name)
        return Work(
            node=graph.nodes[name],
            values={up: self.demand.have[up] for up in values if up in self.demand.have},
            held={up: self.demand.held[up] for up in values if up in self.demand.held},
            views=tuple(graph.nodes[view] for view in views),
            lease=content if keep and name not in self.request.forced | self.unreadable else None,
            keep=keep,
            watch=self.tools.watch,
            files=frozenset(up for up in values if up in given and given[up].kind == "file"),
        )

    # -- outcomes ------------------------------------------------------------------------------------------------

    def _take(self, name: str, work: Work, outcome: Outcome) -> None:
        match outcome:
            case Done():
                self._done(name, work, outcome)
            case Found(record):
                self._alias(name, record)
            case Lost(upstream):
                self._lost(name, upstream)
            case Failure():
                self._end(StepFinished(name, How.FAILED, failure=outcome))
                self.stopping = self.stopping or not self.keep_going

    def _done(self, name: str, work: Work, done: Done) -> None:
        if done.trouble:
            self._notice(f"the value of '{name}' could not be stored: {done.trouble}", name)
        if done.artifact is None:
            self.demand.held[name] = done.value
            self._end(StepFinished(name, How.COMPUTED))
            return
        record = self.filing.make(name, done, self.tools.carry(done.artifact), work.values)
        outdated = self.demand.find_outdated(name, record)
        if outdated:
            self._notice(f"'{name}' is made again: '{outdated}' came out different meanwhile", name)
            self.demand.revoke(name)
            self.demand.want(name)
            return
        self._tell_seen(record, done.seen)
        if not done.stored:
            self.demand.held[name] = done.value
        elif done.seen.unstable:
            files = ", ".join(done.seen.unstable)
            self._notice(f"{files} changed while '{name}' read it: its value is used, but not recorded", name)
        elif self.tools.unchanged(name):
            record = self._keep(name, record)
        else:
            self._notice(
                f"an input of '{name}' changed while it ran: its value is used, but not recorded", name
            )
        self._end(StepFinished(name, How.COMPUTED, record))
        self.demand.settle(name, record)

    def _keep(self, name: str, record: Record) -> Record:
        """Put the record, unless another build was first with a usable one: the first result stays."""
        if not record.forced and name not in self.demand.revoked:
            for first in self.tools.store.find_records([record.content]).get(record.content, []):
                if first.observations != record.observations or not self._is_usable(first):
                    continue
                if first.artifact.digest != record.artifact.digest:
                    self._notice(f"'{name}' is not deterministic: its first result stays", name)
                    return first
        self.filing.put(record)
        return record

    def _lost(self, name: str, upstream: Mapping[str, str]) -> None:
        """Make again what could not be read back, and the step after it."""
        hopeless = [up for up in upstream if up in self.request.givens or up in self.remade]
        if hopeless:
            whys = "\n".join(
                f"the stored value of '{up}' cannot be read back: {upstream[up]}" for up in hopeless
            )
            failure = Failure("UnreadableValue", whys, "")
            self._end(StepFinished(name, How.FAILED, failure=failure))
            self.stopping = self.stopping or not self.keep_going
            return
        self.demand.wait_for(name, upstream)
        for up, why in upstream.items():
            self._remake(up, why)

    def _remake(self, name: str, why: str) -> None:
        self._notice(f"'{name}' is made again: {why}", name)
        self.remade.add(name)
        ended = self.ended.get(name)
        if ended and ended.record and self._is_usable(ended.record):
            # Nothing tells that it cannot be read: to find it once more would not help, here or in the next build.
            self.unreadable.add(name)
            self.filing.refreshed.add(name)
        self.demand.revoke(name)
        self.demand.want(name)

    # -- telling -------------------------------------------------------------------------------------------------

    def _end(self, step: StepFinished) -> None:
        self.ended.pop(step.node, None)
        self.ended[step.node] = step
        self.tools.listener(step)

    def _notice(self, text: str, node: str | None = None, kind: str = "") -> None:
        notice = Notice(text, node, kind=kind)
        self.notices.append(notice)
        self.tools.listener(notice)

    def _tell_unreadable(self) -> None:
        for name, step in self.plan.steps.items():
            for reason in step.reasons:
                if reason.kind == "unreadable":
                    self._notice(f"'{name}' is made again: {reason}", name)

    def _tell_seen(self, record: Record, seen: Seen) -> None:
        """Say once what the node reads besides its inputs, and what cannot be followed."""
        name, watch = record.node, self.tools.watch
        if watch is None:
            return
        step = self.plan.steps.get(name)
        before = step.record if step else None
        news = find_news(record.observations, before.observations if before else ())
        lines = [tell_undeclared(name, record.observations if watch.undeclared == "warn" else news)]
        if before is None or before.manifest.fingerprint != record.manifest.fingerprint:
            lines += [tell_note(name, note) for note in seen.notes]
            lines += self.tools.notes(name)
        for line in filter(None, lines):
            self._notice(line, name, "undeclared")

    def _tell_rest(self) -> None:
        """Say of every other node that it was blocked by a failed one, or that nobody needed it."""
        blocked: dict[str, str] = {}
        for name in self.request.order:
            if name in self.ended:
                if self.ended[name].how is How.FAILED:
                    blocked[name] = name
                continue
            by = next((blocked[up] for up in self.request.upstream(name) if up in blocked), None)
            if by is not None and name in self.demand.wanted:
                blocked[name] = by
                self._end(StepFinished(name, How.BLOCKED, blocked_by=by))
            elif name not in self.demand.wanted and (step := self.plan.steps.get(name)):
                self._end(StepFinished(name, How.SKIPPED, step.record))

    def _load_targets(self) -> dict[str, Any]:
        """Load the targets' values; what cannot be read back is made again, once."""
        values: dict[str, Any] = {}
        for name in self.request.targets:
            if not self.demand.has(name):
                continue
            try:
                values[name] = self._load(name)
            except (BlobMissingError, BlobDamagedError, CodecError) as error:
                if name in self.request.givens or name in self.remade:
                    raise
                self._remake(name, str(error))
                self._loop()
                if self.demand.has(name):
                    values[name] = self._load(name)
        return values

    def _load(self, name: str) -> Any:
        held, have = self.demand.held, self.demand.have
        return held[name] if name in held else self.tools.artifacts.load(have[name])
