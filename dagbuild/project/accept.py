"""Accept changes, and take that back: of which nodes, and why not of others. Runs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dagbuild.code.requirements import find_required
from dagbuild.ground.author import author
from dagbuild.ground.errors import InputError
from dagbuild.model.record import Observation
from dagbuild.observe.wording import tell_changed
from dagbuild.plan.acceptance import Acceptance, is_only, own_parts
from dagbuild.plan.plan import Decision, Status, Step
from dagbuild.plan.reasons import Reason, find_changes
from dagbuild.plan.request import Request

if TYPE_CHECKING:
    from dagbuild.project.project import Project


def accept_node(project: Project, node: str, because: str) -> Acceptance:
    """Say that what has changed of the node itself does not alter its value: it stays fresh, and what is below.

    Raises InputError when there is no such change, or no value.
    """
    _check_reason(because)
    project.check_node(node)
    request, plan = project.look([node])
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
    return _say(project, [_accept(project, request, step, because)])[0]


def accept_everywhere(
    project: Project, because: str, *, package: str = "", helper: str = ""
) -> list[Acceptance]:
    """Say so of all nodes of which nothing else has changed than this package with what it requires, or this helper.

    Raises InputError when there is none.
    """
    _check_reason(because)
    packages = {package, *find_required([package])} if package else ()
    request, plan = project.look(())
    found = [
        _accept(project, request, step, because)
        for step in plan.steps.values()
        if step.decision is Decision.RUN
        and step.record is not None
        and _has_changed(request, step)
        and is_only(step.record.manifest, request.manifests[step.node], packages=packages, helper=helper)
    ]
    if not found:
        what = f"package '{package}'" if package else f"helper '{helper}'"
        raise InputError(f"no node is stale because of the {what} alone", hint="dagbuild status tells why")
    return _say(project, found)


def revoke(project: Project, node: str, because: str = "") -> Acceptance:
    """Take back what was accepted of the node as it is today; raises InputError when nothing was."""
    project.check_node(node)
    request, _ = project.look([node])
    chain = request.accepted.get(node, ())
    if not chain:
        raise InputError(f"no change of '{node}' is accepted")
    last = chain[0]
    taken_back = Acceptance(
        node, last.fresh, last.known, author(), _later(last), because, last.changes, revoked=True
    )
    return _say(project, [taken_back])[0]


def _check_reason(because: str) -> None:
    if not because.strip():
        raise InputError("nothing is accepted without a reason", hint='--because "only the log text changed"')


def _say(project: Project, found: list[Acceptance]) -> list[Acceptance]:
    project.store.put_records([acceptance.to_record() for acceptance in found])
    project.store.flush()
    return found


def _has_changed(request: Request, step: Step) -> bool:
    return step.record is not None and (
        step.record.manifest.fingerprint != request.manifests[step.node].fingerprint
    )


def find_still_stale(project: Project, accepted: Iterable[Acceptance]) -> dict[str, tuple[Reason, ...]]:
    """Return the nodes that are to be computed all the same, each with the reasons: what was not accepted of it."""
    said = {each.node: each.changes for each in accepted if not each.revoked}
    steps = project.look(list(said))[1].steps if said else {}
    return {
        node: tuple(each for each in steps[node].reasons if str(each) not in changes) or steps[node].reasons
        for node, changes in said.items()
        if steps[node].decision is Decision.RUN
    }


def _accept(project: Project, request: Request, step: Step, because: str) -> Acceptance:
    assert step.record is not None
    was, now = step.record.manifest, request.manifests[step.node]
    changes = [str(change) for change in find_changes(own_parts(was), own_parts(now))]
    artifact = step.record.artifact
    carried = project.carry(artifact).carried
    if carried != artifact.carried:
        changes.append(tell_changed(Observation("code", ", ".join(artifact.names), artifact.carried)))
    return Acceptance(
        step.node,
        now.fingerprint,
        was.fingerprint,
        author(),
        time.time(),
        because,
        tuple(changes),
        carried=carried,
    )


def _later(before: Acceptance, clock: Callable[[], float] = time.time) -> float:
    """Return now, or a moment after `before` where another machine's clock is ahead: the later one holds."""
    return max(clock(), before.moment + 1e-3)
