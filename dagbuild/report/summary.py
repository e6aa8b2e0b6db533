"""How a build ended, and how a node failed, as lines of text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from dagbuild.model.outcome import Failure
from dagbuild.model.record import Artifact
from dagbuild.plan.events import BuildResult, How
from dagbuild.report import units
from dagbuild.report.show import tell_description
from dagbuild.report.style import Row, Style, table
from dagbuild.report.words import join

MANY = 10
"""Targets that are told one by one."""

_FILE = re.compile(r'^(\s*File )"(.+?)"', re.MULTILINE)


def tell_result(result: BuildResult, targets: tuple[str, ...], style: Style) -> list[str]:
    """Return the closing summary: what was computed, reused, fetched, what failed, the time saved."""
    counts = [
        style.paint(f"{len(result.names(how)):,} {how.value}", how.value)
        for how in (How.FAILED, How.BLOCKED, How.COMPUTED, How.RESTORED, How.REUSED, How.FETCHED)
        if result.names(how)
    ]
    told = ", ".join(counts) or "nothing to do"
    taken = f"in {units.seconds(result.elapsed)}"
    saved = f"; saved about {units.seconds(result.saved)}" if result.saved >= 0.1 else ""
    names = join([f"`{name}`" for name in targets], 3)
    if result.interrupted:
        head = style.paint("interrupted", "warning")
        return [
            f"{head} after {units.seconds(result.elapsed)}: {told}",
            "what is finished is kept; build again to go on",
        ]
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


def tell_failure(node: str, failure: Failure, again: str, style: Style) -> list[str]:
    """Return how a node failed: the user's frames, what the inputs were, how to run that node again."""
    said = f"{failure.kind}: {failure.message}" if failure.message else failure.kind
    lines = [f"{style.paint('failed', 'failed')} {style.paint(node, 'bold')}: {said}"]
    lines.extend(_shorten(failure.frames).rstrip().splitlines())
    lines.extend(_inputs(failure.inputs, style))
    lines.append(f"  run it again with: {style.paint(f'{again} {node}', 'hint')}")
    return lines


def _inputs(inputs: Mapping[str, str], style: Style) -> list[str]:
    if not inputs:
        return []
    width = max(len(name) for name in inputs)
    room = max(style.width - width - 8, 20)
    lines = ["  its inputs were:"]
    for name, text in inputs.items():
        cut = text if len(text) <= room else text[: room - 1] + "…"
        lines.append(f"    {name.ljust(width)}  {cut}")
    return lines


def _shorten(frames: str) -> str:
    """Write files below the working directory as a person here would."""
    here = os.getcwd()  # noqa: PTH109 - compared as text

    def short(match: re.Match[str]) -> str:
        path = match[2]
        return f'{match[1]}"{path[len(here) + 1 :] if path.startswith(here + os.sep) else path}"'

    return _FILE.sub(short, frames)
