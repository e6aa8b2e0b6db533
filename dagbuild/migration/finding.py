"""Decide what is to be changed in a file, and what is to be told of it, with its line.

One of the files that know libcst. Changes nothing. Guards: what dagbuild has not stays as it is.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

import libcst as cst
from libcst.metadata import CodeRange, Scope

from dagbuild.migration.addresses import (
    MISSING,
    OURS,
    THEIRS,
    UNKNOWN,
    Instance,
    Unfound,
    find_misfit,
    find_module,
    find_part,
    find_text,
    is_ours,
    is_theirs,
    to_ours,
)
from dagbuild.migration.reading import ImportReader, Origin, Values, dotted, first_name

IMPORTERS = frozenset({"import_module", "__import__", "find_spec"})
"""Functions that are given an address as text."""

_IN_ANNOTATION = re.compile(rf"(?<![\w.]){THEIRS}(?=\s*\.)")
_STARTS = ("Driver", "Builder")


@dataclass
class Edits:
    """What is to be changed: nodes of the tree that was read."""

    names: set[cst.CSTNode] = field(default_factory=set)
    aliases: set[cst.CSTNode] = field(default_factory=set)
    """Names in import statements that go over to dagbuild."""
    strings: dict[cst.CSTNode, str] = field(default_factory=dict)

    statements: set[cst.CSTNode] = field(default_factory=set)
    """Those that have such names."""

    def __len__(self) -> int:
        return len(self.names) + len(self.statements) + len(self.strings)


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """Something to tell of a line; `left`: it is still to be done, by hand."""

    line: int
    text: str
    left: bool = True


class Finder(cst.CSTVisitor):
    """Walks a file whose imports were read."""

    def __init__(
        self,
        scopes: Mapping[cst.CSTNode, Scope | None],
        lines: Mapping[cst.CSTNode, CodeRange],
        read: ImportReader,
    ) -> None:
        self.edits = Edits()
        self.opens_driver = False
        self._remarks: dict[Remark, None] = {}
        self._scopes = scopes
        self._lines = lines
        self._read = read
        self._values = Values(scopes, read)
        self._chains: dict[cst.CSTNode, str] = {}
        self._annotations: list[bool] = []
        self._texts_seen: set[cst.CSTNode] = set()
        self._guards = 0
        for origin in read.origins:
            self._decide(origin)
        self._look_at_stars()

    @property
    def remarks(self) -> list[Remark]:
        """What is to be told, by line."""
        return sorted(self._remarks)

    def _say(self, node: cst.CSTNode, text: str, *, left: bool = True) -> None:
        self._remarks[Remark(self._lines[node].start.line, text, left)] = None

    def _say_lacking(self, node: cst.Attribute, owner: object) -> None:
        name, of = node.attr.value, getattr(owner, "__name__", "")
        module = isinstance(owner, ModuleType)
        self._say(
            node.attr, f"dagbuild has no '{of}.{name}'" if module else f"dagbuild's '{of}' has no '{name}'"
        )

    # -- imports

    def _decide(self, origin: Origin) -> None:
        place = origin.statement if isinstance(origin.alias, cst.ImportStar) else origin.alias
        if origin.lacks:
            self._say(place, f"dagbuild has no '{to_ours(origin.address)}'")
        elif is_theirs(origin.address):
            obstacle = self._find_obstacle(origin)
            if obstacle is not None:
                self._say(place, obstacle)
                return
            self.edits.aliases.add(origin.alias)
            self.edits.statements.add(origin.statement)
            if origin.found is UNKNOWN:
                ours = to_ours(origin.address)
                self._say(place, f"'{ours}' cannot be imported here: look whether all is there", left=False)

    def _find_obstacle(self, origin: Origin) -> str | None:
        """Return why the name that an import brings cannot be another one."""
        if not origin.root:
            return None
        for name in (THEIRS, OURS):
            for node, origins in self._values.bindings(name, origin.statement):
                if not any(each.root for each in origins) and not self._values.is_assigned(node):
                    return f"the name '{name}' is something else here, too"
                if name == OURS and self._values.is_assigned(node):
                    return f"the name '{name}' is something else here"
        return None

    def _look_at_stars(self) -> None:
        stars = [each for each in self._read.origins if isinstance(each.alias, cst.ImportStar)]
        known = [each for each in stars if not isinstance(each.found, Unfound)]
        if not known or len(known) < len(stars) or self._read.foreign_stars:
            return
        theirs = [_find_theirs(each.address) for each in known]
        scopes = {scope for scope in self._scopes.values() if scope is not None}
        for access in (access for scope in scopes for access in scope.accesses):
            name = first_name(access.node) if isinstance(access.node, cst.BaseExpression) else None
            if name is None or access.referents or any(_gives(each.found, name.value) for each in known):
                continue
            if any(hasattr(module, name.value) for module in theirs):
                self._say(name, f"dagbuild has no '{to_ours(known[0].address)}.{name.value}'")

    # -- uses

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: ARG002
        """Leave out what was decided."""
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: ARG002
        """Leave out what was decided."""
        return False

    def visit_Attribute(self, node: cst.Attribute) -> None:
        """Look whether ours has it; note the whole of a dotted name at its first one."""
        name, chain = first_name(node), dotted(node)
        if name is not None and chain is not None:
            self._chains.setdefault(name, chain)
            if self._stays(name):
                return
        owner = self._values.find(node.value)
        if not isinstance(owner, Instance) and find_part(owner, node.attr.value) is MISSING:
            self._say_lacking(node, owner)

    def visit_Name(self, node: cst.Name) -> None:
        """Give the package its new name where it is meant."""
        if node.value == THEIRS and self._is_variable(node) and self._is_moved(node):
            self.edits.names.add(node)

    def visit_NameItem(self, node: cst.NameItem) -> bool:  # noqa: ARG002
        """Leave out what `global` and `nonlocal` name: they are asked for all their names."""
        return False

    def visit_Global(self, node: cst.Global) -> None:
        """Give the package its new name in here, too."""
        self._rename_items(node)

    def visit_Nonlocal(self, node: cst.Nonlocal) -> None:
        """Give the package its new name in here, too."""
        self._rename_items(node)

    def _rename_items(self, node: cst.Global | cst.Nonlocal) -> None:
        if any(each.alias in self.edits.aliases for each in self._find_roots(THEIRS, node)):
            self.edits.names |= {each.name for each in node.names if each.name.value == THEIRS}

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        """Note that what follows is no variable."""
        self._chains[node.attr] = ""

    def visit_Arg_keyword(self, node: cst.Arg) -> None:
        """Note that what follows is no variable."""
        if node.keyword is not None:
            self._chains[node.keyword] = ""

    def _is_variable(self, node: cst.Name) -> bool:
        return self._chains.get(node) != ""

    def _is_moved(self, node: cst.Name) -> bool:
        """Tell whether a name is that of the package, by an import that goes over."""
        origins = self._find_roots(node.value, node)
        return any(each.alias in self.edits.aliases for each in origins) and not self._stays(node)

    def _stays(self, node: cst.Name) -> bool:
        """Tell whether a dotted name begins with an address whose import stays as it is."""
        chain = f"{self._chains.get(node, node.value)}."
        return any(
            each.lacks and chain.startswith(f"{each.address}.") for each in self._find_roots(node.value, node)
        )

    def _find_roots(self, name: str, at: cst.CSTNode) -> list[Origin]:
        """Return the imports that bring the package itself under a name."""
        return [each for _, found in self._values.bindings(name, at) for each in found if each.root]

    def visit_Call(self, node: cst.Call) -> None:
        """Look whether ours takes such a call, and whether it imports by a text."""
        called = self._values.find(node.func)
        positions = sum(1 for each in node.args if each.keyword is None and not each.star)
        keywords = [each.keyword.value for each in node.args if each.keyword is not None]
        if called is MISSING and isinstance(node.func, cst.Attribute):
            owner = self._values.find(node.func.value)
            if isinstance(owner, Instance):
                self._say_lacking(node.func, owner.kind)
        misfit = find_misfit(called, positions, keywords)
        if misfit is not None:
            self._say(node.func, misfit)
        if isinstance(called, type) and called.__name__.endswith(_STARTS) and not self._guards:
            self.opens_driver = True
        name = (dotted(node.func) or "").rpartition(".")[2]
        if name in IMPORTERS:
            for each in node.args:
                self._look_at_import(each.value)

    def visit_If(self, node: cst.If) -> None:
        """Know what runs only where the file is the program."""
        self._guards += _is_guard(node)

    def leave_If(self, original_node: cst.If) -> None:
        """Forget it behind."""
        self._guards -= _is_guard(original_node)

    # -- texts

    def _look_at_import(self, node: cst.BaseExpression) -> None:
        if isinstance(node, cst.SimpleString):
            self._texts_seen.add(node)
            address = node.evaluated_value
            if not isinstance(address, str) or not (is_theirs(address) or is_ours(address)):
                return
            if find_module(to_ours(address)) is MISSING:
                self._say(node, f"dagbuild has no '{to_ours(address)}'")
            elif is_theirs(address):
                self.edits.strings[node] = node.value.replace(THEIRS, OURS, 1)
        elif THEIRS in (text := cst.Module([]).code_for_node(node)) and isinstance(
            node, cst.FormattedString | cst.ConcatenatedString | cst.BinaryOperation
        ):
            self._say(node, f"an address that is put together: {text}", left=False)

    def visit_Annotation(self, node: cst.Annotation) -> None:  # noqa: ARG002
        """Know that texts are code."""
        self._annotations.append(True)

    def leave_Annotation(self, original_node: cst.Annotation) -> None:  # noqa: ARG002
        """Forget it behind."""
        self._annotations.pop()

    def visit_Subscript_slice(self, node: cst.Subscript) -> None:
        """Know that texts in `Literal[...]` are texts, even in an annotation."""
        name = (dotted(node.value) or "").rpartition(".")[2]
        self._annotations.append(self._in_annotation and name not in ("Literal", "Annotated"))

    def leave_Subscript_slice(self, node: cst.Subscript) -> None:  # noqa: ARG002
        """Forget it behind."""
        self._annotations.pop()

    @property
    def _in_annotation(self) -> bool:
        return bool(self._annotations) and self._annotations[-1]

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """Carry over an annotation that is a text; name other texts that are addresses."""
        text = node.evaluated_value
        if node in self._texts_seen or not isinstance(text, str) or THEIRS not in text:
            return
        if self._in_annotation:
            moved = any(
                each.alias in self.edits.aliases
                for _, found in self._values.bindings(THEIRS, node)
                for each in found
            )
            changed = _IN_ANNOTATION.sub(OURS, node.value) if moved else node.value
            if changed != node.value:
                self.edits.strings[node] = changed
        elif find_text(text) is not UNKNOWN:
            self._say(node, f"a text that is an address: '{text}'", left=False)


def _find_theirs(address: str) -> object:
    """Return Hamilton's module of an address in either of the two, where Hamilton is installed; else None."""
    try:
        return importlib.import_module(THEIRS + to_ours(address).removeprefix(OURS))
    except Exception:  # whatever somebody else's library does when it is imported
        return None


def _gives(module: object, name: str) -> bool:
    """Tell whether `from module import *` gives a name."""
    public = getattr(module, "__all__", None)
    return name in public if public is not None else hasattr(module, name)


def _is_guard(node: cst.If) -> bool:
    test = node.test
    names = (
        [test.left, *(each.comparator for each in test.comparisons)]
        if isinstance(test, cst.Comparison)
        else []
    )
    return any(dotted(each) == "__name__" for each in names)
