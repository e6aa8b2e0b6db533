"""The names that a form takes from its module are those that the compiler looks up there."""

from __future__ import annotations

import ast
import builtins
import dis
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from dagbuild.code.parsed import Text

MODULES = [
    "argparse",
    "ast",
    "dataclasses",
    "doctest",
    "enum",
    "inspect",
    "pickle",
    "tarfile",
    "typing",
    "turtle",
]
MODULES += ["asyncio.tasks", "concurrent.futures.thread", "email.message", "unittest.mock", "xml.dom.minidom"]


def find_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all inside it."""
    todo = [code]
    while todo:
        code = todo.pop()
        yield code
        todo.extend(const for const in code.co_consts if isinstance(const, CodeType))


def names_looked_up(code: CodeType) -> set[str]:
    """Return the names that the code, and code inside it, loads from its module."""
    return {
        instruction.argval
        for inner in find_codes(code)
        for instruction in dis.get_instructions(inner)
        if instruction.opname in {"LOAD_GLOBAL", "LOAD_NAME"}
    }


@pytest.mark.parametrize("name", MODULES)
def test_global_names_are_those_of_the_compiler(name: str) -> None:
    """For each function of the standard library: none is missed, and only names of class bodies are extra."""
    spec = importlib.util.find_spec(name)
    assert spec and spec.origin
    text = Text(Path(spec.origin).read_text(encoding="utf-8"))
    checked = 0
    for code in find_codes(compile(text.tree, spec.origin, "exec", dont_inherit=True)):
        node = text.find_function(code)
        if node is None or isinstance(node, ast.Lambda):
            continue
        form = text.function_form(code)
        assert form is not None
        in_classes = {n for c in ast.walk(node) if isinstance(c, ast.ClassDef) for n in names_bound(c)}
        ours = {chain[0] for chain in form.body.chains} - set(code.co_freevars) - {"vars()"}
        theirs = names_looked_up(code) - {"__name__"}
        annotations = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}

        assert {n for n in theirs - ours if n in annotations} <= in_annotations(node), (
            f"{code.co_qualname} is missed"
        )
        assert ours - theirs <= in_classes | set(dir(builtins)), f"{code.co_qualname} has too many"
        checked += 1
    assert checked > 5


def names_bound(node: ast.ClassDef) -> set[str]:
    """Return all names in a class statement."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef)
    }


def in_annotations(node: ast.AST) -> set[str]:
    """Return the names in annotations of functions inside, which act only where they are decorated."""
    found: set[str] = set()
    for inner in ast.walk(node):
        if inner is not node and isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            args = [
                *inner.args.posonlyargs,
                *inner.args.args,
                *inner.args.kwonlyargs,
                inner.args.vararg,
                inner.args.kwarg,
            ]
            notes = [a.annotation for a in args if a and a.annotation] + (
                [inner.returns] if inner.returns else []
            )
            found |= {n.id for note in notes for n in ast.walk(note) if isinstance(n, ast.Name)}
    return found
