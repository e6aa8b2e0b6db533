"""Tell whether a text is Python, by the Python that runs this."""

from __future__ import annotations

import ast
import warnings


def check_syntax(code: str | bytes) -> None:
    """Raise SyntaxError, ValueError, RecursionError or MemoryError for what is no Python, of a module or of a cell."""
    with warnings.catch_warnings(action="ignore"):  # of its escapes
        compile(code, "<text>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
