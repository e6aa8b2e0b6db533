"""What distributions require, and what that requires in turn: numpy below pandas.

A library's value rests on the libraries that it works with, though the project's code names none of them. Knows what
installed distributions say of themselves; nothing of how much of a version counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from dagbuild.code.distributions import read_distribution

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")


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
            wanted, extras = _read_line(line, extra)
            below = read_distribution(wanted) if wanted else None
            if below is None or below.name == "dagbuild":
                continue
            if below.name != distribution.name:  # its own extras may stand for more of them
                found.setdefault(below.name, distribution.name)
            news = [(below.name, asked) for asked in ("", *extras) if (below.name, asked) not in seen]
            waiting += news
            seen.update(news)
    return found


@cache
def _read_line(line: str, extra: str) -> tuple[str, tuple[str, ...]]:
    """Return whom a line asks for, and with which extras; nobody where it does not apply to who asked for this extra.

    One that cannot be read applies: a library that counts for nothing costs a run at most, one that is left out a
    stale value.
    """
    try:
        needed = _parse(line)
        applies = needed.marker is None or needed.marker.evaluate({"extra": extra})
    except ValueError:  # whatever packaging finds wrong with it
        name = _NAME.match(line)
        return (name[1] if name else ""), ()
    return (needed.name, tuple(sorted(needed.extras))) if applies else ("", ())


@cache
def _parse(line: str) -> Requirement:
    from packaging.requirements import Requirement  # here: many projects use no library

    return Requirement(line)
