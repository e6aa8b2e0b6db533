"""Which parameters of a node's function may go by their places, so that a renamed upstream changes nothing.

A renamed upstream renames the parameter of its consumers, and the name in their bodies. Works on the syntax tree alone.
Guards: wherever a name could be seen or could mean something else, all names stay; that costs a needless run at most.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dagbuild.code.dump import Function
from dagbuild.code.reflection import LOCALS
from dagbuild.code.statements import docstring_of

_WORD = re.compile(r"[^\W\d]\w*")
_INNER = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NO_NAMES = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_PLAIN = frozenset({
    ast.Return, ast.Assign, ast.Expr, ast.Call, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Subscript,
    ast.IfExp, ast.Tuple, ast.List, ast.Dict,
})  # fmt: skip
"""What stands for nothing but what is in it; much of any code, so not looked at twice."""


def find_places(function: Function) -> dict[str, str]:
    """Return what to write for each parameter; nothing where a name may matter."""
    args = function.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    if isinstance(function, ast.Lambda) or args.vararg or args.kwarg:
        return {}
    if any(name.startswith("__") for name in names):  # mangled in classes
        return {}
    own = set(names)
    body = function.body if docstring_of(function.body) is None else function.body[1:]
    todo: list[tuple[ast.AST, bool]] = [(statement, False) for statement in body]
    while todo:
        node, inside = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):  # what code is made of mostly
            if node.id in LOCALS:
                return {}
            continue
        if node.__class__ not in _PLAIN and (
            not own.isdisjoint(_bound(node, inside)) or _sees_names(node, own)
        ):
            return {}
        inside = inside or isinstance(node, _INNER + _COMPREHENSIONS)
        todo += [(child, inside) for child in _children(node)]
    return {name: f"${place}" for place, name in enumerate(names)}


def _bound(node: ast.AST, inside: bool) -> Iterator[str]:
    """Yield names that a node binds otherwise than an assignment in the function itself does."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if inside:
            yield name
        case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
    for variable in getattr(node, "type_params", ()):
        yield str(getattr(variable, "name", ""))


def _sees_names(node: ast.AST, names: set[str]) -> bool:
    """Tell whether a node may look variables up by name, or spells one in a text."""
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word in LOCALS
        case ast.alias(name=word):
            return not LOCALS.isdisjoint(word.split("."))
        case ast.Constant(value=str(text)):
            return not names.isdisjoint(_WORD.findall(text))
    return False


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a node, but for texts that are keys: those name columns."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant()):
            yield value
        case ast.Dict(keys=keys, values=values):
            yield from (key for key in keys if key is not None and not isinstance(key, ast.Constant))
            yield from values
        case _:
            # Faster than ast.iter_child_nodes. What is no field may be anybody's and lead anywhere.
            for name in node._fields:
                field = getattr(node, name, None)
                if isinstance(field, list):
                    yield from (child for child in field if isinstance(child, ast.AST))
                elif isinstance(field, ast.AST) and not isinstance(field, _NO_NAMES):
                    yield field
