"""The statements of a module's own level: which bind a name, which import, which merely act.

Works on syntax trees alone. What stands under `if TYPE_CHECKING` or `if __name__ == "__main__"` is not run when
the module is imported and is skipped.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Container, Iterable, Iterator

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_COMPOUND = (ast.If, ast.Try, ast.TryStar, ast.With, ast.For, ast.While, ast.Match)


def is_skipped(node: ast.stmt) -> bool:
    """Tell whether a statement is one that importing the module does not run."""
    if not isinstance(node, ast.If):
        return False
    test = node.test
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name):
        return test.left.id == "__name__"
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def flatten(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body, and of compound statements in it after these themselves."""
    todo = list(reversed(body))
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, _COMPOUND):
            inner = [
                *getattr(node, "body", ()),
                *getattr(node, "orelse", ()),
                *getattr(node, "finalbody", ()),
            ]
            if is_skipped(node):
                inner = list(node.orelse) if isinstance(node, ast.If) else []
            for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                inner += part.body
            todo.extend(reversed(inner))


def bound_names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds, those of statements inside it not included."""
    if isinstance(node, Definition):
        yield node.name
        return
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
        return
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name
        return
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.expr | ast.withitem):
            for inner in ast.walk(part):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store | ast.Del):
                    yield inner.id


def acted_on(node: ast.stmt) -> Iterator[ast.expr]:
    """Yield what a statement calls for the call's effect, or sets an attribute or item of."""
    if isinstance(node, ast.Expr):
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            yield value.func
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                yield target.value
            elif isinstance(target, ast.Name) and target.id == "_":
                made = getattr(node, "value", None)
                if isinstance(made, ast.Call):
                    yield made.func


def root_chain(node: ast.expr) -> tuple[str, ...]:
    """Return the chain of names at the root of an expression: `a.b` for `a.b(1)[2].c`."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            parts.clear()
            node = node.func
        elif isinstance(node, ast.Subscript):
            parts.clear()
            node = node.value
        elif isinstance(node, ast.Name):
            return (node.id, *reversed(parts))
        else:
            return ()


def annotations_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """Return the annotations of parameters and of the result."""
    args = node.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    every += [a for a in (args.vararg, args.kwarg) if a]
    found = [a.annotation for a in every if a.annotation]
    return [*found, node.returns] if node.returns else found


def chain_of(node: ast.AST | None) -> tuple[str, ...]:
    """Return the chain of names that an expression is, or nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def docstring_of(body: list[ast.stmt]) -> str | None:
    """Return the text that a body begins with, as it stands there, or None."""
    match body:
        case [ast.Expr(value=ast.Constant(value=str(text))), *_]:
            return text
    return None


def lists_names(nodes: Iterable[ast.AST], words: Container[str]) -> bool:
    """Tell whether code does more with one of these words, such as `vars`, than look up a name: `vars(thing)["k"]`."""
    found: list[ast.AST] = []
    excused: set[int] = set()
    for root in nodes:
        for node in ast.walk(root):
            match node:
                case ast.Name(id=word) | ast.Attribute(attr=word) | ast.Constant(value=str(word)) if (
                    word in words
                ):
                    found.append(node)
            match node:
                case (
                    ast.Subscript(value=held)
                    | ast.Attribute(value=held, attr="get" | "setdefault" | "pop" | "update")
                ):
                    excused.add(id(held.func if isinstance(held, ast.Call) else held))
                case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[held]):
                    excused.add(id(held.func if isinstance(held, ast.Call) else held))
    return any(id(node) not in excused for node in found)


def clean_text(text: object) -> str:
    """Return a docstring as people read it: Python 3.13 takes the indentation away by itself."""
    return inspect.cleandoc(text) if isinstance(text, str) else ""


def join_literals(node: ast.JoinedStr) -> list[ast.expr | str]:
    """Return the parts of an f-string, literal parts side by side as one: parsers split them differently (3.12)."""
    parts: list[ast.expr | str] = []
    for part in node.values:
        if not (isinstance(part, ast.Constant) and isinstance(part.value, str)):
            parts.append(part)
        elif parts and isinstance(parts[-1], str):
            parts[-1] += part.value
        else:
            parts.append(part.value)
    return parts
