"""What ran when in a build, in the form that Perfetto and chrome://tracing open.

Knows what was kept of runs, and no store. Guards: all times are those that were measured. A row is no process, since
nobody keeps which one ran a step: each is in the first row that is free when it begins, so there are as many rows as
steps ran side by side.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from dagbuild.ground.secrets import clean
from dagbuild.model.record import Record
from dagbuild.store.failed_runs import FailedRun

Made = Record | FailedRun


def tell_trace(run: str, made: Iterable[Made]) -> str:
    """Return the steps of a run as JSON: a complete event for each, a process for each machine."""
    steps = sorted(_leave_out_sums(list(made)), key=lambda each: each.started)
    events = list(_make_events(steps))
    return clean(json.dumps({"displayTimeUnit": "ms", "otherData": {"run": run}, "traceEvents": events}))


def _leave_out_sums(made: list[Made]) -> Iterator[Made]:
    """Yield all but the nodes whose calls are there one by one: their durations are those of the calls together."""
    called = {each.node.partition("[")[0] for each in made if "[" in each.node}
    return (each for each in made if isinstance(each, FailedRun) or each.node not in called)


def _make_events(steps: list[Made]) -> Iterator[dict[str, Any]]:
    ends: dict[str, list[float]] = {}
    for each in steps:
        rows = ends.setdefault(each.host, [])
        process = list(ends).index(each.host) + 1
        if not rows:
            yield _name("process_name", each.host, process, 0)
        row = next((row for row, end in enumerate(rows) if end <= each.started), len(rows))
        if row == len(rows):
            rows.append(0.0)
            yield _name("thread_name", f"row {row + 1}", process, row + 1)
        rows[row] = each.started + each.duration
        yield {
            "ph": "X",
            "name": each.node,
            "cat": "step",
            "pid": process,
            "tid": row + 1,
            "ts": round(each.started * 1e6),
            "dur": round(each.duration * 1e6, 3),
            "args": _tell(each),
        }


def _name(kind: str, name: str, process: int, row: int) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": process, "tid": row, "args": {"name": name}}


def _tell(made: Made) -> dict[str, Any]:
    if isinstance(made, FailedRun):
        return {"how": "failed", "error": made.line, "machine": made.host, "user": made.user}
    return {
        "how": "computed",
        "cpu": made.cpu,
        "memory": made.memory,
        "artifact": made.artifact.digest,
        "size": made.artifact.size,
        "machine": made.host,
        "user": made.user,
    }
