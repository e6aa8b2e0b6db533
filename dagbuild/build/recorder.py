"""The records of one build: what is noted of a call, and of values found under other keys or names.

Decides nothing about what runs. Guards: a record says under which keys its value may be found; what rests on more than
its deep key says so in `watched`, and what is merely accepted is not noted under a node's own keys.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from dagbuild.build.ready import Demand
from dagbuild.executors.base import Done
from dagbuild.ground.digest import Digest
from dagbuild.ground.errors import StoreError
from dagbuild.model.record import Artifact, Key, Observation, Record
from dagbuild.observe import Ran
from dagbuild.plan.events import StepFinished
from dagbuild.plan.plan import Decision, Plan
from dagbuild.plan.request import Request
from dagbuild.store.base import Store


@dataclass
class Filing:
    """Makes and stores the records of the build `run`; `ended` are the steps that have ended so far."""

    request: Request
    plan: Plan
    demand: Demand
    store: Store
    run: str
    ended: Mapping[str, StepFinished]
    on_trouble: Callable[[str, str], None]
    observe_code: Callable[[str, Sequence[Ran]], Sequence[Observation]]
    refreshed: set[str] = field(default_factory=set)

    def put_alias(self, name: str, record: Record) -> Record:
        """Let the node's own name and keys find a record the next time."""
        values, _ = self.request.needs(name)
        content, unnamed = (
            self.request.content(name, self.artifact),
            self.request.unnamed(name, self.artifact),
        )
        record = replace(
            record,
            node=name,
            deep=self.request.deep[name],
            content=content or record.content,
            unnamed=unnamed or record.unnamed,
            manifest=self.request.manifest(name),
            upstream={up: digest for up in values if (digest := self.digest(up))},
            excerpts=self.request.excerpts(name, self.artifact),
            watched=self._watched(values),
            alias=True,
            run=self.run,
            forced=self.is_refreshed(name),
        )
        self.put(record)
        return record

    def keep_found(self) -> None:
        """Let deep keys and new names find what the plan has found by content."""
        found = {name: record for name, record in found_by_content(self.plan).items() if self._stands(name)}
        known = self.store.find_records([self.request.deep[name] for name in found])
        for name, record in found.items():
            if all(other.node != name for other in known.get(self.request.deep[name], ())):
                self.put_alias(name, record)

    def _stands(self, name: str) -> bool:
        # What is accepted is not noted under the node's own keys: it can be taken back.
        return not any(
            name in those for those in (self.demand.revoked, self.refreshed, self.request.accepted)
        )

    def make(self, name: str, done: Done, artifact: Artifact, given: Mapping[str, Artifact]) -> Record:
        """Return the record of a call that returned; `given` are the stored values that it was made with."""
        values, _ = self.request.needs(name)
        content = self.demand.content(name)
        return Record(
            node=name,
            deep=self.request.deep[name],
            content=content or Key(self.request.deep[name]),
            manifest=self.request.manifest(name),
            artifact=artifact,
            unnamed=self.demand.unnamed(name) or Key(""),
            # Not what they are by now: one may have been made again meanwhile, and come out different.
            upstream={up: self._count_as(up, artifact) for up, artifact in given.items()},
            excerpts=self.request.excerpts(name, given.get),
            watched=self._watched(values),
            observations=(*done.seen.observations, *self.observe_code(name, done.seen.ran)),
            started=done.started,
            duration=done.duration,
            cpu=done.cpu,
            memory=done.memory,
            host=done.host,
            user=author(),
            run=self.run,
            log=done.log,
            forced=self.is_refreshed(name),
        )

    def is_refreshed(self, name: str) -> bool:
        """Tell whether the node was forced, or follows one that was: its new record wins over the older ones."""
        values, _ = self.request.needs(name)
        if name in self.request.forced or any(up in self.refreshed for up in values):
            self.refreshed.add(name)
        return name in self.refreshed

    def _watched(self, upstream: Iterable[str]) -> tuple[str, ...]:
        """Return those upstreams whose values depend on what a run was seen to read."""
        found = []
        for up in upstream:
            if up in self.request.givens:
                continue
            planned = self.plan.steps.get(up)
            skipped = planned if planned and planned.decision is not Decision.RUN else None
            step = self.ended.get(up) or skipped
            if (
                step is None
                or step.record is None
                or step.record.observations
                or step.record.watched
                or step.record.artifact.carried
                or up in self.request.unsettled
            ):
                found.append(up)
        return tuple(found)

    def digest(self, name: str) -> Digest | None:
        """Return what the value of a node or input is in this run, as far as that is settled."""
        artifact = self.artifact(name)
        return self._count_as(name, artifact) if artifact else None

    def _count_as(self, name: str, artifact: Artifact) -> Digest:
        given = self.request.givens.get(name)
        return given.digest if given else artifact.digest

    def artifact(self, name: str) -> Artifact | None:
        """Return the value of a node or input in this run, as far as that is settled."""
        if name in self.demand.have:
            return self.demand.have[name]
        step = self.plan.steps.get(name)
        return step.record.artifact if step and step.record and step.decision is not Decision.RUN else None

    def put(self, record: Record) -> None:
        """Store a record; a build goes on without."""
        try:
            self.store.put_records([record])
        except StoreError as error:
            self.on_trouble(f"the record of '{record.node}' could not be stored: {error}", record.node)


def found_by_content(plan: Plan) -> dict[str, Record]:
    """Return the records that answer for nodes without having been made under their deep keys."""
    return {
        name: step.record
        for name, step in plan.steps.items()
        if step.record and step.record.deep != step.deep and step.decision is not Decision.RUN
    }


@cache
def author() -> str:
    """Return the user's name, or nothing where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return ""
