"""How a normal form writes constants and texts, and what it notes of them: paths, variables read, names in texts.

A part of the dumper of `dump`. Guards: what stands in a text is told from what is only a key or the name of a column.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from dagbuild.code.reflection import DUNDERS
from dagbuild.code.statements import chain_of, join_literals

_LONGEST_PATH = 300


class Literals(ABC):
    """Writes to `out`.

    `texts` are all texts that stand in the code, `strings` those that could be paths, `spoken` all but keys.
    `words` are the names in it.
    """

    def __init__(self) -> None:
        self.out: list[str] = []
        self.texts: dict[str, None] = {}
        self.strings: dict[str, None] = {}
        self.environment: dict[str, None] = {}
        self.words: set[str] = set()
        self.spoken: list[str] = []

    @abstractmethod
    def dump(self, node: ast.AST) -> None:
        """Append the text of a node."""

    def dump_constant(self, node: ast.Constant, *, key: bool = False) -> None:
        """Append a constant; a `key` names no variable."""
        value = node.value
        if isinstance(value, str):
            self._text(value, key=key)
            if value in DUNDERS:
                self.words.add(value)
            if len(value) < _LONGEST_PATH and ("." in value or "/" in value) and "\n" not in value:
                self.strings[value] = None
        elif isinstance(value, int) and not isinstance(value, bool):
            self.out.append(f"<int {value:#x}>")  # decimal has a limit on digits
        else:
            self.out.append(f"<{type(value).__name__} {value!r}>")

    def _text(self, value: str, *, key: bool = False) -> None:
        self.texts[value] = None
        if not key:
            self.spoken.append(value)
        self.out.append(f"<str {value!a}>")

    def dump_joined(self, node: ast.JoinedStr) -> None:
        """Append an f-string, or the text that it is."""
        parts = join_literals(node)
        if not parts or (len(parts) == 1 and isinstance(parts[0], str)):
            self._text("".join(p for p in parts if isinstance(p, str)))
            return
        self.out.append("(JoinedStr")
        for item in parts:
            if not isinstance(item, str):
                self.dump(item)
            elif item:
                self._text(item)
        self.out.append(")")

    def _key(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant):
            self.dump_constant(node, key=True)
        else:
            self.dump(node)

    def dump_dict(self, node: ast.Dict) -> None:
        """Append a display of a dict, whose keys name columns and the like."""
        self.out.append("(Dict")
        if node.keys:
            self.out.append(" keys=[")
            for key in node.keys:
                if key is None:
                    self.out.append("None")
                else:
                    self._key(key)
                self.out.append(",")
            self.out.append("] values=[")
            for value in node.values:
                self.dump(value)
                self.out.append(",")
            self.out.append("]")
        self.out.append(")")

    def dump_subscript(self, node: ast.Subscript) -> None:
        """Append a subscript, and note the variable of the environment that it may read."""
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            chain = chain_of(node.value)
            if chain and chain[-1] == "environ":
                self.environment[node.slice.value] = None
        self.out.append("(Subscript")
        self.dump(node.value)
        self._key(node.slice)
        self.out.append(")")
