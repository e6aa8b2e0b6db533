"""Names by which code sees what a normal form leaves out: docstrings, annotations, names, orders, the text itself."""

from __future__ import annotations

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

LOCALS = CALLERS | {
    "locals", "vars", "dir", "eval", "exec", "inspect", "query", "evaluate", "sql", "sqldf", "execute",
}  # fmt: skip
"""What code may see the names of its own variables by; `query`, `eval` and `sql` of libraries read them, too."""

REFLECTIVE = DOCS | NAMES | HOMES | ANNOTATIONS | FRAMES | {ORDER, "__subclasses__"}
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
}
"""What an entity may show to such code, and the words by which that sees it."""


def find_kinds(words: Iterable[str]) -> frozenset[str]:
    """Return what code with these words in it sees of all that it reaches."""
    found = frozenset(words)
    return frozenset(kind for kind, telling in _KINDS.items() if found & telling)
