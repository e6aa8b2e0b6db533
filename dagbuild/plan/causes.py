"""Go from a node that an upstream makes stale up to where that began.

Pure: reads a plan. What it gives are the nodes with a reason of their own, each with the way down to the node.
"""

from __future__ import annotations

from dagbuild.plan.plan import Decision, Plan
from dagbuild.plan.reasons import Cause
from dagbuild.plan.request import Request


def find_causes(request: Request, plan: Plan, node: str) -> tuple[Cause, ...]:
    """Return the causes above a node, the nearest first; none for one that is not affected by any."""
    causes: list[Cause] = []
    below: dict[str, str] = {node: ""}
    for name in (todo := [node]):  # grows while it is walked
        step = plan.steps.get(name)
        own = tuple(reason for reason in step.reasons if reason.kind != "upstream") if step else ()
        if name != node and own:
            causes.append(Cause(name, _way(below, name, node), own))
        if step is None or not (step.digest is None or step.decision is Decision.RUN):
            continue
        for up in request.needs(name)[0]:
            above = plan.steps.get(up)
            if up not in below and above is not None and above.decision is Decision.RUN:
                below[up] = name
                todo.append(up)
    return tuple(causes)


def _way(below: dict[str, str], name: str, node: str) -> tuple[str, ...]:
    way: list[str] = []
    while (name := below[name]) != node:
        way.append(name)
    return tuple(way)
