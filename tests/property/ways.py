"""The ways in which a helper comes by its number: each another place where an edit of that number can hide.

Whatever the way, `NAME()` gives the number and what other helpers and constants add. A new mechanism brings its way.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.property.way import Way
from tests.property.ways_of_code import CODE
from tests.property.ways_of_world import WORLD

WAYS: Mapping[str, Way] = {**{name: Way(text) for name, text in CODE.items()}, **WORLD}
PLACED = frozenset({"name in a text", "wrapper"})
"""Ways in which names count that may change elsewhere: of `eval`'s module all, and what `update_wrapper` notes down."""
