"""Hamilton's own decorators: they leave a function as it is and do nothing here, which nobody would notice.

So a module that came from there, and one import of which was not changed, is refused. Imports nothing of it: its
decorators are told by where their classes come from. Knows no node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dagbuild.ground.errors import Problem
from dagbuild.model.node import Where

HAMILTON = "hamilton"
"""The package that they are imported from."""

REMEDY = "write 'dagbuild' in the place of 'hamilton': it has Hamilton's addresses"


def find_hamiltons(function: Callable[..., Any], where: Where) -> Iterator[Problem]:
    """Yield what to say of each decorator of Hamilton's on a function."""
    # Seen on 1.90: for each stage an attribute with a list of its decorators.
    for noted in list(vars(function).values()):
        for kind in map(type, noted) if isinstance(noted, list) else ():
            if any(base.__module__.partition(".")[0] == HAMILTON for base in kind.__mro__):
                message = f"@{kind.__name__}: it is Hamilton's, and does nothing here"
                yield Problem(message, str(where), REMEDY)
