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
from types import FunctionType
from typing import Any

from dagbuild.code.dump import Function
from dagbuild.code.form_memo import FormMemo
from dagbuild.code.normal_form import FunctionForm, NormalForm
from dagbuild.code.parsed import Text, first_line
from dagbuild.ground.digest import digest_bytes


class Definitions:
    """Finds definitions of loaded code; reads each file once."""

    def __init__(self, memo: FormMemo | None = None) -> None:
        """`memo`: what was known of texts in an earlier process."""
        self._memo = memo
        self._texts: dict[str, Text | None] = {}
        self._modules: dict[int, list[Text]] = {}
        self._extensions: dict[str, str] = {}
        self.texts: list[Text] = []
        """Of the project's modules, as far as they were asked for."""

    def text(self, filename: str, names: Mapping[str, Any]) -> Text | None:
        """Return the parsed text of a file, a notebook's cell or a module in an archive; None without one."""
        if filename not in self._texts:
            self._texts[filename] = _parse(_read(filename, names), self._memo)
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
def _parse(text: str | None, memo: FormMemo | None) -> Text | None:
    if text is None:
        return None
    known = memo.find(text) if memo is not None else None
    try:
        tree = ast.parse(text) if known is None else None
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ):  # the last: nested too deeply for the parser
        return None
    found = Text(text, tree, known)  # not inside: memory that runs out here is no fault of the text's
    if memo is not None:
        memo.note(text, found.known)
    return found
