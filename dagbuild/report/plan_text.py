"""Plans as lines of text: what is fresh, what is stale and why, what a build would do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from dagbuild.ground import units
from dagbuild.model.record import Note
from dagbuild.observe.wording import name_note
from dagbuild.plan.plan import Decision, Plan, Status, Step
from dagbuild.report.style import Row, Style, table

MANY = 20
"""So many nodes of one kind are shown without `--all`; the rest is counted."""

SOON = 0.1
"""Seconds under which nobody asks how long."""

NO_NODES = "there are no nodes: a node is a public function of one of the project's modules"

_ORDER = (Status.STALE, Status.MISSING, Status.AFFECTED, Status.PINNED, Status.FRESH)


class FailedRun(Protocol):
    """What is told of a node's failure."""

    @property
    def line(self) -> str:
        """What was raised, in one line."""

    @property
    def started(self) -> float:
        """When, in seconds since 1970."""

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""


_NONE: Mapping[str, FailedRun] = MappingProxyType({})


def tell_status(
    plan: Plan, style: Style, *, everything: bool = False, failed: Mapping[str, FailedRun] = _NONE
) -> list[str]:
    """Return the lines of `status`: nodes by status with their first cause, what is fresh as a number.

    `failed` are nodes whose last try with today's key has failed.
    """
    now = time.time()
    rows: list[Row] = []
    for status in _ORDER:
        names = plan.with_status(status)
        if not names:
            continue
        word = status.value
        if status is Status.FRESH and not everything:
            accepted = [
                Row("accepted", name, said) for name in names if (said := _accepted(plan.steps[name]))
            ]
            rows += accepted
            if len(accepted) < len(names):
                rows.append(Row(word, units.count(len(names) - len(accepted), "node")))
            continue
        shown = names if everything or len(names) <= MANY + 1 else names[:MANY]
        for name in shown:
            run = failed.get(name)
            said = f"failed {units.ago(run.started, now)}: {run.line}" if run else ""
            rows.append(Row(word, name, "; ".join(filter(None, (_cause(plan.steps[name]), said)))))
        if len(shown) < len(names):
            rows.append(Row(word, f"and {len(names) - len(shown):,} more: --all shows them"))
    rows += _left_out(plan, everything)
    caveat = tell_untracked(plan.notes)
    lines = [
        *table(rows, style),
        *(["", *caveat] if caveat else []),
        *([] if everything else _tell_iterators(plan)),
    ]
    todo = len(plan.names(Decision.RUN))
    if not plan.steps and not plan.lacking:
        return [NO_NODES]
    if plan.clean:
        rest = "everything else" if plan.lacking else "everything"
        return [*lines, "", style.paint(f"{rest} is up to date", "fresh")]
    restored = len(plan.names(Decision.RESTORE))
    if not todo:
        return [*lines, "", f"{units.count(restored, 'node')} of {len(plan.steps):,} to restore"]
    also = f", {restored:,} to restore" if restored else ""
    about = _expected(plan)
    return [*lines, "", f"{units.count(todo, 'node')} of {len(plan.steps):,} to compute{about}{also}"]


def tell_plan(plan: Plan, style: Style, *, everything: bool = False) -> list[str]:
    """Return the lines of `plan`: what a build would run, take from the cache, fetch and leave alone."""
    rows: list[Row] = []
    runs = plan.names(Decision.RUN)
    shown = runs if everything or len(runs) <= MANY + 1 else runs[:MANY]
    for name in shown:
        step = plan.steps[name]
        took = step.seconds or 0.0
        last = f"; took {units.seconds(took)} last time" if took >= SOON else ""
        rows.append(Row("run", name, f"{_cause(step)}{last}"))
    if len(shown) < len(runs):
        rows.append(Row("run", f"and {len(runs) - len(shown):,} more: --all shows them"))
    rows += [Row("restore", name, _cause(plan.steps[name])) for name in plan.names(Decision.RESTORE)]
    for decision in (Decision.FETCH, Decision.REUSE, Decision.SKIP):
        names = plan.names(decision)
        if names and everything:
            rows.extend(Row(decision.value, name, _size(plan.steps[name])) for name in names)
        elif names:
            sizes = sum(step.record.artifact.size for n in names if (step := plan.steps[n]).record)
            bytes_ = f", {units.size(sizes)}" if decision is Decision.FETCH else ""
            rows.append(Row(decision.value, units.count(len(names), "node") + bytes_))
    rows += _left_out(plan, everything)
    if not plan.steps and not plan.lacking:
        return [NO_NODES]
    if plan.clean:
        return [*table(rows, style), "", style.paint("nothing to compute", "fresh")]
    restored = len(plan.names(Decision.RESTORE))
    if not runs:
        return [*table(rows, style), "", f"nothing to compute, {units.count(restored, 'node')} to restore"]
    also = f", {restored:,} to restore" if restored else ""
    about = _expected(plan)
    return [*table(rows, style), "", f"{units.count(len(runs), 'node')} to compute{about}{also}"]


class Far(Protocol):
    """What lies in the remote only."""

    @property
    def nodes(self) -> Sequence[str]:
        """The nodes whose values do."""

    @property
    def size(self) -> int:
        """Their bytes."""

    @property
    def seconds(self) -> float:
        """How long they took to make."""


def tell_far(far: Far) -> list[str]:
    """Return the line of `status --remote`: what lies in the remote only, to be weighed against making it again."""
    if not far.nodes:
        return ["", "remote: nothing that is not here, too"]
    what = f"{units.count(len(far.nodes), 'value')}, {units.size(far.size)} to fetch"
    return ["", f"remote: {what}; making them took {units.seconds(far.seconds)}"]


def _left_out(plan: Plan, everything: bool) -> list[Row]:
    """Return a row for each node that lacks an input, and for those below it with `everything`."""
    shown = {name: why for name, why in plan.lacking.items() if everything or why.kind == "input"}
    rows = [Row("left out", name, str(why)) for name, why in shown.items()]
    if len(shown) < len(plan.lacking):
        rows.append(Row("left out", f"{units.count(len(plan.lacking) - len(shown), 'node')} below"))
    return rows


def tell_untracked(notes: Mapping[str, Sequence[Note]]) -> list[str]:
    """Return one line about what a build cannot see of these nodes; nothing where nothing is suspected."""
    found = [(name, note) for name, some in notes.items() for note in some if not note.tracked]
    if not found:
        return []
    name, note = found[0]
    more = f", and {len(found) - 1:,} more: dagbuild check" if len(found) > 1 else ""
    return [f"not tracked: '{name}' {name_note(note)}{more}"]


def _tell_iterators(plan: Plan) -> list[str]:
    """Return one line about nodes that are never cached though nobody asked for that, and that no row shows."""
    hidden = [(name, plan.steps[name]) for name in plan.with_status(Status.FRESH)]
    found = [(name, reason) for name, step in hidden for reason in step.reasons if reason.kind == "iterator"]
    if not found:
        return []
    name, reason = found[0]
    more = f", and {len(found) - 1:,} more: dagbuild check" if len(found) > 1 else ""
    return [
        "",
        f"never cached: '{name}' {reason.text.removeprefix('never cached: it ')} ({reason.where}){more}",
    ]


def plan_to_json(plan: Plan, failed: Mapping[str, FailedRun] = _NONE) -> dict[str, Any]:
    """Return a plan as plain data, with the last failures of nodes as `tell_status` tells them."""
    return {
        "targets": list(plan.targets),
        "clean": plan.clean,
        "nodes": [
            {
                "name": name,
                "status": step.status.value,
                "decision": step.decision.value,
                "reasons": [{"text": r.text, "kind": r.kind, "where": r.where} for r in step.reasons],
                "digest": step.digest,
                "seconds": step.seconds,
                **({"failed": failed[name].to_json()} if name in failed else {}),
                **({"elements": step.width._asdict()} if step.width else {}),
            }
            for name, step in plan.steps.items()
        ],
        "unseen": notes_to_json(plan.notes),
        "left_out": [
            {"name": name, "reason": {"text": why.text, "kind": why.kind, "where": why.where}}
            for name, why in plan.lacking.items()
        ],
    }


def notes_to_json(found: Mapping[str, Sequence[Note]]) -> list[dict[str, Any]]:
    """Return what is suspected of nodes as plain data; `tracked` where a change is seen all the same."""
    return [
        {
            "node": name,
            "text": note.text,
            "where": note.where,
            "remedy": note.remedy,
            "kind": note.kind,
            "tracked": note.tracked,
        }
        for name, notes in found.items()
        for note in notes
    ]


def _cause(step: Step) -> str:
    """Return the first cause, and how many more there are."""
    width = f"; {step.width}" if step.width else ""
    if not step.reasons:
        return width.removeprefix("; ")
    more = len(step.reasons) - 1
    return f"{step.reasons[0]}{f' (+{more} more)' if more else ''}{width}"


def _accepted(step: Step) -> str:
    """Return who has accepted the node's change, and why."""
    return next((r.text.removeprefix("accepted ") for r in step.reasons if r.kind == "accepted"), "")


def _size(step: Step) -> str:
    return units.size(step.record.artifact.size) if step.record and step.record.artifact.size else ""


def _expected(plan: Plan) -> str:
    """Return how long the computing took when it was last done, if that is worth a word."""
    known = sum(plan.steps[name].seconds or 0.0 for name in plan.names(Decision.RUN))
    return f", about {units.seconds(known)}" if known >= SOON else ""


def join(names: Sequence[str], most: int = 6) -> str:
    """Return "a, b and c"; a long list ends in "and 12 more"."""
    shown = list(names[:most]) if len(names) > most + 1 else list(names)
    if len(shown) < len(names):
        return f"{', '.join(shown)} and {len(names) - len(shown):,} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else ""


def quote_log(log: str) -> list[str]:
    """Return what a node printed, each line behind a bar."""
    return [f"  | {line}".rstrip() for line in log.splitlines()]
