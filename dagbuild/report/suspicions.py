"""What `check` lists, as text and as plain data: what may not be seen first, then what is seen though nobody said so.

Knows notes and observations, not where they come from. Guards: "nothing" is said of what was looked at, and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dagbuild.model.node import Node
from dagbuild.model.record import Note, Observation
from dagbuild.observe.wording import find_undeclared
from dagbuild.report.plan_text import join, notes_to_json

_ITERATOR = 'return a list, or say that it is meant: @cache("never")'


def suspicions_to_json(
    notes: Mapping[str, Sequence[Note]],
    observed: Mapping[str, Sequence[Observation]],
    iterators: Mapping[str, Node],
) -> list[dict[str, Any]]:
    """Return what is suspected of nodes, and what they read, as plain data; what is not tracked first."""
    iterating = {
        name: [Note("iterator", f"{node.cache.because}: never cached", str(node.where), _ITERATOR)]
        for name, node in iterators.items()
    }
    seen = {
        name: [Note("observed", text, "", remedy) for text, remedy in find_undeclared(observations)]
        for name, observations in observed.items()
    }
    known = [{**each, "tracked": True} for each in notes_to_json(iterating) + notes_to_json(seen)]
    return sorted([*notes_to_json(notes), *known], key=lambda each: bool(each["tracked"]))


def tell_suspicions(
    notes: Mapping[str, Sequence[Note]],
    observed: Mapping[str, Sequence[Observation]],
    iterators: Mapping[str, Node],
    unknown: Collection[str],
) -> list[str]:
    """Return the lines of `check`; `unknown` are nodes of which only the code was looked at."""
    found = suspicions_to_json(notes, observed, iterators)
    lines = []
    for each in found:
        place = f" ({each['where']})" if each["where"] else ""
        lines.append(f"{each['node']} {each['text']}{place}{'' if each['tracked'] else ': not tracked'}")
        if each["remedy"]:
            lines.append(f"  try: {each['remedy']}")
    if all(each["tracked"] for each in found):
        lines.append("found nothing that a build would not see")
    if unknown:
        names = join([f"`{name}`" for name in unknown], 3)
        verb = "has" if len(unknown) == 1 else "have"
        lines.append(f"only the code was looked at of {names}, which {verb} no value that would be used")
    return lines
