"""What a build will certainly take from far is brought near at once, before its first node runs."""

from __future__ import annotations

from dagbuild.plan.plan import Decision, Plan
from dagbuild.plan.request import Request
from dagbuild.store.base import Store

_AHEAD = 256 << 20
"""Bytes that are brought near before the first node runs; what is more comes when it is taken."""


def expect_far(request: Request, plan: Plan, store: Store) -> None:
    """Have the values brought near that nodes which run take whole, unless that is too much to wait for."""
    if not store.shared:
        return
    far = {name: step.record for name in plan.names(Decision.FETCH) if (step := plan.steps[name]).record}
    taken = {
        up: far[up]
        for name in plan.names(Decision.RUN)
        for up in request.needs(name)[0]
        if up in far and up not in request.excerpted(name)
    }
    refs = {ref for record in taken.values() if record for ref in record.artifact.blobs}
    if sum(ref.size for ref in refs) <= _AHEAD:
        store.expect_blobs(refs)
