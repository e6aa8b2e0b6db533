"""How a build ended, as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dagbuild.ground import units
from dagbuild.model.record import Artifact
from dagbuild.plan.events import BuildResult, How
from dagbuild.report.plan_text import NO_NODES, join
from dagbuild.report.show import tell_description
from dagbuild.report.style import Row, Style, table

MANY = 10
"""Targets that are told one by one."""


def tell_result(result: BuildResult, targets: tuple[str, ...], style: Style) -> list[str]:
    """Return the closing summary: what was computed, reused, fetched, what failed, the time saved."""
    if not targets:
        return [NO_NODES]
    counts = [
        style.paint(f"{len(result.names(how)):,} {how.value}", how.value)
        for how in (How.FAILED, How.BLOCKED, How.COMPUTED, How.RESTORED, How.REUSED, How.FETCHED)
        if result.names(how)
    ]
    told = ", ".join(counts)
    if result.interrupted:
        head = f"{style.paint('interrupted', 'warning')} after {units.seconds(result.elapsed)}"
        return [f"{head}: {told}" if told else head, "what is finished is kept; build again to go on"]
    told = told or "nothing to do"
    taken = f"in {units.seconds(result.elapsed)}"
    saved = f"; saved about {units.seconds(result.saved)}" if result.saved >= 0.1 else ""
    names = join([f"`{name}`" for name in targets], 3)
    if result.failed:
        lines = [f"{style.paint('failed', 'failed')} {taken}: {told}{saved}"]
        if blocked := result.names(How.BLOCKED):
            lines.extend(style.wrap(f"blocked: {join(blocked)}", "  "))
        return lines
    if result.names(How.COMPUTED):
        return [f"{style.paint('built', 'fresh')} {names} {taken}: {told}{saved}"]
    verb = "is" if len(targets) == 1 else "are"
    return [f"{names} {verb} {style.paint('up to date', 'fresh')}: {told}{saved}"]


def tell_values(
    result: BuildResult,
    targets: tuple[str, ...],
    describe: Callable[[Artifact], Mapping[str, Any]],
    style: Style,
) -> list[str]:
    """Return a line for each target that has a value: what it is, how large."""
    rows = [
        Row("", name, tell_description(describe(step.record.artifact)))
        for name in targets[:MANY]
        if (step := result.steps.get(name)) and step.record
    ]
    return table(rows, style)
