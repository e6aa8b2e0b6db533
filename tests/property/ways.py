"""The ways in which a helper comes by its number: each another place where an edit of that number can hide.

Whatever the way, `NAME()` gives the number and what other helpers and constants add. A new mechanism brings its way.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.property.way import Way
from tests.property.ways_of_code import CODE
from tests.property.ways_of_world import WORLD

WAYS: Mapping[str, Way] = {**{name: Way(text) for name, text in CODE.items()}, **WORLD}
UNSEEN = frozenset(
    {
        "variable by another name",
        "whole environment",
        "package data",
        "memory of a function",
        "kept property",
        "remembered file",
        "file in a global",
        "remembered variable",
        "remembered property of a file",
        "name in a query",
        "order of attributes",
        "token at import",
        "state that a node leaves",
    }
)
"""Ways whose edits are not seen: one is taken away from here when they are."""
PLACED = frozenset({"name in a text", "wrapper"})
"""Ways in which the module's name and all that stands beside the helper count."""
