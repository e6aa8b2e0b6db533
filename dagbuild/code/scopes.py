"""Which names a piece of code takes from outside itself.

Fed by the walk of `normal_form`: names are bound and referred to in any order, and when a scope is left, what it
does not bind belongs to the scope around it, as in Python. What is left at the end is looked up in the module; what
a scope binds for itself may be called anything, and the places where it is spelt are kept together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Chain = tuple[str, ...]
"""A name and the attributes taken from it: `a.b.c`."""


Place = tuple[int, str, str]
"""A piece of the text with a name in it: its number, what stands before the name, and what after it."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import inside a function, and what is taken from the imported name: `path` may be empty.

    `name` is None for `import module`, else what is imported from the module ("*" for all).
    """

    module: str
    level: int
    name: str | None
    path: Chain = ()


@dataclass(slots=True)
class Scope:
    """One function, class body or comprehension; kinds differ in who sees their names.

    `fixed` are names that say something: a parameter may be given by keyword, a function knows what it is called.
    """

    kind: str
    bound: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    outer_names: set[str] = field(default_factory=set)
    chains: dict[Chain, None] = field(default_factory=dict)
    inner: dict[Chain, None] = field(default_factory=dict)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)


class Scopes:
    """The scopes open at one point of the walk, and what was found so far."""

    def __init__(self) -> None:
        self.stack = [Scope("module")]
        self.chains: dict[Chain, None] = {}
        self.imports: dict[Import, None] = {}
        self.ever_bound: set[str] = set()
        self.variables: list[tuple[int, dict[str, list[Place]]]] = []
        """The variables of each scope that are nothing but that, in the order in which they are met: the scope's
        depth, and where each is spelt."""

    def enter(self, kind: str) -> None:
        """Open a scope: "function", "class" or "comprehension"."""
        self.stack.append(Scope(kind))

    def leave(self) -> None:
        """Close the innermost scope; what it does not bind goes outward."""
        scope = self.stack.pop()
        self._settle_places(scope)
        parent = self.stack[-1]
        outward = parent.inner if parent.kind == "class" else parent.chains
        if scope.kind == "class":
            # A name bound in a class body may still be read from the module before it is bound.
            outward.update(scope.chains)
            outward.update(scope.inner)
            self._use_imports(scope, scope.chains)
            return
        for chain in scope.chains:
            root = chain[0]
            if root in scope.global_names:
                self.chains[chain] = None
            elif root not in scope.bound or root in scope.outer_names:
                outward[chain] = None
        self._use_imports(scope, scope.chains)

    def _settle_places(self, scope: Scope) -> None:
        """Keep where the scope's own variables are spelt, and hand the rest to the scope that they may belong to."""
        outer = next(each for each in reversed(self.stack) if each.kind != "class")
        own = {}
        for name, places in scope.places.items():
            if name in scope.global_names:
                continue
            if name not in scope.bound or name in scope.outer_names:
                outer.places.setdefault(name, []).extend(places)
            elif scope.kind != "class" and name not in scope.fixed and not name.startswith("__"):
                own[name] = places
        outer.fixed |= scope.outer_names | (scope.fixed - scope.bound)
        if own:
            self.variables.append((len(self.stack), own))

    def _use_imports(self, scope: Scope, chains: dict[Chain, None]) -> None:
        for name, found in scope.imports.items():
            paths = [chain[1:] for chain in chains if chain[0] == name]
            for item in found:
                # An import that nothing refers to is there for its effects.
                for path in paths or [()]:
                    self.imports[Import(item.module, item.level, item.name, path)] = None

    def finish(self) -> None:
        """Take what the outermost scope refers to as names of the module."""
        scope = self.stack[0]
        self.chains.update(scope.chains)
        self._use_imports(scope, {})

    def refer(self, chain: Chain) -> None:
        """Note a reference."""
        self.stack[-1].chains[chain] = None

    def mention(self, name: str, place: Place) -> None:
        """Note where in the text a name is spelt, bound here or elsewhere."""
        self.stack[-1].places.setdefault(name, []).append(place)

    def bind(self, name: str) -> None:
        """Note that the innermost scope binds a name as a variable and nothing else."""
        self.stack[-1].bound.add(name)
        self.ever_bound.add(name)

    def bind_fixed(self, name: str) -> None:
        """Note that the innermost scope binds a name that says something."""
        self.stack[-1].fixed.add(name)
        self.bind(name)

    def bind_outside_comprehension(self, name: str) -> None:
        """Note a name bound by `:=`, which belongs to the function around comprehensions."""
        self.ever_bound.add(name)
        for scope in reversed(self.stack):
            if scope.kind != "comprehension":
                scope.bound.add(name)
                return

    def bind_import(self, name: str, item: Import) -> None:
        """Note a name bound by an import inside the code."""
        self.bind_fixed(name)
        scope = self.stack[-1]
        scope.imports.setdefault(name, []).append(item)

    def declare_global(self, names: list[str]) -> None:
        """Note a `global` statement."""
        self.stack[-1].global_names.update(names)
        self.ever_bound.update(names)

    def declare_nonlocal(self, names: list[str]) -> None:
        """Note a `nonlocal` statement."""
        self.stack[-1].outer_names.update(names)
        self.ever_bound.update(names)
