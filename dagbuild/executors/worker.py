"""Run one step: load what the function takes, call it, store what it gives, and put its record.

The same code in the driver's process and in a worker far away. Knows nothing of plans or of other steps; deals in
artifacts, so that values never travel through an executor. Guards: the record is put before the step's lease ends, so
that of two builds side by side one computes and the other finds.
"""

from __future__ import annotations

import contextlib
import copy
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.refusals import always_cached
from dagbuild.executors import exits
from dagbuild.executors.arguments import LostError, bind
from dagbuild.executors.at_home import run_at_home
from dagbuild.executors.base import Work
from dagbuild.executors.elements import find_digest, listing
from dagbuild.executors.exits import Guard
from dagbuild.executors.failures import make_failure
from dagbuild.executors.inputs import Inputs, tell_changed
from dagbuild.executors.returns import Returns
from dagbuild.executors.saved import ELSEWHERE, find_saved
from dagbuild.executors.saving import Saver, tell_foreign
from dagbuild.executors.state import Chance, DataWatch, Held, Hold
from dagbuild.executors.streams import Capture, Capturing, Log
from dagbuild.ground.errors import (
    CodecError,
    OutputError,
    StoreError,
)
from dagbuild.ground.filetree import ChangedSince
from dagbuild.ground.home import find_here
from dagbuild.ground.interrupt import may_be_ctrl_c
from dagbuild.ground.secrets import clean
from dagbuild.ground.stamps import file_clock
from dagbuild.model.node import Node
from dagbuild.model.outcome import Done, Failure, Found, Lost, Outcome
from dagbuild.model.record import UNOBSERVED, Key, Note, Record
from dagbuild.observe.forbidden import find_forbidden, find_left
from dagbuild.observe.notes import choose_notes
from dagbuild.observe.observer import Observer
from dagbuild.observe.project_code import ProjectCode
from dagbuild.observe.seen import Seen
from dagbuild.observe.watch import Watch
from dagbuild.outputs import Home, Outputs
from dagbuild.store import FileDigests


class Worker:
    """Runs steps: knows where values lie, whose code it runs and, with `watch`, how steps are to be observed.

    With `marked`, the store tells later which node ran when this process was killed; without, somebody else sees that.
    With `named`, each line that a step prints is shown behind its name.
    With `capture`, this process is there for steps alone: what they print goes that way, and what one of them changes
    and nobody can put back is not said, but makes the process `spent`.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        code: ProjectCode,
        files: FileDigests,
        watch: Watch | None,
        home: Home | None = None,
        *,
        marked: bool = True,
        named: bool = False,
        capture: Callable[[], Capturing] | None = None,
    ) -> None:
        self._store = artifacts.store
        self._artifacts = artifacts
        self._code = code
        self._files = files
        self._marked = marked
        self._named = named
        self._capture = capture
        self.spent = False
        """Whether the next step would find what an earlier one has left."""
        self.on_begin: Callable[[Work], None] = lambda _: None
        """Told of a step that has a time limit, when its time begins: after it has waited for others."""
        self.watch = watch
        if self._may_touch():
            exits.install()
        self._data = DataWatch(code.open_reader)
        self._outputs = Outputs(home, artifacts, files) if home else None

    def run(self, work: Work, on_wait: Callable[[str], None] = lambda _: None) -> Outcome:
        """Make the call that `work` describes, and put its record; whatever the node raises is an outcome.

        Its record is put before its lease ends, so that who waits for it finds that. `on_wait` is told who is waited
        for. The KeyboardInterrupt of Ctrl-C is raised.
        """
        if work.lease is None:
            return self.put(self.call(work))
        with self._store.lease(work.lease, on_wait) as waited:
            # Also without a wait: another build may have begun and ended since this one was planned.
            record = self.find_finished(work.lease, local=not waited)
            return Found(record) if record else self.put(self.call(work))

    def call(self, work: Work) -> Outcome:
        """Make the call, where outputs lie, marked as running, and told from an end of the process.

        It is left to `put`, of this worker or of another one, to put its record.
        """
        name = work.name
        if work.node.timeout is not None:
            self.on_begin(work)
        marked = self._store.running(name) if self._marked else contextlib.nullcontext()
        run = partial(self._run, work)
        at_home = any(node.at_home for node in (work.node, *work.views))
        if self._outputs is not None and (work.node.writes or work.taken or at_home):
            run = partial(run_at_home, work, self._outputs, run, move=self._may_touch())
        with _staying_here(), marked, Guard(name) as guard:  # storing a value runs the user's code, too
            again = True
            while again:  # it has found what another call for an element had left in the process
                try:
                    outcome = run()
                    if isinstance(outcome, Done) and work.draft is None and work.call:
                        with contextlib.suppress(Exception):  # what was handed over may be what is put back
                            outcome = replace(outcome, value=copy.deepcopy(outcome.value))
                except KeyboardInterrupt as error:
                    if self._is_ctrl_c():
                        raise
                    outcome = make_failure(error, {})
                finally:
                    again, lost = self._data.put_back()
        if guard.asked is not None and not isinstance(outcome, Failure):
            return make_failure(guard.asked, {})
        return self._tell_left(work, outcome, lost) if lost else outcome

    def _tell_left(self, work: Work, outcome: Outcome, lost: Collection[str]) -> Outcome:
        self.spent = True
        if not isinstance(outcome, Done) or self._capture:
            return outcome
        told = tuple(f"'{work.name}' {_tell_lost(name).text}" for name in lost)
        return replace(outcome, notices=(*outcome.notices, *told))

    def put(self, outcome: Outcome) -> Outcome:
        """Put the record of a call that may have one; where another build was first with a usable one, that stays."""
        if not (isinstance(outcome, Done) and outcome.waits and (record := outcome.record)):
            return outcome
        name = record.node
        try:
            first = None if record.forced else self._find_first(record)
            if first is not None:
                told = f"'{name}' is not deterministic: its first result stays"
                return Done(first, notices=(*outcome.notices, told))
            self._store.put_records([record])
        except StoreError as error:
            told = f"the record of '{name}' could not be stored: {error}"
            return Done(record, notices=(*outcome.notices, told))
        return replace(outcome, put=True, waits=False)

    def hold(self) -> AbstractContextManager[Held]:
        """Keep the state of this process for the steps that run until the block ends; it is what they all find."""
        return Hold(self._code.find_seeded)

    def hold_on(self) -> None:
        """Keep it for as long as this worker is there."""
        self._holding = contextlib.ExitStack()
        self._held = self._holding.enter_context(self.hold())

    def take_chance(self, chance: Chance) -> None:
        """Let steps start from the generators of random numbers of the process for which they run."""
        chance.come_here()
        self._held.chance = chance

    def find_finished(self, key: Key, *, local: bool) -> Record | None:
        """Return a record that has come to the step's key, of a value that is there and can be read here, or None."""
        for record in self._store.find_records([key], local=local).get(key, []):
            if self._artifacts.is_usable(record.artifact, local=local) and self._holds(record):
                return record
        return None

    def _holds(self, record: Record) -> bool:
        if record.observations and self.watch is None:
            return False
        return self._code.holds(record)

    def adopt(self, record: Record) -> None:
        """Keep a record that a worker has put elsewhere, and publish it; a build goes on without."""
        with contextlib.suppress(StoreError):
            self._store.adopt(record)

    def seal(self, work: Work) -> Work:
        """Return the step for a machine that may take its upstream values from the remote."""
        if not self._store.shared:
            return work
        with contextlib.suppress(StoreError):  # who loads it is told
            values = {name: self._store.seal(artifact) for name, artifact in work.values.items()}
            return replace(work, values=values)
        return work

    def seal_record(self, record: Record) -> Record:
        """Return a record for the machine that is to publish it, which may not have its blobs."""
        if not self._store.shared:
            return record
        with contextlib.suppress(StoreError):
            return replace(record, artifact=self._store.seal(record.artifact))
        return record

    def flush(self) -> None:
        """Make what was stored so far visible to workers elsewhere."""
        self._store.share()

    # -- the call ------------------------------------------------------------------------------------------------

    def _run(self, work: Work) -> Outcome:
        log = self._capture() if self._capture else Capture(Log(), work.name if self._named else "")
        arguments: dict[str, Any] = {}
        started, since, wall = time.time(), file_clock(), time.perf_counter()
        before = resource.getrusage(resource.RUSAGE_SELF)
        observer, inputs = self._observer(work), Inputs(work, self._files, self._outputs)
        call = observer.call if observer else _call
        name, lost, left = work.name, list[str](), list[Note]()
        returns = Returns(self.watch.returns if self.watch else "off")
        try:
            kept = log if self._may_touch() or self._capture else contextlib.nullcontext()
            watched = self._data.watching((*work.views, work.node), left, lost if work.call else None)
            with kept, Guard(name) as guard, self.hold() as held, watched:
                call_view = returns.checking(partial(_call_view, held, lost, call))
                arguments = bind(work, self._artifacts, call_view)
                with held.call(name, lost) as context:
                    function = self._listing(work.node) if work.node.expands else work.node.function
                    value = context.run(call, function, **arguments)
                returns.check_all(work.node, value if work.node.expands else (value,))
        except LostError as gone:
            return Lost({gone.name: gone.why})
        except BaseException as error:  # SystemExit in a node ends the node, not the build
            if isinstance(error, KeyboardInterrupt) and self._is_ctrl_c():
                raise
            retry = work.node.retry
            passing = retry is not None and retry.covers(error)
            failure = replace(make_failure(error, arguments), log=clean(log.text()), passing=passing)
            if observer:
                observer.leave()
            told = self._tell_foreign(work, observer.finish()) if observer and work.foreign else ""
            return replace(failure, message=f"{failure.message}\n  {told}") if told else failure
        if guard.asked is not None:  # the node caught what was to stop it
            if observer:
                observer.leave()
            return replace(make_failure(guard.asked, arguments), log=clean(log.text()))
        after = resource.getrusage(resource.RUSAGE_SELF)
        facts: dict[str, Any] = {
            "started": started,
            "duration": time.perf_counter() - wall,
            "cpu": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
            "memory": max(0, after.ru_maxrss - before.ru_maxrss) * _RSS_UNIT,
            "host": platform.node(),
            "log": clean(log.text()),
        }
        seen = observer.finish() if observer else Seen(() if self._may_touch() else (UNOBSERVED,))
        if lost or left:
            self.spent = True
            if not self._capture:
                seen = replace(seen, notes=(*seen.notes, *map(_tell_lost, lost), *left))
        takes = ChangedSince(since)
        outcome = self._finish(work, value, facts, seen, takes)
        if (
            isinstance(outcome, Done)
            and outcome.waits
            and not (outcome.record and ELSEWHERE in outcome.record.observations)
            and (changed := sorted({*seen.without(takes.found).unstable, *inputs.find_changed(seen.written)}))
        ):
            outcome = replace(outcome, waits=False, notices=(tell_changed(changed, name),))
        if returns.told and isinstance(outcome, Done):
            return replace(outcome, notices=(*returns.told, *outcome.notices))
        return outcome

    def _listing(self, node: Node) -> Callable[..., Any]:
        return listing(node.function, partial(find_digest, self._artifacts, node.cache.format))

    def _is_ctrl_c(self) -> bool:
        """Tell whether a KeyboardInterrupt is for the build; where only steps run, it is the node's own."""
        return self._marked and self._capture is None and may_be_ctrl_c()

    def _may_touch(self) -> bool:
        """Tell whether the process may be changed, for as long as a node runs, to see what it does."""
        return self.watch is None or self.watch.observes

    def _observer(self, work: Work) -> Observer | None:
        if self.watch is None or not self.watch.observes:
            return None
        closure = frozenset[str]().union(*(manifest.code_names for manifest in work.manifests))
        observer = Observer(self.watch.places, self._files, closure=closure)
        observer.declare(map(str, self._artifacts.copies), ours=True)
        if self._outputs:
            paths = (*work.node.writes, *(output.path for _, output in work.taken))
            observer.declare((str(self._outputs.path(path)) for path in paths), ours=True)
        for node in (work.node, *work.views):
            for pattern in node.reads:
                observer.declare_pattern(pattern)
        for name in work.files:
            paths = work.held[name] if name in work.held else self._artifacts.load(work.values[name])
            observer.declare([paths] if isinstance(paths, str) else paths)
        return observer

    # -- what came of it -----------------------------------------------------------------------------------------

    def _finish(
        self, work: Work, value: Any, facts: dict[str, Any], seen: Seen, takes: ChangedSince
    ) -> Outcome:
        """Store what the call returned, where it is to be kept and the node may have read what it read."""
        if left := find_left(value, seen, work.node.writes):
            seen = replace(seen, notes=(*seen.notes, *left))
        if self.watch is not None and (forbidden := find_forbidden(self.watch, seen, work.node)):
            return Failure(*forbidden, "")
        if foreign := self._tell_foreign(work, seen):
            return Failure("UndeclaredRead", foreign, "")
        saver = Saver(self._artifacts, work.node, takes, self._outputs, self._code.carry)
        if work.draft is None:
            return Done(held=True, value=value, outputs=saver.find_states())
        name = work.name
        trouble = ""
        try:
            artifact, trouble = saver.save(value)
        except CodecError as error:
            return make_failure(always_cached(error) if work.node.deals_in_elements else error, {})
        except OutputError as error:
            return make_failure(error, {})
        seen = seen.without(takes.found)
        read = sorted((*seen.observations, *seen.taken), key=lambda each: (each.kind, each.name))
        ignored = [thing for node in (work.node, *work.views) for thing in node.cache.ignore]
        if work.node.saves:
            read = find_saved(read, work.node.saves, seen, self.watch, self._files)
        facts["observations"] = (*read, *self._code.observe(seen.ran, work.manifests, ignored))
        facts["notes"] = choose_notes(seen.notes, work.manifests)
        record = work.draft.complete(self._code.carry(artifact), **facts)
        if work.node.saves:
            record = replace(record, forced=True)  # what is told of what it saved is newer than before
        if trouble:
            line = f"the value of '{name}' could not be stored: {trouble}"
            return Done(record, held=True, value=value, notices=(line,))
        if artifact.code and self._store.find_intruder(artifact.all_blobs) is not None:
            return Done(record, held=True, value=value)  # nobody would read it back; the store has said why
        return Done(record, waits=True)

    def _tell_foreign(self, work: Work, seen: Seen) -> str:
        return tell_foreign(seen, work.foreign, self._outputs.home.root) if self._outputs else ""

    def _find_first(self, record: Record) -> Record | None:
        """Return a usable record of another value that has come to the content key meanwhile, or None.

        One whose value has become another, since a class that it names is another one by now, is not usable.
        """
        for first in self._store.find_records([record.content]).get(record.content, []):
            if (
                first.observations == record.observations
                and self._code.carry(first.artifact) is first.artifact
                and self._artifacts.is_usable(first.artifact)
            ):
                return first if first.artifact.digest != record.artifact.digest else None
        return None


def _call(function: Callable[..., Any], /, **arguments: Any) -> Any:
    return function(**arguments)


def _call_view(
    held: Held, lost: list[str], call: Callable[..., Any], view: Node, arguments: Mapping[str, Any]
) -> Any:
    with held.call(view.name, lost) as context:
        return context.run(call, view.function, **arguments)


def _tell_lost(name: str) -> Note:
    return Note("state", f"changes {name} for what runs after it in the process, and it cannot be put back")


@contextlib.contextmanager
def _staying_here() -> Iterator[None]:
    """A node that goes to another folder does not take the next one of this process along."""
    here = find_here()
    try:
        yield
    finally:
        if here:
            with contextlib.suppress(OSError):
                os.chdir(here)


_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
