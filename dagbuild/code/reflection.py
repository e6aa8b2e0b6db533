"""Names by which code sees what a normal form leaves out: docstrings, annotations, and what things are called."""

from __future__ import annotations

import builtins

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

RAISES = "warnings.error"
"""No name: marks what importing does to make errors of warnings."""

REFLECTIVE = DOCS | NAMES | ANNOTATIONS | CALLERS | WARNINGS | READERS | OFFERS | {"__subclasses__"}
"""All that a walk takes note of."""
