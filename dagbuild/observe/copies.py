"""What is taken of a copy of the environment: some variables by their names, or nobody knows.

`dict(os.environ)["REGION"]` depends on one variable, though it reads all. Read off the text of the function that makes
the copy: where all that becomes of it is that names are looked up in it, these count. Knows texts alone. Guards: a use
that is not understood may be any use.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Mapping
from functools import cache
from types import CodeType

from dagbuild.ground.bytecode import find_span, iter_codes

_TAKES = frozenset({"get", "pop", "setdefault"})
_CHANGES = frozenset({"update", "clear"})
_ANY_NAME = frozenset({"locals", "vars", "eval", "exec", "globals"})


@cache
def find_taken(code: CodeType, at: int) -> frozenset[str] | None:
    """Return the names that are looked up in the copy that an instruction makes; None where they cannot be known."""
    span = find_span(code, at)
    text = "".join(linecache.getlines(code.co_filename))
    try:
        function = _find_function(ast.parse(text), code)
    except (SyntaxError, ValueError):
        return None
    if function is None or span is None:
        return None
    above = {child: parent for parent in ast.walk(function) for child in ast.iter_child_nodes(parent)}
    found = [
        each
        for each in above
        if isinstance(each, ast.expr)
        and (each.lineno, each.end_lineno, each.col_offset, each.end_col_offset) == span
    ]
    taken = _Uses(function, above).of(found[0]) if found else None
    # A text that has changed since it was imported is not what runs.
    constants = (each for part in iter_codes(code) for each in part.co_consts)
    return taken if taken is not None and taken.issubset(constants) else None


def _find_function(
    tree: ast.AST, code: CodeType
) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None:
    """Return the one function that has this code's name and first line."""
    found = [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        and getattr(each, "name", "<lambda>") == code.co_name
        and min([each.lineno, *(d.lineno for d in getattr(each, "decorator_list", ()))])
        == code.co_firstlineno
    ]
    return found[0] if len(found) == 1 else None


class _Uses:
    """Reads what becomes of an expression in a function."""

    def __init__(self, function: ast.AST, above: Mapping[ast.AST, ast.AST]) -> None:
        self._function = function
        self._above = above

    def of(self, copy: ast.expr) -> frozenset[str] | None:
        """Return the names that are looked up in a copy; None where anything may become of it."""
        parent = self._above.get(copy)
        match parent:
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Load()) if (
                value is copy
            ):
                return frozenset({name})
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()) if value is copy:
                return frozenset()
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In() | ast.NotIn()]):
                return frozenset({name})
            case ast.Attribute(value=value, attr=method) if value is copy:
                return self._of_method(method, self._above.get(parent))
            case ast.Dict(keys=keys, values=values) if keys[values.index(copy)] is None:
                return self.of(parent)
            case ast.BinOp(op=ast.BitOr()) | ast.Call(func=ast.Name(id="dict"), args=[_], keywords=[]):
                return self.of(parent)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return self._of_variable(name)
        return None

    def _of_method(self, method: str, call: ast.AST | None) -> frozenset[str] | None:
        match call:
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if method in _TAKES:
                return frozenset({name})
            case ast.Call() if method == "copy":
                return self.of(call)
            case ast.Call() if method in _CHANGES and isinstance(self._above.get(call), ast.Expr):
                return frozenset()
        return None

    def _of_variable(self, name: str) -> frozenset[str] | None:
        """Return the names that are looked up in a local variable, wherever the function speaks of it."""
        taken: frozenset[str] = frozenset()
        for node in ast.walk(self._function):
            if isinstance(node, ast.Global | ast.Nonlocal) and name in node.names:
                return None
            if not isinstance(node, ast.Name):
                continue
            if node.id in _ANY_NAME or (node.id == name and any(self._functions_around(node))):
                return None
            if node.id == name and isinstance(node.ctx, ast.Load):
                found = self.of(node)
                if found is None:
                    return None
                taken |= found
        return taken

    def _functions_around(self, node: ast.AST) -> Iterator[bool]:
        """Yield for each function or class within this one that the node stands in: it may live longer."""
        while (above := self._above.get(node)) is not None and above is not self._function:
            if isinstance(
                above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.GeneratorExp
            ):
                yield True
            node = above
