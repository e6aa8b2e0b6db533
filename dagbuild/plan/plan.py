"""Decide what each node needs: run, reuse, fetch or skip.

Pure: takes fingerprints and a way to ask for records, and returns a Plan. Unaware of files, networks, executors and
the clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from dagbuild.ground import gc_pause
from dagbuild.ground.digest import Digest
from dagbuild.model.node import Columns
from dagbuild.model.record import Artifact, BlobRef, Key, Manifest, Note, Record
from dagbuild.observe.notes import find_notes
from dagbuild.plan.acceptance import Acceptance
from dagbuild.plan.reasons import NEVER_BUILT, Cause, Reason, add_taken, find_changed_parts, find_changes
from dagbuild.plan.request import ArtifactOf, Given, Request
from dagbuild.plan.width import ElementLookup, Width, find_widths

_RECENT = 5
"""Records of a node among which the nearest is looked for."""

_TOLD_BY_NEAREST = 500
"""Nodes: nobody reads more reasons."""

_SHOWN_COLUMNS = 5


class Decision(Enum):
    """What a build will do about a node. To restore it is to put back its outputs, without running it."""

    RUN = "run"
    RESTORE = "restore"
    REUSE = "reuse"
    FETCH = "fetch"
    SKIP = "skip"


class Status(Enum):
    """What `status` says of a node."""

    FRESH = "fresh"
    STALE = "stale"
    AFFECTED = "affected"
    PINNED = "pinned"
    MISSING = "missing"


class Whereabouts(Enum):
    """Where all blobs of an artifact are."""

    LOCAL = "local"
    REMOTE = "remote"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Step:
    """One node in a plan. `digest` is that of its value, where it is known without running.

    `record` is the one that answers for the node, or the newest one when it must run; `content` is its content key
    where that is known, `seconds` how long it took when it last ran, `width` how many calls it is where it must run
    and is called for elements.
    """

    node: str
    decision: Decision
    status: Status
    deep: Key
    reasons: tuple[Reason, ...] = ()
    record: Record | None = None
    digest: Digest | None = None
    seconds: float | None = None
    content: Key | None = None
    width: Width | None = None

    def find_notes(self, manifest: Manifest) -> tuple[Note, ...]:
        """Return what is suspected of the node's code, and of the run that made its value if that is used."""
        return find_notes(manifest, self.record if self.decision is not Decision.RUN else None)


@dataclass(frozen=True)
class Plan:
    """All steps that were looked at, each after what it needs, by node name.

    `notes`: what is suspected of them, and of the runs whose values are used. `files`: the local files that the keys
    were made of; None where that is more than single files. `lacking`: nodes that were left out, since nobody gives
    what they need.
    """

    targets: tuple[str, ...]
    steps: Mapping[str, Step] = field(default_factory=dict)
    notes: Mapping[str, tuple[Note, ...]] = field(default_factory=dict)
    files: tuple[str, ...] | None = None
    lacking: Mapping[str, Reason] = field(default_factory=dict)

    def names(self, decision: Decision) -> list[str]:
        """Return the nodes with this decision, in order."""
        return [name for name, step in self.steps.items() if step.decision is decision]

    def with_status(self, status: Status) -> list[str]:
        """Return the nodes with this status, in order."""
        return [name for name, step in self.steps.items() if step.status is status]

    @property
    def clean(self) -> bool:
        """Whether a build would compute nothing and put nothing back."""
        return all(step.decision not in {Decision.RUN, Decision.RESTORE} for step in self.steps.values())


@dataclass(frozen=True)
class Explanation:
    """Why a node is what it is: its step in the plan, today's manifest and the record it is compared with.

    `causes` are what above it is stale, where that began.
    """

    step: Step
    manifest: Manifest
    record: Record | None
    changes: tuple[Reason, ...]
    givens: Mapping[str, Given] = field(default_factory=dict)
    causes: tuple[Cause, ...] = ()


class Lookup(ElementLookup, Protocol):
    """What the planner may ask; answered from stores."""

    def find(self, keys: Collection[Key], *, carried: str = "") -> Mapping[Key, Record]:
        """Return the record to use for each key that has one; what its value refers to may mean what is `carried`."""

    def find_alike(
        self, content: Key, unnamed: Key | None, name: str, present: Collection[str]
    ) -> Record | None:
        """Return the record to use for a node's content key, else for its unnamed key.

        The latter's must have been made under a name that is not among `present`.
        """

    def find_latest(self, nodes: Collection[str], count: int = 1) -> Mapping[str, Sequence[Record]]:
        """Return the newest records of each node, the newest first."""

    def find_changed(self, record: Record) -> tuple[Reason, ...]:
        """Say what the record's run was seen to read and is no longer so."""

    def place(self, refs: Iterable[BlobRef]) -> Whereabouts:
        """Say where these blobs are."""

    def find_obstacle(self, artifact: Artifact) -> str | None:
        """Return why a value cannot be read here, as far as that is known without reading it, or None."""

    def find_altered(self, declared: Sequence[str], artifact: Artifact) -> tuple[Reason, ...]:
        """Say of these outputs which are gone or not what was stored of them."""


@gc_pause.paused()
def make_plan(request: Request, lookup: Lookup) -> Plan:
    """Return what a build of the request would do; every node above the targets is looked up."""
    found = lookup.find(list(request.deep.values()))
    steps = _find_needed(request, lookup, _decide(request, lookup, found))
    known = {name: step.record.artifact for name, step in steps.items() if step.record and step.digest}
    runs = {name: step.record for name, step in steps.items() if step.decision is Decision.RUN}
    for name, width in find_widths(request, lookup, known, runs).items():
        steps[name] = replace(steps[name], width=width)
    notes = {
        name: noted for name, step in steps.items() if (noted := step.find_notes(request.manifests[name]))
    }
    return Plan(
        request.targets,
        {**_given_steps(request, lookup), **steps},
        notes,
        request.files,
        request.lacking,
    )


def _decide(request: Request, lookup: Lookup, found: Mapping[Key, Record]) -> dict[str, Step]:
    unsure = request.graph.reach_down(request.forced) if request.forced else set()
    digests: dict[str, Digest | None] = {name: given.digest for name, given in request.givens.items()}
    artifacts: dict[str, Artifact] = {}
    steps: dict[str, Step] = {}
    misses: list[str] = []
    alike = Alike(request, lookup)
    for name in request.order:
        deep = request.deep[name]
        record = None if name in unsure else found.get(deep)
        if request.is_view(name):
            steps[name] = _view_step(request, name, digests, steps)
            continue
        if record is not None and not record.agrees(digests):
            record = None
        content = None
        if record is None and name not in request.forced:
            content = request.content(name, artifacts.get)
            unnamed = request.unnamed(name, artifacts.get) if content else None
            record = alike.find(name, content, unnamed, artifacts.get)
        if record is not None and request.has_outputs(name, record.artifact):
            digests[name] = record.artifact.digest
            artifacts[name] = record.artifact
            said = (alike.accepted[name].reason,) if name in alike.accepted else ()
            steps[name] = Step(name, Decision.SKIP, Status.FRESH, deep, said, record, record.artifact.digest,
                               record.duration, content)  # fmt: skip
        else:
            digests[name] = None
            steps[name] = Step(name, Decision.RUN, Status.STALE, deep, content=content)
            misses.append(name)
    latest = lookup.find_latest(misses)
    for name in misses:
        steps[name] = _explain(request, lookup, steps, name, next(iter(latest.get(name, ())), None))
    _explain_by_nearest(request, lookup, steps, [name for name in misses if _may_be_nearer(steps[name])])
    return steps


def _may_be_nearer(step: Step) -> bool:
    """Tell whether an older record may differ in less: in one thing of several, or only in what is above it."""
    own = sum(reason.kind != "upstream" for reason in step.reasons)
    return own > 1 or 0 < own < len(step.reasons)


def _explain_by_nearest(
    request: Request, lookup: Lookup, steps: dict[str, Step], names: Sequence[str]
) -> None:
    """Explain nodes by the record that differs in the fewest things, where that may be an older one.

    After a switch of config and back, the newest is of the other config, which is no reason for anything.
    """
    names = names[:_TOLD_BY_NEAREST]
    for name, records in (lookup.find_latest(names, _RECENT) if names else {}).items():
        manifest = request.manifest(name)
        nearest = min(records, key=lambda record: len(find_changed_parts(record.manifest, manifest)))
        if nearest is not records[0]:
            steps[name] = _explain(request, lookup, steps, name, nearest)


@dataclass
class Alike:
    """Finds records by what a node's upstream values are. Each record of a node that is gone goes to one node."""

    request: Request
    lookup: Lookup
    inherited: set[Key] = field(default_factory=set)
    accepted: dict[str, Acceptance] = field(default_factory=dict)

    def find(
        self, name: str, content: Key | None, unnamed: Key | None, artifact_of: ArtifactOf
    ) -> Record | None:
        """Return the record of the node's content key, of the node's name before, or of a key that is accepted."""
        if content is None:
            return None
        if unnamed in self.inherited:
            unnamed = None
        record = self.lookup.find_alike(content, unnamed, name, self.request.alike(name))
        if record is None:
            return self._find_accepted(name, artifact_of)
        if unnamed and content not in record.keys:
            self.inherited.add(unnamed)
        return record

    def _find_accepted(self, name: str, artifact_of: ArtifactOf) -> Record | None:
        for key in self.request.accepted_keys(name, artifact_of):
            last = self.request.accepted[name][0]
            record = self.lookup.find([key], carried=last.carried).get(key)
            if record is not None:
                self.accepted[name] = last
                return record
        return None


def _view_step(
    request: Request, name: str, digests: Mapping[str, Digest | None], steps: Mapping[str, Step]
) -> Step:
    values, _ = request.needs(name)
    stale = [up for up in values if up in steps and digests.get(up) is None]
    wanted = name in request.targets
    decision, status = (Decision.RUN, Status.STALE) if wanted else (Decision.SKIP, Status.FRESH)
    if stale:
        return Step(name, decision, Status.AFFECTED, request.deep[name], (_stale_upstream(stale[0]),))
    node = request.graph.nodes[name]
    reason = Reason("never cached", "view")
    if node.cache.because:
        reason = Reason(f"never cached: it {node.cache.because}", "iterator", str(node.where))
    return Step(name, decision, status, request.deep[name], (reason,))


def _changed_upstream(name: str, taken: Sequence[Columns]) -> Reason:
    labels = dict.fromkeys(f"`{label}`" for columns in taken for label in columns.names)
    if not labels:
        return Reason(f"upstream `{name}` changed", "upstream")
    shown = [*labels][:_SHOWN_COLUMNS] + ["…"] * (len(labels) > _SHOWN_COLUMNS)
    return Reason(f"upstream `{name}` changed in its index or in {', '.join(shown)}", "upstream")


def _stale_upstream(name: str) -> Reason:
    return Reason(f"upstream `{name}` is stale", "upstream")


def _explain(
    request: Request, lookup: Lookup, steps: Mapping[str, Step], name: str, last: Record | None
) -> Step:
    step = steps[name]
    values, views = request.needs(name)
    stale = [up for up in values if up in steps and steps[up].digest is None]
    seconds = last.duration if last else None
    if name in request.forced:
        reason = Reason(request.forced[name], "forced")
        return replace(step, reasons=(reason,), record=last, seconds=seconds)
    if last is None:
        return replace(step, reasons=(NEVER_BUILT,), status=Status.MISSING)
    reasons = (*find_changes(last.manifest, request.manifest(name)), *lookup.find_changed(last))
    if stale:
        status = Status.STALE if any(reason.kind != "upstream" for reason in reasons) else Status.AFFECTED
        reasons = (*reasons, *(_stale_upstream(up) for up in stale))
    else:
        status = Status.STALE
        known = {up: made.record.artifact for up in values if (made := steps.get(up)) and made.record}
        changed = [
            _changed_upstream(up, request.excerpted(name).get(up, ()))
            for up, artifact in known.items()
            if request.has_changed(name, up, last, artifact)
        ]
        reasons = add_taken((*reasons, *changed), last, values, views)
    return replace(step, reasons=reasons, status=status, record=last, seconds=seconds)


def _find_needed(request: Request, lookup: Lookup, steps: dict[str, Step]) -> dict[str, Step]:
    """Mark what must be at hand; a needed value that is nowhere, or that cannot be read here, must be made."""
    needed: dict[str, list[Columns] | None] = dict.fromkeys(request.targets)
    for name in reversed(list(steps)):
        step = steps[name]
        if step.decision is not Decision.RUN:
            if step.record is None or request.is_view(name):
                continue
            altered = _find_altered(request, lookup, name, step.record.artifact)
            if name not in needed and not altered:
                continue
            steps[name] = _find_value(request, lookup, step, needed.get(name, []), altered)
            if steps[name].decision is not Decision.RUN:
                continue
        values, _ = request.needs(name)
        for up in values:
            columns, others = request.excerpted(name).get(up), needed.get(up, [])
            needed[up] = [*others, *columns] if columns and others is not None else None
    return steps


def _find_value(
    request: Request, lookup: Lookup, step: Step, taken: list[Columns] | None, altered: tuple[Reason, ...]
) -> Step:
    """Return the step with what becomes of it where its value, or these columns of it, must be at hand."""
    assert step.record is not None
    artifact = step.record.artifact
    blobs = _needed_blobs(request, artifact, taken)
    place = lookup.place(blobs | set(artifact.all_blobs if altered else ()))
    obstacle = lookup.find_obstacle(artifact)
    if place is not Whereabouts.NOWHERE and obstacle is None:
        if altered:
            return replace(step, decision=Decision.RESTORE, status=_altered_status(altered), reasons=altered)
        return replace(step, decision=Decision.REUSE if place is Whereabouts.LOCAL else Decision.FETCH)
    if place is not Whereabouts.NOWHERE:
        reason = Reason(f"its value cannot be read here: {obstacle}", "unreadable")
    else:
        what = "it is" if altered else "its value is"
        reason = Reason(f"{what} no longer in the cache", "missing")
    return replace(step, decision=Decision.RUN, status=Status.MISSING, reasons=(*altered, reason))


def _find_altered(request: Request, lookup: Lookup, name: str, artifact: Artifact) -> tuple[Reason, ...]:
    declared = request.graph.nodes[name].writes
    return lookup.find_altered(declared, artifact) if declared else ()


def _altered_status(altered: tuple[Reason, ...]) -> Status:
    return Status.MISSING if all(reason.kind == "missing" for reason in altered) else Status.STALE


def _needed_blobs(request: Request, artifact: Artifact, taken: list[Columns] | None) -> set[BlobRef]:
    if taken is None:
        return set(artifact.blobs)
    return {ref for columns in taken for ref in request.excerpt(artifact, columns).blobs}


def _given_steps(request: Request, lookup: Lookup) -> dict[str, Step]:
    """Return a step for each node whose place a given value takes; a value that was built has its outputs with it."""
    steps: dict[str, Step] = {}
    reached = request.graph.reach_up(request.targets, stop=request.givens.__contains__)
    for name, given in request.givens.items():
        if name in request.graph.nodes and name in reached:
            reason = Reason(f"{given.kind}: {given.text}" if given.text else given.kind, given.kind)
            altered = _find_altered(request, lookup, name, given.artifact) if given.artifact.outputs else ()
            decision = Decision.RESTORE if altered else Decision.SKIP
            reasons = (*altered, reason)
            steps[name] = Step(name, decision, Status.PINNED, Key(given.digest), reasons, None, given.digest)
    return steps
