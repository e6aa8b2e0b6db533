"""What was made, accepted and tried in vain, as the rows of `dagbuild log`."""

from __future__ import annotations

from dagbuild.ground import units
from dagbuild.model.record import Record
from dagbuild.plan.acceptance import Acceptance
from dagbuild.report.makers import Signer, name_maker
from dagbuild.report.plan_text import quote_log
from dagbuild.store.failed_runs import FailedRun


def tell_made(made: Record | FailedRun, signer: Signer) -> tuple[str, ...]:
    """Return when, node, how long it took, size, value, who and run."""
    if isinstance(made, FailedRun):
        took = units.seconds(made.duration)
        return units.moment(made.started), made.node, took, "", "failed", made.user, made.run
    if (said := Acceptance.from_record(made)) is not None:
        word = "revoked" if said.revoked else "accepted"
        return units.moment(said.moment), said.node, word, "", "", said.author, said.because
    return (
        units.moment(made.started),
        made.node,
        "same value" if made.alias else units.seconds(made.duration),
        units.size(made.artifact.size),
        made.artifact.digest[:13],
        name_maker(made, signer),
        made.run,
    )


def is_run(made: Record | FailedRun) -> bool:
    """Tell whether a node ran for it: what was found for it, or accepted, was no run."""
    return isinstance(made, FailedRun) or not (made.alias or Acceptance.from_record(made))


def tell_printed(made: Record | FailedRun) -> list[str]:
    """Return what a node printed, and of one that failed what it raised, with its frames."""
    told = quote_log(made.log)
    return [*told, *quote_log(made.told)] if isinstance(made, FailedRun) else told
