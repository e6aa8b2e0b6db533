"""Answer the planner from a store: which record counts, and why one does not any longer.

Runs and fetches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from dagbuild.artifacts import Artifacts
from dagbuild.ground.errors import CodecError, StoreError
from dagbuild.model.record import Artifact, BlobRef, Key, Observation, Record
from dagbuild.observe.wording import tell_changed
from dagbuild.outputs import Outputs
from dagbuild.plan.plan import Whereabouts
from dagbuild.plan.reasons import Reason
from dagbuild.plan.renames import find_under_old_names


class StoreLookup:
    """Answers the planner from a store.

    `find_changed` says which observations of a record hold no longer, where its value may carry a meaning that was
    accepted; `tell_change` what became of one.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        find_changed: Callable[[Record, str], Iterable[Observation]],
        outputs: Outputs,
        tell_change: Callable[[Observation], str] = tell_changed,
    ) -> None:
        self._artifacts = artifacts
        self._store = artifacts.store
        self._find_changed = find_changed
        self._outputs = outputs
        self._tell_change = tell_change

    def find(self, keys: Collection[Key], *, carried: str = "") -> dict[Key, Record]:
        """Return the record to use for each key: the newest forced one, else the first that can be read here.

        Left out are records whose run was seen to read what has changed since, and those whose values refer to code
        that has, unless it means what is `carried`, which was accepted.
        """
        found = self._find_held(keys, carried)
        return {key: self._choose(records) for key, records in found.items()}

    def find_alike(
        self, content: Key, unnamed: Key | None, name: str, present: Collection[str]
    ) -> Record | None:
        """Return the record to use for a node's content key, else for its unnamed key.

        The latter's must have been made under a name that is not among `present`.
        """
        if held := self._find_held([content]).get(content):
            return self._choose(held)
        found = self._store.find_records([unnamed]).get(unnamed) if unnamed else None
        held = self._that_hold(find_under_old_names(found, name, present)) if found else []
        return self._choose(held) if held else None

    def _find_held(self, keys: Collection[Key], carried: str = "") -> dict[Key, list[Record]]:
        """Return the records that hold, by key: of near alone where there are any, so that far need not be asked."""
        found: dict[Key, list[Record]] = {}
        for near in (True, False) if self._store.shared else (False,):
            if missing := [key for key in keys if key not in found]:
                answer = self._store.find_records(missing, local=near)
                held = {key: self._that_hold(records, carried) for key, records in answer.items()}
                found |= {key: records for key, records in held.items() if records}
        return found

    def _that_hold(self, records: Sequence[Record], carried: str = "") -> list[Record]:
        forced = max((i for i, record in enumerate(records) if record.forced), default=0)
        records = records[forced:]  # what was forced replaces what was there before
        return [record for record in records if not any(True for _ in self._find_changed(record, carried))]

    def find_changed(self, record: Record) -> tuple[Reason, ...]:
        """Say what the record's run was seen to read and is no longer so."""
        changed = map(self._tell_change, self._find_changed(record, ""))
        return tuple(Reason(text, "observed") for text in dict.fromkeys(changed))

    def _choose(self, records: Sequence[Record]) -> Record:
        if len(records) == 1:
            return records[0]
        forced = [record for record in reversed(records) if record.forced]
        ordered = [*forced, *(record for record in records if not record.forced)]
        return next((record for record in ordered if self._artifacts.is_usable(record.artifact)), ordered[0])

    def find_latest(self, nodes: Collection[str], count: int = 1) -> Mapping[str, Sequence[Record]]:
        """Return the newest records of each node, the newest first."""
        return self._store.find_latest(nodes, count)

    def find_elements(self, artifact: Artifact) -> Sequence[Artifact] | None:
        """Return the elements of a stored value, as far as that is known near."""
        if "items" not in artifact.meta and self.place(artifact.blobs[-1:]) is not Whereabouts.LOCAL:
            return None
        try:
            return self._artifacts.split(artifact)
        except (CodecError, StoreError):
            return None

    def place(self, refs: Iterable[BlobRef]) -> Whereabouts:
        """Say where these blobs are."""
        refs = set(refs)
        if len(self._store.has_blobs(refs, local=True)) == len(refs):
            return Whereabouts.LOCAL
        return Whereabouts.REMOTE if len(self._store.has_blobs(refs)) == len(refs) else Whereabouts.NOWHERE

    def find_obstacle(self, artifact: Artifact) -> str | None:
        """Return why a value cannot be read here, as far as that is known without reading it, or None."""
        return self._artifacts.find_obstacle(artifact)

    def find_altered(self, declared: Sequence[str], artifact: Artifact) -> tuple[Reason, ...]:
        """Say of these outputs which are gone or not what was stored of them."""
        return tuple(
            Reason(str(each), "missing" if each.missing else "changed")
            for each in self._outputs.find_altered(declared, artifact.outputs)
        )


def find_artifacts(records: Iterable[Record], wanted: str) -> list[Artifact]:
    """Return the values, each once, whose run's name or digest begins with a text."""
    found: dict[str, Artifact] = {}
    for record in records:
        digest = record.artifact.digest
        if any(name.startswith(wanted) for name in (record.run, digest, digest.partition("-")[2])):
            found.setdefault(digest, record.artifact)
    return list(found.values())
