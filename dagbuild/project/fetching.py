"""What lies in the remote only: bring it near, or say how much it is.

Asks the project for its plan, and its store for blobs. Runs nothing. Guards: what is brought near can be used without
the remote, record and value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, SettingsError
from dagbuild.model.record import BlobRef, Record
from dagbuild.plan.plan import Plan, Status
from dagbuild.store.layered import LayeredStore
from dagbuild.store.remote import map_at_once

if TYPE_CHECKING:
    from dagbuild.project.project import Project


@dataclass(frozen=True)
class Fetched:
    """The nodes whose values came, with their bytes, those whose values were here, and those that have none there."""

    fetched: tuple[str, ...]
    size: int
    here: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True)
class Far:
    """The nodes whose values lie in the remote only, their bytes, and the seconds that it took to make them."""

    nodes: tuple[str, ...]
    size: int
    seconds: float


def fetch(project: Project, targets: Iterable[str] = (), *, above: bool = False) -> Fetched:
    """Bring the values of targets near that somebody has published, or those of all nodes `above` them, too.

    Raises InputError for a target that is no node, SettingsError when there is no remote.
    """
    store = _open_remote(project)
    request, plan = project.look(targets)
    names = plan.steps if above else [name for name in plan.targets if name in plan.steps]
    wanted = [
        name for name in names if plan.steps[name].status is not Status.PINNED and not request.is_view(name)
    ]
    records = _find_records(plan, wanted)
    far = _find_far(store, records)
    missing = list(dict.fromkeys(ref for refs in far.values() for ref in refs))
    store.expect_blobs(missing)
    came = dict(zip(missing, map_at_once(partial(_try_to_bring, store), missing), strict=True))
    lost = {name for name, refs in far.items() if not all(came[ref] for ref in refs)}
    store.keep([record for name, record in records.items() if name not in lost])
    return Fetched(
        tuple(name for name in far if name not in lost),
        sum(ref.size for name, refs in far.items() if name not in lost for ref in refs),
        tuple(name for name in records if name not in far),
        tuple(name for name in wanted if name not in records or name in lost),
    )


def _try_to_bring(store: LayeredStore, ref: BlobRef) -> bool:
    """Tell whether a blob came whole."""
    try:
        store.get_blob(ref)
    except (BlobMissingError, BlobDamagedError):
        return False
    return True


def measure_far(project: Project, plan: Plan) -> Far:
    """Return what of a plan's values lies in the remote only; raises SettingsError when there is none."""
    store = _open_remote(project)
    records = _find_records(plan, plan.steps)
    far = _find_far(store, records)
    return Far(
        tuple(far),
        sum(ref.size for refs in far.values() for ref in refs),
        sum(records[name].duration for name in far),
    )


def _open_remote(project: Project) -> LayeredStore:
    if not isinstance(project.store, LayeredStore):
        hint = 'write [remote] and url = "s3://..." in dagbuild.toml'
        raise SettingsError("there is no remote to fetch from", hint=hint)
    if project.settings.remote and project.settings.remote.mode == "write":
        raise SettingsError(
            "nothing is fetched from this remote: its mode is write, or --no-fetch was given",
            hint='mode = "read-write", and no --no-fetch, does',
        )
    return project.store


def _find_records(plan: Plan, names: Iterable[str]) -> dict[str, Record]:
    """Return the records of those nodes whose values are right as they are."""
    return {name: step.record for name in names if (step := plan.steps[name]).record and step.digest}


def _find_far(store: LayeredStore, records: dict[str, Record]) -> dict[str, list[BlobRef]]:
    """Return the blobs of each value that are not all here: those that are missing."""
    here = store.has_blobs(
        {ref for record in records.values() for ref in record.artifact.all_blobs}, local=True
    )
    far = {name: [ref for ref in r.artifact.all_blobs if ref not in here] for name, r in records.items()}
    return {name: refs for name, refs in far.items() if refs}
