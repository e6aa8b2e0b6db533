"""The records of one build: what is known of a call before it is made, and values found under other keys or names.

Decides nothing about what runs. Guards: a record says under which keys its value may be found; what rests on more than
its deep key says so in `watched`, and what is merely accepted is not noted under a node's own keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from dagbuild.build.steps import Steps
from dagbuild.ground.author import author
from dagbuild.ground.digest import Digest
from dagbuild.ground.errors import StoreError
from dagbuild.model.record import Artifact, Draft, Key, Record
from dagbuild.plan.plan import Decision, Plan
from dagbuild.plan.request import Request
from dagbuild.store.base import Store


class Keys(NamedTuple):
    """A node's keys over the values that its step is given: the content key, and the same but for its name."""

    content: Key | None
    unnamed: Key | None


@dataclass
class Recorder:
    """Makes and stores records of the build `run`; `on_trouble` is told of a node and what could not be stored."""

    request: Request
    plan: Plan
    steps: Steps
    store: Store
    run: str
    on_trouble: Callable[[str, str], None]

    def keys(self, name: str) -> Keys:
        """Return the node's keys as its upstream values are now, as far as these are settled."""
        return Keys(self.request.content(name, self.artifact), self.request.unnamed(name, self.artifact))

    def draft(self, name: str, keys: Keys, given: Mapping[str, Artifact]) -> Draft:
        """Return what the record of a call will say that is known before; `given` are the stored values it is given."""
        return Draft(
            node=name,
            deep=self.request.deep[name],
            content=keys.content or self.request.deep[name],
            unnamed=keys.unnamed or Key(""),
            manifest=self.request.manifest(name),
            upstream={up: self._count_as(up, artifact) for up, artifact in given.items()},
            excerpts=self.request.excerpts(name, given.get),
            watched=self._watched(self.request.needs(name)[0]),
            run=self.run,
            user=author(),
            forced=self.is_renewed(name),
        )

    def put_alias(self, name: str, record: Record) -> Record:
        """Let the node's own name and keys find a record the next time."""
        values, _ = self.request.needs(name)
        keys = self.keys(name)
        record = replace(
            record,
            node=name,
            deep=self.request.deep[name],
            content=keys.content or record.content,
            unnamed=keys.unnamed or record.unnamed,
            manifest=self.request.manifest(name),
            upstream={up: self._count_as(up, artifact) for up in values if (artifact := self.artifact(up))},
            excerpts=self.request.excerpts(name, self.artifact),
            watched=self._watched(values),
            alias=True,
            run=self.run,
            forced=self.is_renewed(name),
            proof=record.proof.unsigned
            if record.proof
            else None,  # whose value it is, no longer their record
        )
        try:
            self.store.put_records([record])
        except StoreError as error:
            self.on_trouble(name, f"the record of '{name}' could not be stored: {error}")
        return record

    def keep_found(self) -> None:
        """Let deep keys and new names find what the plan has found by content."""
        found = {name: record for name, record in self.found.items() if self._stands(name)}
        self.store.keep(
            step.record
            for step in self.plan.steps.values()
            if step.record and step.decision is not Decision.RUN
        )
        known = self.store.find_records([self.request.deep[name] for name in found], local=True)
        for name, record in found.items():
            if all(other.node != name for other in known.get(self.request.deep[name], ())):
                self.put_alias(name, record)

    @cached_property
    def found(self) -> Mapping[str, Record]:
        """The records that answer for nodes in the plan without having been made under their deep keys."""
        return {
            name: step.record
            for name, step in self.plan.steps.items()
            if step.record and step.record.deep != step.deep and step.decision is not Decision.RUN
        }

    def _stands(self, name: str) -> bool:
        # What is accepted is not noted under the node's own keys: it can be taken back.
        step = self.steps[name]
        return not (step.untrusted or step.renewed or name in self.request.accepted)

    def is_renewed(self, name: str) -> bool:
        """Tell whether the node was forced, or follows one that was: its new record wins over the older ones."""
        step = self.steps[name]
        if not step.renewed:
            values = [up for up in self.request.needs(name)[0] if up not in self.request.givens]
            step.renewed = name in self.request.forced or any(self.steps[up].renewed for up in values)
        return step.renewed

    def _watched(self, upstream: Iterable[str]) -> tuple[str, ...]:
        """Return those upstreams whose values depend on what a run was seen to read, or are of no record."""
        found = []
        for up in upstream:
            if up in self.request.givens:
                continue
            record = self._record(up)
            if (
                record is None
                or not self.steps[up].kept
                or record.observations
                or record.watched
                or record.artifact.carried
                or up in self.request.unsettled
            ):
                found.append(up)
        return tuple(found)

    def _count_as(self, name: str, artifact: Artifact) -> Digest:
        given = self.request.givens.get(name)
        return given.digest if given else artifact.digest

    def artifact(self, name: str) -> Artifact | None:
        """Return the value of a node or input in this run, as far as that is settled."""
        if name in self.request.givens:
            return self.request.givens[name].artifact
        record = self._record(name)
        return record.artifact if record else None

    def _record(self, name: str) -> Record | None:
        """Return the record that names the node's value in this run: its own, or the one that the plan chose."""
        step, planned = self.steps[name], self.plan.steps.get(name)
        if step.record is None and planned and planned.decision is not Decision.RUN and not step.untrusted:
            return planned.record
        return step.record
