"""Find the text that loaded code was made from, and its normal form.

Each text is parsed once. What is hashed is the loaded function: a text that does not compile to the loaded code
(edited since, or generated) is not used. A file's name decides nothing.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
import tokenize
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from dagbuild.code.dump import Function
from dagbuild.code.normal_form import FunctionForm, NormalForm, dump_function, dump_nodes
from dagbuild.code.parameters import find_places
from dagbuild.code.statements import acted_on, bound_names, flatten, root_chain
from dagbuild.ground.bytecode import iter_codes
from dagbuild.ground.digest import digest_bytes

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LEAVES = frozenset({int, str, type(None), ast.Load, ast.Store, ast.Del, ast.Constant})
"""Classes of what stands in syntax trees and has neither names nor definitions in it."""


class Binding(NamedTuple):
    """A statement that binds a name, or `acts` on what it is bound to; `sure`: loading the module always runs it."""

    node: ast.stmt
    sure: bool
    acts: bool = False


class Text:
    """A parsed text with an index of what it defines; `names` are all names in it."""

    def __init__(self, text: str, tree: ast.Module | None = None) -> None:
        self.text = text
        self.tree = tree or ast.parse(text)
        self.names: set[str] = set()
        self._functions: dict[tuple[str, int], list[Function]] = {}
        self._classes: dict[str, list[ast.ClassDef]] = {}
        self._codes: dict[tuple[str, int], list[CodeType]] | None = None
        self._forms: dict[int, FunctionForm] = {}
        self._by_place: dict[int, FunctionForm | None] = {}
        self._decorators: dict[int, tuple[NormalForm, ...]] = {}
        self._found: dict[int, tuple[CodeType, Function | None]] = {}
        self._bindings: dict[str, list[Binding]] | None = None
        self._index()

    def _index(self) -> None:
        # Every node of every text comes through here: a plain loop takes half the time of ast.iter_child_nodes.
        todo: list[tuple[ast.AST, str]] = [(self.tree, "")]
        while todo:
            node, prefix = todo.pop()
            if isinstance(node, ast.Name):
                self.names.add(node.id)
                continue
            if isinstance(node, _DEFINITIONS):
                prefix = self._define(node, prefix)
            # Only the fields of its class: anybody may hang other attributes on a node, and operators are one object
            # for all trees of the process, so that a link to a parent leads into a stranger's tree and round in it.
            for name in node._fields:
                value: Any = getattr(node, name, None)
                kind = value.__class__
                if kind is list:
                    todo += [(child, prefix) for child in value if isinstance(child, ast.AST)]
                elif kind not in _LEAVES and isinstance(value, ast.AST):
                    todo.append((value, prefix))

    def _define(self, node: ast.AST, prefix: str) -> str:
        """Note a definition, and return the prefix of the names in it."""
        match node:
            case ast.Lambda():
                self._functions.setdefault(("<lambda>", node.lineno), []).append(node)
            case ast.ClassDef():
                self._classes.setdefault(prefix + node.name, []).append(node)
                return f"{prefix}{node.name}."
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._functions.setdefault((node.name, first_line(node)), []).append(node)
                return f"{prefix}{node.name}.<locals>."
        return prefix

    def bindings(self, name: str) -> list[Binding]:
        """Return the statements of the module's own level that bind a name or act on what it is bound to, in order."""
        if self._bindings is None:
            self._bindings = {}
            top = set(map(id, self.tree.body))
            for node in flatten(self.tree.body):
                # Most statements bind plain names: of these there is nothing to look for.
                targets = node.targets if isinstance(node, ast.Assign) else []
                plain = [target.id for target in targets if isinstance(target, ast.Name)]
                if plain and len(plain) == len(targets):
                    for name_bound in plain:
                        self._bindings.setdefault(name_bound, []).append(Binding(node, id(node) in top))
                    continue
                for bound in set(bound_names(node)):
                    self._bindings.setdefault(bound, []).append(Binding(node, id(node) in top))
                for chain in map(root_chain, acted_on(node)):
                    if chain:
                        self._bindings.setdefault(chain[0], []).append(
                            Binding(node, id(node) in top, acts=True)
                        )
        return self._bindings.get(name, [])

    def function_form(self, code: CodeType) -> FunctionForm | None:
        """Return the form of the function that was compiled to this very code, or None."""
        node = self.find_function(code)
        if node is None:
            return None
        form = self._forms.get(id(node))
        if form is None:
            form = self._forms[id(node)] = dump_function(node)
        return form

    def decorators(self, code: CodeType) -> tuple[NormalForm, ...] | None:
        """Return the forms of the function's decorators alone, or None."""
        node = self.find_function(code)
        if node is None:
            return None
        if (
            id(node) not in self._decorators
        ):  # one with a thousand entries makes a thousand nodes, which all ask
            listed = [] if isinstance(node, ast.Lambda) else node.decorator_list
            self._decorators[id(node)] = tuple(dump_nodes([each]) for each in listed)
        return self._decorators[id(node)]

    def node_form(self, code: CodeType) -> FunctionForm | None:
        """Return the function's form with its parameters by place, or None where their names may matter."""
        node = self.find_function(code)
        if node is None:
            return None
        if id(node) not in self._by_place:
            places = find_places(node)
            self._by_place[id(node)] = dump_function(node, places) if places else None
        return self._by_place[id(node)]

    def find_function(self, code: CodeType) -> Function | None:
        """Return the definition that was compiled to this very code, or None."""
        if id(code) not in self._found:
            self._found[id(code)] = code, self._find_function(code)
        return self._found[id(code)][1]

    def _find_function(self, code: CodeType) -> Function | None:
        key = (code.co_name, code.co_firstlineno)
        nodes = self._functions.get(key)
        if not nodes or code not in self._compiled().get(key, ()):
            return None
        if len(nodes) == 1:
            return nodes[0]
        places = set(code.co_positions())
        matching = [node for node in nodes if _place(node) in places]
        return matching[0] if len(matching) == 1 else None

    def find_classes(self, qualname: str, line: int | None) -> list[ast.ClassDef]:
        """Return the class statements, the last first; but the one around `line` before all others."""
        nodes = sorted(self._classes.get(qualname, ()), key=lambda n: n.lineno, reverse=True)
        around = [n for n in nodes if line is not None and first_line(n) <= line <= (n.end_lineno or 0)]
        return around + [n for n in nodes if n not in around]

    def _compiled(self) -> dict[tuple[str, int], list[CodeType]]:
        if self._codes is None:
            self._codes = {}
            for code in iter_codes(compile(self.tree, "<text>", "exec", dont_inherit=True)):
                self._codes.setdefault((code.co_name, code.co_firstlineno), []).append(code)
        return self._codes


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """Return the line that a definition begins on, its decorators included."""
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _place(node: Function) -> tuple[int, int | None, int, int | None]:
    """Return the place of something that only this function's own code is compiled from."""
    inner = node.body if isinstance(node, ast.Lambda) else node.body[-1]
    return inner.lineno, inner.end_lineno, inner.col_offset, inner.end_col_offset


class Definitions:
    """Finds definitions of loaded code; reads each file once."""

    def __init__(self) -> None:
        self._texts: dict[str, Text | None] = {}
        self._modules: dict[int, list[Text]] = {}
        self._extensions: dict[str, str] = {}
        self.texts: list[Text] = []
        """Of the project's modules, as far as they were asked for."""

    def text(self, filename: str, names: Mapping[str, Any]) -> Text | None:
        """Return the parsed text of a file, a notebook's cell or a module in an archive; None without one."""
        if filename not in self._texts:
            self._texts[filename] = _parse(_read(filename, names))
        return self._texts[filename]

    def function_form(self, function: FunctionType) -> FunctionForm | None:
        """Return the form of a loaded function, or None when its text is not to be had."""
        text = self.text(function.__code__.co_filename, function.__globals__)
        return text.function_form(function.__code__) if text else None

    def decorators(self, function: FunctionType) -> tuple[NormalForm, ...] | None:
        """Return the forms of a loaded function's decorators, or None when its text is not to be had."""
        text = self.text(function.__code__.co_filename, function.__globals__)
        return text.decorators(function.__code__) if text else None

    def find_function(self, function: FunctionType) -> Function | None:
        """Return the definition of a loaded function, or None when its text is not to be had."""
        text = self.text(function.__code__.co_filename, function.__globals__)
        return text.find_function(function.__code__) if text else None

    def node_form(self, function: FunctionType) -> FunctionForm | None:
        """Return a loaded function's form with its parameters by place, or None where their names may matter."""
        text = self.text(function.__code__.co_filename, function.__globals__)
        return text.node_form(function.__code__) if text else None

    def raw_text(self, filename: str, names: Mapping[str, Any], node: Function | ast.ClassDef) -> str:
        """Return the lines of a definition as they stand, with the comment above it; nothing where they are lost."""
        text = self.text(filename, names)
        lines = text.text.splitlines(keepends=True) if text else []
        start = (node.lineno if isinstance(node, ast.Lambda) else first_line(node)) - 1
        while 0 < start <= len(lines) and lines[start - 1].lstrip().startswith("#"):
            start -= 1
        return "".join(lines[start : node.end_lineno])

    def find_class(self, cls: type, names: Mapping[str, Any]) -> ast.ClassDef | None:
        """Return the statement that defines a loaded class, or None."""
        prefix = cls.__qualname__ + "."
        methods = (f for f in vars(cls).values() if isinstance(f, FunctionType) and f.__globals__ is names)
        method = next((f for f in methods if f.__code__.co_qualname.startswith(prefix)), None)
        line = method.__code__.co_firstlineno if method else None
        candidates = self.module_texts(names)
        if method:
            own = self.text(method.__code__.co_filename, names)
            candidates = ([own] if own else []) + candidates
        found = (node for text in candidates for node in text.find_classes(cls.__qualname__, line))
        if method is None and _is_extended(cls, names):
            next(found, None)
        return next(found, None)

    def extension(self, module: str) -> str:
        """Return the digest of the file of a compiled module, or "" for any other."""
        if module not in self._extensions:
            self._extensions[module] = _digest_file(getattr(sys.modules.get(module), "__file__", None))
        return self._extensions[module]

    def module_texts(self, names: Mapping[str, Any]) -> list[Text]:
        """Return the texts that a module is made of: one, or a notebook's cells, the newest first."""
        known = self._modules.get(id(names))
        if known is None:
            found = [self.text(name, names) for name in _module_files(names)]
            known = self._modules[id(names)] = [text for text in found if text is not None]
            self.texts += known
        return known


def _is_extended(cls: type, names: Mapping[str, Any]) -> bool:
    """Tell whether the module has, under the name of a class, one that extends it: the last statement is that one's."""
    first, *inner = cls.__qualname__.split(".")
    holder = names.get(first)
    for part in inner:
        holder = vars(holder).get(part) if isinstance(holder, type) else None
    return isinstance(holder, type) and cls in holder.__mro__[1:]


def _digest_file(file: object) -> str:
    if not isinstance(file, str) or not file.endswith(tuple(EXTENSION_SUFFIXES)):
        return ""
    try:
        return digest_bytes(Path(file).read_bytes())
    except OSError:
        return ""


def _module_files(names: Mapping[str, Any]) -> Iterator[str]:
    file = names.get("__file__")
    if isinstance(file, str):
        yield file[:-1] if file.endswith(".pyc") else file
        return
    # The functions of a notebook know their cells; cells without functions are found beside them.
    files = {
        f.__code__.co_filename
        for f in names.values()
        if isinstance(f, FunctionType) and f.__globals__ is names
    }
    cells = {file for file in files if _is_cell(file)}
    folders = {os.path.dirname(file) for file in cells}  # noqa: PTH120 (not real paths)
    every = [file for file in linecache.cache if _is_cell(file) and os.path.dirname(file) in folders]  # noqa: PTH120
    yield from reversed(every)


def _is_cell(filename: str) -> bool:
    entry = linecache.cache.get(filename)
    return entry is not None and len(entry) > 1 and entry[1] is None


def _read(filename: str, names: Mapping[str, Any]) -> str | None:
    try:
        with tokenize.open(filename) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError):
        lines = linecache.getlines(filename, dict(names) if "__loader__" in names else None)
        return "".join(lines) or None


@lru_cache(maxsize=512)
def _parse(text: str | None) -> Text | None:
    if text is None:
        return None
    try:
        tree = ast.parse(text)
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ):  # the last: nested too deeply for the parser
        return None
    return Text(text, tree)  # not inside: memory that runs out here is no fault of the text's
