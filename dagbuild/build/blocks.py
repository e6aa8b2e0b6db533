"""Nodes that are called for elements: which of their calls are left, what came of them, and the value that they make.

To the rest of a build such a node is one step. Knows no executor and no event. Guards: a call is known by its content,
so that what was made once is not made again, whatever became of the others; and the node's own record is put only when
that of each call is there.
"""

from __future__ import annotations

import platform
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dagbuild.artifacts import Artifacts
from dagbuild.build.recorder import Recorder
from dagbuild.codecs.elements import carries_one, is_strange
from dagbuild.codecs.in_record import is_its_form
from dagbuild.executors.base import Work
from dagbuild.executors.failures import make_failure
from dagbuild.executors.streams import Log
from dagbuild.ground.digest import digest_json
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, CodecError, StoreError
from dagbuild.model.node import Node
from dagbuild.model.outcome import Done, Failure, Found, Lost, Outcome
from dagbuild.model.record import Artifact, Draft, Key, Proof, Record
from dagbuild.plan.elements import Block, Call, Calls, UnevenError
from dagbuild.plan.plan import Lookup

MANY = 5
"""So many calls that failed are named; the rest is counted."""


@dataclass
class _Running:
    """A node whose calls are made: their records by number, those that are left, and how many are under way.

    What is in `alone` is to be made here, whoever has made it before. `accepted`: some were found by what is accepted.
    """

    block: Block
    work: Work
    draft: Draft
    calls: Calls
    records: list[Record | None]
    started: float = field(default_factory=time.time)
    left: deque[int] = field(default_factory=deque)
    under_way: int = 0
    made: int = 0
    kept: bool = True
    accepted: bool = False
    alone: set[int] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)


class Blocks:
    """The nodes of a build that are called for elements; `on_notice` is told what went wrong beside a call."""

    def __init__(
        self,
        recorder: Recorder,
        lookup: Lookup,
        artifacts: Artifacts,
        on_notice: Callable[[str, str | None], None],
        *,
        keep_going: bool,
    ) -> None:
        self._recorder = recorder
        self._lookup = lookup
        self._artifacts = artifacts
        self._on_notice = on_notice
        self._keep_going = keep_going
        self._running: dict[str, _Running] = {}
        self._calls: dict[str, tuple[_Running, int]] = {}
        self._counts: dict[str, tuple[int, int]] = {}

    def begin(self, work: Work) -> Outcome | None:
        """Find the calls of a node and what is known of them; its outcome, where none has to be made."""
        assert work.draft is not None  # what is never cached is in no block
        request, name = self._recorder.request, work.node.name
        block = Block(request, name)
        try:
            calls = block.find_calls(self._recorder.artifact, self._split)
        except _LostElements as lost:
            return Lost(lost.upstream)
        except UnevenError as error:
            return make_failure(error, {})
        if calls is None:
            return Failure("UnstoredElements", "what it takes element by element could not be stored", "")
        running = _Running(block, work, work.draft, calls, [None] * len(calls.calls))
        if (
            work.lease is not None
        ):  # else it is forced, its value cannot be read back, or it takes what has no key
            self._find_records(running)
            _drop_strange(running)
        running.left.extend(number for number, record in enumerate(running.records) if record is None)
        self._counts[name] = 0, len(calls.calls)
        if not running.left:
            return self._finish(running)
        self._running[name] = running
        return None

    def find_ready(self) -> Node | None:
        """Return the node of a call that waits for nothing but room, or None."""
        running = self._find_begun()
        return running.work.node if running else None

    def _find_begun(self) -> _Running | None:
        return next((running for running in self._running.values() if running.left), None)

    def pop(self) -> Work | None:
        """Return a call to make, of the node that began first; None when there is none."""
        running = self._find_begun()
        if running is None:
            return None
        number = running.left.popleft()
        running.under_way += 1
        call = running.calls.calls[number]
        self._calls[call.name] = running, number
        return self._make_work(running, call, alone=number in running.alone)

    def count(self, name: str) -> tuple[int, int] | None:
        """Return how many calls were made of a node, and how many it has; None of one that is not called so."""
        return self._counts.get(name)

    def take(self, name: str, outcome: Outcome) -> tuple[str, Outcome] | None:
        """Take in how a call ended; return the node and its outcome when that is the last, or what is no such call."""
        if name not in self._calls:
            return name, outcome
        running, number = self._calls.pop(name)
        running.under_way -= 1
        match outcome:
            case Done(record=Record() as record, held=False):
                for text in outcome.notices:
                    self._on_notice(text, running.work.node.name)
                running.records[number] = record
                running.kept = running.kept and outcome.put
                running.made += 1
            case Done():
                told = next(iter(outcome.notices), f"the value of '{name}' could not be stored")
                running.failed[name] = Failure("UnstoredElement", told, "")
            case Found(record) if is_strange(record.artifact):
                running.alone.add(number)
                running.left.appendleft(number)
            case Found(record):
                running.records[number] = record
            case Lost(upstream):
                running.lost.update(upstream)
            case Failure():
                running.failed[name] = outcome
        stops = running.lost or (running.failed and not self._keep_going)
        if running.under_way or (running.left and not stops):
            return None
        node = running.work.node.name
        del self._running[node]
        self._counts[node] = running.made, len(running.records)
        return node, self._finish(running)

    # -- what is known -------------------------------------------------------------------------------------------

    def _split(self, name: str, artifact: Artifact) -> Sequence[Artifact]:
        try:
            return self._artifacts.split(artifact)
        except (BlobMissingError, BlobDamagedError, CodecError) as error:
            raise _LostElements({name: str(error)}) from error

    def _find_records(self, running: _Running) -> None:
        """Take what was made before: under the calls' own keys, those that are accepted, or the node's name before."""
        request, block, artifact_of = self._recorder.request, running.block, self._recorder.artifact
        name = block.name

        def missing() -> Iterator[tuple[int, Call]]:
            return ((n, c) for n, c in enumerate(running.calls.calls) if c.key and not running.records[n])

        self._take_found(running, {call.key: number for number, call in missing() if call.key})
        accepted = request.accepted.get(name, ())
        for acceptance in accepted:
            keys = {
                key: n
                for n, call in missing()
                if (key := block.key(artifact_of, call.elements, acceptance.known))
            }
            running.accepted = self._take_found(running, keys, accepted[0].carried) or running.accepted
        before = {key: n for n, call in missing() if (key := block.unnamed(artifact_of, call.elements))}
        renamed: list[Record] = []
        for unnamed in self._lookup.find(list(before)):
            call = running.calls.calls[before[unnamed]]
            assert call.key is not None
            record = self._lookup.find_alike(call.key, unnamed, name, request.alike(name))
            if record is not None and self._artifacts.is_usable(record.artifact):
                renamed.append(self._rename(running, call, unnamed, record))
                running.records[before[unnamed]] = renamed[-1]
        if renamed:
            self._put(renamed, name)

    def _take_found(self, running: _Running, keys: Mapping[Key, int], carried: str = "") -> bool:
        """Take what is found under keys of calls; tell whether anything is."""
        found = self._lookup.find(list(keys), carried=carried) if keys else {}
        usable = {key: record for key, record in found.items() if self._artifacts.is_usable(record.artifact)}
        for key, record in usable.items():
            running.records[keys[key]] = record
        self._artifacts.store.keep(usable.values())
        return bool(usable)

    def _rename(self, running: _Running, call: Call, unnamed: Key, record: Record) -> Record:
        assert call.key is not None
        return replace(
            record,
            node=call.name,
            deep=call.key,
            content=call.key,
            unnamed=unnamed,
            manifest=running.block.manifest,
            alias=True,
            run=self._recorder.run,
            proof=record.proof.unsigned if record.proof else None,
        )

    # -- what is made --------------------------------------------------------------------------------------------

    def _make_work(self, running: _Running, call: Call, *, alone: bool) -> Work:
        work, draft, recorder = running.work, running.draft, self._recorder
        taken = {**work.values, **call.elements}
        # Where what it takes has no digest, nobody may find what came of it.
        key = call.key or Key(digest_json([recorder.run, call.name, time.time()]))
        unnamed = running.block.unnamed(recorder.artifact, call.elements)
        upstream = {up: element.digest for up, element in call.elements.items()}
        called = replace(
            draft,
            node=call.name,
            deep=key,
            content=key,
            unnamed=unnamed or Key(""),
            manifest=running.block.manifest,
            upstream={**draft.upstream, **upstream},
            excerpts=recorder.request.excerpts(work.node.name, taken.get),
            watched=(),
        )
        lease = call.key if work.lease is not None and not alone else None
        return replace(work, values=taken, draft=called, lease=lease, call=call.name)

    def _finish(self, running: _Running) -> Outcome:
        """Return the node's outcome, of those of its calls."""
        if running.lost:
            return Lost(running.lost)
        if running.failed:
            return _tell_failed(running)
        records = [record for record in running.records if record is not None]
        values = [record.artifact for record in records]
        try:
            artifact = running.calls.join(values, self._artifacts.join)
        except StoreError as error:
            return make_failure(error, {})
        seen = {
            (each.kind, each.name, each.digest): each for record in records for each in record.observations
        }
        log = Log()
        for made in records:
            log.add(made.log)
        notes = dict.fromkeys(note for record in records for note in record.notes)
        record = running.draft.complete(
            artifact,
            observations=tuple(seen[key] for key in sorted(seen)),
            notes=tuple(notes),
            started=running.started,
            duration=sum(record.duration for record in records),
            cpu=sum(record.cpu for record in records),
            memory=max((record.memory for record in records), default=0),
            host=platform.node(),
            log=log.text(),
        )
        if artifact.data_only:  # whose value it is
            record = replace(record, proof=Proof())
        put = running.kept and carries_one(values) and self._put_whole(running, record)
        return Done(record, put=put) if running.made else Found(record)

    def _put_whole(self, running: _Running, record: Record) -> bool:
        """Put the record of a node; of one that is accepted in part under a key that counts while that is so."""
        if not running.accepted:
            return self._put([record], record.node)
        *_, key = self._recorder.request.accepted_keys(record.node, self._recorder.artifact)
        self._put([replace(record, deep=key, content=key, unnamed=Key(""))], record.node)
        return False

    def _put(self, records: Sequence[Record], name: str) -> bool:
        try:
            self._artifacts.store.put_records(records)
        except StoreError as error:
            self._on_notice(f"the record of '{name}' could not be stored: {error}", name)
            return False
        return True


class _LostElements(Exception):  # noqa: N818 - an answer
    """What is to be taken element by element cannot be read back."""

    def __init__(self, upstream: Mapping[str, str]) -> None:
        super().__init__(upstream)
        self.upstream = upstream


def _drop_strange(running: _Running) -> None:
    """Let what nobody who is trusted has signed stand only where all is so, and is read so; else it is made here."""
    strange = [n for n, record in enumerate(running.records) if record and is_strange(record.artifact)]
    if all(r and (r.artifact.data_only or is_its_form(r.artifact)) for r in running.records):
        return
    for number in strange:
        running.records[number] = None
        running.alone.add(number)


def _tell_failed(running: _Running) -> Failure:
    """Return why a node failed: how the first of its calls did, which one that was, and which others did."""
    (name, failure), *others = running.failed.items()
    nodes = running.block.request.graph.nodes
    of = ""
    for parameter in nodes[running.work.node.name].parameters:
        if (
            any(running.block.depths.get(up) for up in parameter.upstream)
            and parameter.keyword in failure.inputs
        ):
            of = f" of {failure.inputs[parameter.keyword]}"
            break
    message = f"{name}{of}: {failure.message}"
    if others:
        shown = ", ".join(other for other, _ in others[:MANY])
        more = f" and {len(others) - MANY:,} more" if len(others) > MANY else ""
        message += f"\n  failed as well: {shown}{more}"
    return replace(failure, message=message)
