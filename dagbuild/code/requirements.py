"""What distributions require, and what that requires in turn: numpy below pandas.

A library's value rests on the libraries that it works with, though the project's code names none of them. Knows what
installed distributions say of themselves; nothing of how much of a version counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dagbuild.code.distributions import read_distribution
from dagbuild.code.markers import applies

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of what a distribution requires: of whom, with which extras, and where."""

    name: str
    extras: tuple[str, ...] = ()
    marker: str = ""


def read_requirement(line: str) -> Requirement | None:
    """Return what a line like `httpx[http2]>=0.27; python_version < "3.13"` asks for; None for what is none."""
    found = _REQUIREMENT.match(line)
    if found is None:
        return None
    name, extras = found.groups("")
    # A URL may hold a semicolon; the one before a marker stands apart.
    rest = line[found.end() :]
    marker = re.split(r"\s;" if rest.lstrip().startswith("@") else ";", rest, maxsplit=1)[1:]
    named = tuple(each.strip() for each in extras.split(",") if each.strip())
    return Requirement(name, named, marker[0].strip() if marker else "")


def find_required(names: Iterable[str]) -> dict[str, str]:
    """Return the installed distributions that these require, at any depth, each with one of those that ask for it.

    The distributions themselves are among them only where another one requires them. What is not installed is left
    out, since nothing can be using it.
    """
    found: dict[str, str] = {}
    waiting = [(name, "") for name in sorted(names)]
    seen = set(waiting)
    for name, extra in waiting:
        distribution = read_distribution(name)
        if distribution is None or distribution.name == "dagbuild":
            continue
        for line in distribution.requires:
            needed = read_requirement(line)
            if needed is None or not applies(needed.marker, extra):
                continue
            below = read_distribution(needed.name)
            if below is None or below.name == "dagbuild":
                continue
            if below.name != distribution.name:  # its own extras may stand for more of them
                found.setdefault(below.name, distribution.name)
            news = [(below.name, asked) for asked in ("", *needed.extras) if (below.name, asked) not in seen]
            waiting += news
            seen.update(news)
    return found
