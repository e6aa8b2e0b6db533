"""Names by which code sees what a normal form leaves out: docstrings, annotations, names, orders, the text itself."""

from __future__ import annotations

import builtins
from collections.abc import Iterable

DOCS = frozenset({"__doc__", "getdoc"})
NAMES = frozenset({"__name__", "__qualname__"})
HOMES = frozenset({"__module__", "getmodule"})
SOURCES = frozenset({"getsource", "getsourcelines", "findsource", "getcomments", "getblock"})
ANNOTATIONS = frozenset(
    {
        "__annotations__", "get_type_hints", "get_annotations", "signature", "getfullargspec", "__signature__",
        "validate_call",
    }
)  # fmt: skip
ORDER = "$order"
"""Stands for a word of LISTS where it is not used to look up one name."""

LISTS = frozenset({"vars", "__dict__", "globals"})
"""What lists names of a class, module or instance in the order in which they were bound; `dir` sorts them."""

FRAMES = SOURCES | {
    "_getframe", "currentframe", "f_locals", "f_back", "stack", "getouterframes", "__code__",
}  # fmt: skip
"""What a helper may see the names of variables by that are not its own."""

CALLERS = ANNOTATIONS | FRAMES
"""What a helper may see the names of its callers' parameters by."""

OFFERS = frozenset({"entry_points", "iter_entry_points", "get_group_all"})
"""What gives the plugins that installed distributions offer."""

READERS = frozenset(
    {
        "eval", "exec", "query", "evaluate", "sql", "sqldf", "execute", "read_sql", "dmatrix", "dmatrices",
        "model_matrix", "from_formula", "Formula",
    }
)  # fmt: skip
"""What is handed a text with names of whoever calls it: expressions, queries of frames, formulas."""

LOCALS = CALLERS | READERS | {"locals", "vars", "dir", "inspect"}
"""What code may see the names of its own variables by; those of READERS are looked up in its frame, too."""

WARNINGS = frozenset({name for name in vars(builtins) if name.endswith("Warning")}) | {
    "warnings", "warn", "warn_explicit", "catch_warnings", "showwarning", "resetwarnings",
}  # fmt: skip
"""Names by which code makes or catches warnings, so that the filters in force decide what it does."""

FILTERS = "warnings.filters"
"""No name: marks what importing does to warnings."""

RAISES = "warnings.error"
"""No name: marks what importing does to make errors of warnings."""

REFLECTIVE = (
    DOCS | NAMES | HOMES | ANNOTATIONS | FRAMES | WARNINGS | READERS | OFFERS | {ORDER, "__subclasses__"}
)
"""All that a walk takes note of."""

DUNDERS = frozenset(word for word in REFLECTIVE | LISTS if word.startswith("__"))
"""Those that mean the same where they stand in a text: `getattr(thing, "__doc__")`."""

_KINDS = {
    "doc": DOCS,
    "name": NAMES,
    "home": HOMES,
    "source": SOURCES,
    "annotations": ANNOTATIONS,
    "order": frozenset({ORDER}),
    "locals": FRAMES,
    "warnings": WARNINGS,
}
"""What an entity may show to such code, and the words by which that sees it."""


def find_kinds(words: Iterable[str]) -> frozenset[str]:
    """Return what code with these words in it sees of all that it reaches."""
    found = frozenset(words)
    kinds = frozenset(kind for kind, telling in _KINDS.items() if found & telling)
    return kinds if FILTERS in found else kinds - {"warnings"}
