"""Names by which code sees what a normal form leaves out: docstrings, annotations, and what things are called."""

from __future__ import annotations

DOCS = frozenset({"__doc__", "getdoc", "getsource"})
NAMES = frozenset({"__name__", "__qualname__", "getsource"})
ANNOTATIONS = frozenset(
    {
        "__annotations__", "get_type_hints", "get_annotations", "signature", "getfullargspec", "__signature__",
        "validate_call", "getsource",
    }
)  # fmt: skip
CALLERS = ANNOTATIONS | {
    "_getframe", "currentframe", "f_locals", "f_back", "stack", "getouterframes", "__code__",
}  # fmt: skip
"""What a helper may see the names of its callers' variables by."""

LOCALS = CALLERS | {
    "locals", "vars", "dir", "eval", "exec", "inspect", "query", "evaluate", "sql", "sqldf", "execute",
}  # fmt: skip
"""What code may see the names of its own variables by; `query`, `eval` and `sql` of libraries read them, too."""

REFLECTIVE = DOCS | NAMES | ANNOTATIONS | CALLERS | {"__subclasses__"}
"""All that a walk takes note of."""
