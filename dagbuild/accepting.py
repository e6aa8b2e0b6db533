"""Accept changes: which nodes may be, and why one may not. Runs nothing and stores nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from dagbuild.acceptance import Acceptance, is_only, own_parts
from dagbuild.errors import InputError
from dagbuild.plan import Decision, Plan, Status, Step
from dagbuild.reasons import find_changes
from dagbuild.request import Request


def accept_node(request: Request, plan: Plan, node: str, because: str, author: str) -> Acceptance:
    """Return what makes the node's last record count for what it is today; raises InputError when nothing may."""
    if not because.strip():
        raise InputError("nothing is accepted without a reason", hint='--because "only the log text changed"')
    step = plan.steps[node]
    if node in request.givens or request.is_view(node):
        what = f"is given ({step.reasons[0]})" if node in request.givens else "is never cached"
        raise InputError(f"'{node}' {what}: there is nothing to accept")
    if step.decision is not Decision.RUN or step.status is Status.FRESH:
        raise InputError(f"'{node}' is fresh: there is nothing to accept")
    if step.record is None:
        raise InputError(f"'{node}' was never built: there is no value to accept", hint=f"dagbuild {node}")
    if not _has_changed(request, step):
        raise InputError(
            f"nothing of '{node}' itself has changed: {'; '.join(map(str, step.reasons))}",
            hint="accept where the change is, or build",
        )
    return _accept(request, step, because, author)


def accept_everywhere(
    request: Request,
    plan: Plan,
    because: str,
    author: str,
    *,
    package: str = "",
    helper: str = "",
) -> list[Acceptance]:
    """Return acceptances for all nodes of which nothing else has changed than a package, or a helper.

    Raises InputError when there is none.
    """
    if not because.strip():
        raise InputError("nothing is accepted without a reason", hint='--because "only the log text changed"')
    found = [
        _accept(request, step, because, author)
        for step in plan.steps.values()
        if step.decision is Decision.RUN
        and step.record is not None
        and _has_changed(request, step)
        and is_only(step.record.manifest, request.manifests[step.node], package=package, helper=helper)
    ]
    if not found:
        what = f"package '{package}'" if package else f"helper '{helper}'"
        raise InputError(f"no node is stale because of the {what} alone", hint="dagbuild status tells why")
    return found


def revoke(request: Request, node: str, because: str, author: str) -> Acceptance:
    """Return what takes back the acceptance that holds for the node today; raises InputError when none does."""
    chain = request.accepted.get(node, ())
    if not chain:
        raise InputError(f"no change of '{node}' is accepted")
    last = chain[0]
    return Acceptance(node, last.fresh, last.known, author, _later(last), because, last.changes, revoked=True)


def _has_changed(request: Request, step: Step) -> bool:
    return step.record is not None and (
        step.record.manifest.fingerprint != request.manifests[step.node].fingerprint
    )


def _accept(request: Request, step: Step, because: str, author: str) -> Acceptance:
    assert step.record is not None
    was, now = step.record.manifest, request.manifests[step.node]
    changes = tuple(str(change) for change in find_changes(own_parts(was), own_parts(now)))
    return Acceptance(step.node, now.fingerprint, was.fingerprint, author, time.time(), because, changes)


def _later(before: Acceptance, clock: Callable[[], float] = time.time) -> float:
    """Return now, or a moment after `before` where another machine's clock is ahead: the later one holds."""
    return max(clock(), before.moment + 1e-3)
