"""What `check` lists of nodes: what is suspected of their code and of their runs, and what runs were seen to read.

Pure; decides nothing. Guards: where nothing is known of a node's run, that is said too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dagbuild.model.record import Manifest, Note, Observation
from dagbuild.plan.plan import Decision, Plan, Step


@dataclass(frozen=True)
class Suspicions:
    """By node: what is suspected, and what the run whose value is used was seen to read.

    `unknown` are nodes of which only the code was looked at: they have no value that would be used today.
    """

    notes: Mapping[str, tuple[Note, ...]]
    observed: Mapping[str, tuple[Observation, ...]]
    unknown: tuple[str, ...]


def find_suspicions(manifests: Mapping[str, Manifest], plan: Plan) -> Suspicions:
    """Return what a plan and the manifests tell of these nodes."""
    notes: dict[str, tuple[Note, ...]] = {}
    observed: dict[str, tuple[Observation, ...]] = {}
    unknown = []
    for name, manifest in manifests.items():
        step = plan.steps.get(name)
        if found := step.find_notes(manifest) if step else manifest.notes:
            notes[name] = found
        if step is None or (step.decision is Decision.RUN and not _is_view(step)):
            unknown.append(name)
        elif step.record is not None and step.record.observations and not manifest.loads:
            observed[name] = step.record.observations
    return Suspicions(notes, observed, tuple(unknown))


def _is_view(step: Step) -> bool:
    """Tell whether the node runs inside those that need it, and has no run of its own."""
    return any(reason.kind in {"view", "iterator"} for reason in step.reasons)
