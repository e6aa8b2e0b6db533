"""What statements do to things that they do not make: what they set an attribute or item of, and what they call.

Works on syntax trees alone, and on one statement at a time: what stands inside compound statements is asked for by
itself, see `flatten`. Bodies of functions are not run when the statement is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, NamedTuple

from dagbuild.code.statements import flatten

_PLAIN = frozenset({ast.Constant, ast.Name})
_APPLY = frozenset({"map", "starmap"})
_CONSUME = frozenset({"any", "all", "list", "tuple", "set", "dict", "sum", "deque", "len"})
"""Builtins, and what goes by such names, that are given calls to be done; their own result is nothing here."""
_LATER = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)


class Action(NamedTuple):
    """Something is set on `target`, or `target` is called by `call`: for nothing, for what it gives, or to return that.

    `bound` are the names that hold what it gives, alone or with more.
    """

    kind: Literal["sets", "calls", "asks", "returns"]
    target: ast.expr
    call: ast.Call | None = None
    bound: tuple[str, ...] = ()


def run_at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that loading a module runs, those of class bodies included."""
    for node in flatten(body):
        yield node
        if isinstance(node, ast.ClassDef):
            yield from run_at_import(node.body)


def units(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements of a module's own level; for a class those of its body, marked as such."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from ((inner, True) for inner, _ in units(node.body))
        else:
            yield node, False


def find_actions(node: ast.stmt) -> Iterator[Action]:
    """Yield what a statement by itself acts on, in no order."""
    match node:
        case ast.Expr(value=value):
            yield from _thrown(value)
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Delete():
            yield from _assigned(node)
        case ast.For(iter=asked) | ast.AsyncFor(iter=asked) | ast.Match(subject=asked):
            yield from _asked(asked)
        case ast.If(test=asked) | ast.While(test=asked) | ast.Assert(test=asked):
            yield from _asked(asked)
        case ast.Return(value=ast.Call(func=func) as call):
            yield Action("returns", func, call)
            yield from _asked(call)
        case ast.Return(value=asked):
            yield from _asked(asked)
        case ast.With(items=items) | ast.AsyncWith(items=items):
            for item in items:
                yield from _asked(item.context_expr)
        case ast.ClassDef(bases=bases, keywords=keywords):
            for part in (*bases, *(keyword.value for keyword in keywords)):
                yield from _asked(part)


def _assigned(node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Delete) -> Iterator[Action]:
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
    bound: list[str] = []
    while targets:
        target, *targets = targets
        match target:
            case ast.Attribute(value=base) | ast.Subscript(value=base):
                yield Action("sets", base)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                targets = [*parts, *targets]
            case ast.Starred(value=part):
                targets = [part, *targets]
            case ast.Name(id=name):
                bound.append(name)
    value = None if isinstance(node, ast.Delete) else node.value
    if bound == ["_"] and value is not None:
        yield from _thrown(value)
    else:
        yield from _asked(value, tuple(bound))


def _thrown(value: ast.expr) -> Iterator[Action]:
    """Yield the actions of an expression that is there for what it does."""
    match value:
        case ast.Await(value=inner) | ast.Starred(value=inner):
            yield from _thrown(inner)
        case ast.Call(func=ast.Name(id=name), args=[function, *_]) if name in _APPLY:
            yield Action("calls", function, value)
        case ast.Call(func=ast.Name(id=name), args=[part]) if name in _CONSUME:
            yield from _thrown(part)
        case ast.Call(func=func):
            yield Action("calls", func, value)
            yield from _asked(func)
            for part in (*value.args, *(keyword.value for keyword in value.keywords)):
                yield from _asked(part)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            yield from _thrown(value.elt)
            yield from _iterated(value)
        case ast.DictComp():
            yield from _thrown(value.value)
            yield from _thrown(value.key)
            yield from _iterated(value)
        case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
            for part in values:
                yield from _thrown(part)
        case ast.IfExp():
            yield from _asked(value.test)
            yield from _thrown(value.body)
            yield from _thrown(value.orelse)
        case ast.NamedExpr(target=target, value=inner):
            yield from _asked(inner, (target.id,))
        case _:
            yield from _asked(value)


def _iterated(value: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Iterator[Action]:
    for generator in value.generators:
        for part in (generator.iter, *generator.ifs):
            yield from _asked(part)


def _asked(value: ast.expr | None, bound: tuple[str, ...] = ()) -> Iterator[Action]:
    """Yield the calls in an expression that something is made of."""
    todo: list[ast.AST] = [] if value is None else [value]
    while todo:
        node = todo.pop()
        if isinstance(node, _LATER):
            continue
        if isinstance(node, ast.Call):
            yield Action("asks", node.func, node, bound)
        # Faster than ast.iter_child_nodes: tables may be long, and most of what is in them calls nothing.
        for name in node._fields:
            part = getattr(node, name, None)
            if part.__class__ is list:
                todo += [each for each in part if isinstance(each, ast.AST) and each.__class__ not in _PLAIN]
            elif (
                isinstance(part, ast.expr | ast.comprehension | ast.keyword) and part.__class__ not in _PLAIN
            ):
                todo.append(part)
