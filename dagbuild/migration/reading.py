"""What a file imports of Hamilton and of dagbuild, and what its expressions are: a class of ours, an object of it...

One of the files that know libcst. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import Scope

from dagbuild.migration.addresses import (
    MISSING,
    OURS,
    UNKNOWN,
    Unfound,
    find_module,
    find_part,
    find_result,
    is_ours,
    is_theirs,
    to_ours,
)

Import = cst.Import | cst.ImportFrom


@dataclass(frozen=True, slots=True)
class Origin:
    """One name that an import brings: of which address, as what, and what dagbuild has there."""

    statement: Import
    alias: cst.ImportAlias | cst.ImportStar
    address: str
    bound: str
    found: object

    @property
    def lacks(self) -> bool:
        """Whether dagbuild has it not, so that the import stays as it is."""
        return self.found is MISSING

    @property
    def root(self) -> bool:
        """Whether it brings the package itself, whatever module of it the statement names."""
        return (
            isinstance(self.statement, cst.Import)
            and isinstance(self.alias, cst.ImportAlias)
            and self.alias.asname is None
        )


def dotted(node: cst.CSTNode | None) -> str | None:
    """Return the dotted name that an expression is; None for any other."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        above = dotted(node.value)
        return f"{above}.{node.attr.value}" if above is not None else None
    return None


def first_name(node: cst.BaseExpression) -> cst.Name | None:
    """Return the name that a dotted name begins with."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node if isinstance(node, cst.Name) else None


class ImportReader(cst.CSTVisitor):
    """Collects imports of the two, star imports of others, and what names are assigned."""

    def __init__(self) -> None:
        self.origins: list[Origin] = []
        self.foreign_stars = False
        self.assigned: dict[cst.CSTNode, cst.BaseExpression] = {}

    def visit_Import(self, node: cst.Import) -> None:
        """Note its names."""
        for alias in node.names:
            address = dotted(alias.name) or ""
            if is_theirs(address) or is_ours(address):
                found = find_module(to_ours(address))
                bound = alias.evaluated_alias or address.partition(".")[0]
                if alias.asname is None and found is not MISSING:
                    found = find_module(OURS)
                self.origins.append(Origin(node, alias, address, bound, found))

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        """Note its names; relative ones are the project's own."""
        address = "" if node.relative else dotted(node.module) or ""
        known = is_theirs(address) or is_ours(address)
        if isinstance(node.names, cst.ImportStar):
            self.foreign_stars |= not known
            if known:
                self.origins.append(Origin(node, node.names, address, "*", find_module(to_ours(address))))
        elif known:
            module = find_module(to_ours(address))
            for alias in node.names:
                name = alias.evaluated_name
                found = module if isinstance(module, Unfound) else find_part(module, name)
                bound = alias.evaluated_alias or name
                self.origins.append(Origin(node, alias, f"{address}.{name}", bound, found))

    def visit_Assign(self, node: cst.Assign) -> None:
        """Note what a name is given."""
        for each in node.targets:
            if isinstance(each.target, cst.Name):
                self.assigned[each.target] = node.value

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        """Note what a name is given."""
        if isinstance(node.target, cst.Name) and node.value is not None:
            self.assigned[node.target] = node.value


class Values:
    """What expressions are, as far as imports and assignments tell: parts of dagbuild, objects of its classes."""

    def __init__(self, scopes: Mapping[cst.CSTNode, Scope | None], read: ImportReader) -> None:
        self._scopes = scopes
        self._assigned = read.assigned
        self._origins: dict[tuple[cst.CSTNode, str], list[Origin]] = {}
        for origin in read.origins:
            self._origins.setdefault((origin.statement, origin.bound), []).append(origin)
        self._known: dict[tuple[str, frozenset[cst.CSTNode]], object] = {}

    def bindings(self, name: str, at: cst.CSTNode) -> list[tuple[cst.CSTNode, list[Origin]]]:
        """Return what binds a name as seen from a place: nodes, and of imports what they bring."""
        scope = self._scopes.get(at)
        if scope is None:
            return []
        nodes = [node for each in scope[name] if (node := getattr(each, "node", None)) is not None]
        return [(node, self._origins.get((node, name), [])) for node in nodes]

    def is_assigned(self, node: cst.CSTNode) -> bool:
        """Tell whether a binding is a plain `name = value`."""
        return node in self._assigned

    def find(self, node: cst.CSTNode) -> object:
        """Return a part of dagbuild, an `Instance` or `Method` of its classes, MISSING or UNKNOWN."""
        found = self._find(node)
        return UNKNOWN if found is None else found

    def _find(self, node: cst.CSTNode) -> object:
        """Return the same; None for what hangs on a variable of which this is just being found."""
        if isinstance(node, cst.Attribute):
            owner = self._find(node.value)
            return None if owner is None else find_part(owner, node.attr.value)
        if isinstance(node, cst.Call):
            called = self._find(node.func)
            return None if called is None else find_result(called)
        return self._find_variable(node) if isinstance(node, cst.Name) else UNKNOWN

    def _find_variable(self, name: cst.Name) -> object:
        bindings = self.bindings(name.value, name)
        variable = (name.value, frozenset(node for node, _ in bindings))
        if variable not in self._known:
            # `builder = builder.with_modules(...)`: first what the other assignments say, then whether this agrees.
            self._known[variable] = None
            for _ in range(2):
                self._known[variable] = _agree(self._find_bound(*each) for each in bindings)
                if self._known[variable] is UNKNOWN:
                    break
        return self._known[variable]

    def _find_bound(self, node: cst.CSTNode, origins: list[Origin]) -> object:
        if origins:
            # What the package lacks at another address says nothing of the package.
            return _agree((None if each.root else UNKNOWN) if each.lacks else each.found for each in origins)
        return self._find(self._assigned[node]) if node in self._assigned else UNKNOWN


def _agree(found: Iterable[object]) -> object:
    """Return what all say that say anything; UNKNOWN where they differ."""
    said = [each for each in found if each is not None]
    return said[0] if said and all(each == said[0] for each in said) else UNKNOWN
