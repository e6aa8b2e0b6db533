"""What importing a module does to things that are not its own.

`pd.set_option(...)`, `lib.LIMIT = 3`, `random.seed(0)`, a function registered with a library: nothing refers to such
a statement, and yet it decides values. It counts for every function of the modules that import it, however far.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

from dagbuild.code.classes import SAYS_NOTHING
from dagbuild.code.definitions import Text
from dagbuild.code.entities import Effects, Entity
from dagbuild.code.protocols import Walker
from dagbuild.code.references import MISSING, absolute_name, find_object
from dagbuild.code.statements import acted_on, bound_names, chain_of, flatten, is_skipped, root_chain

_HARMLESS = frozenset(
    {"logging", "warnings", "sys", "os", "atexit", "faulthandler", "gc", "signal", "threading", "typing", "abc"}
)  # fmt: skip
_BUILTINS_THAT_ACT = frozenset({("setattr",), ("delattr",), ("exec",), ("eval",), ("__import__",)})
_ENVIRONMENT = {
    "os": {("environ",), ("environ", "update"), ("environ", "setdefault"), ("putenv",), ("unsetenv",)}
}


def fill_effects(walk: Walker, entity: Entity) -> None:
    """Fill in what importing a module, and all modules of the project that it imports, does to libraries."""
    seen: set[int] = set()
    todo: list[Mapping[str, Any]] = [entity.thing]
    while todo:
        names = todo.pop()
        if id(names) in seen:
            continue
        seen.add(id(names))
        own = walk.own_effects(names)
        entity.items += own.items
        entity.packages |= own.packages
        todo.extend(reversed(own.imported))


def find_effects(walk: Walker, names: Mapping[str, Any]) -> Effects:
    """Return what a module itself does to libraries, and the modules of the project that it imports."""
    found = Effects()
    for text in walk.definitions.module_texts(names):
        body = text.tree.body
        found.items += [walk.statement(names, node) for node in _effects_of(walk, names, body)]
        found.items += [walk.refer(thing) for thing in _registered(walk, names, body)]
        modules = [vars(module) for module in _imports_of(names, body)]
        found.imported += [inside for inside in modules if walk.origins.is_project(inside)]
        found.packages |= _unused_packages(walk, names, text)
    return found


def _effects_of(walk: Walker, names: Mapping[str, Any], body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module's own level that act on something that is not the module's."""
    for node in body:
        if is_skipped(node):
            continue
        if any(_acts(walk, names, part) or _calls_what_acts(walk, names, part) for part in flatten([node])):
            yield node


def _acts(walk: Walker, names: Mapping[str, Any], node: ast.stmt) -> bool:
    return any(_is_foreign(walk, names, target) for target in acted_on(node))


def _calls_what_acts(walk: Walker, names: Mapping[str, Any], node: ast.stmt) -> bool:
    """Tell whether a name is bound to the result of a function that itself acts: `ready = setup()`."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
        return False
    function = find_object(names, chain_of(node.value.func))
    if not isinstance(function, FunctionType) or not walk.origins.is_project(function.__globals__):
        return False
    found = walk.definitions.find_function(function)
    body = found.body if found is not None and not isinstance(found, ast.Lambda) else []
    return any(_acts(walk, function.__globals__, part) for part in flatten(body))


def _is_foreign(walk: Walker, names: Mapping[str, Any], target: ast.expr) -> bool:
    """Tell whether what a statement acts on is not seen by value anyway."""
    chain = root_chain(target)
    if not chain or chain[0] not in names:
        return chain[:1] in _BUILTINS_THAT_ACT
    thing: Any = names[chain[0]]
    rest = chain[1:]
    while rest and isinstance(thing, ModuleType) and walk.origins.of_name(thing.__name__).kind == "project":
        thing, rest = vars(thing).get(rest[0]), rest[1:]
    home = _module_of(thing)
    origin = walk.origins.of_name(home).kind if home else "standard"
    if origin == "project":
        # What is set is seen by value; what is called may act on anything.
        return isinstance(thing, FunctionType) or (isinstance(thing, type) and bool(rest))
    if home in _ENVIRONMENT:
        return rest in _ENVIRONMENT[home] or thing is os.environ
    if origin == "dagbuild" or home.partition(".")[0] in _HARMLESS:
        return False
    return isinstance(thing, ModuleType) or callable(thing) or _is_kept(thing, home)


def _is_kept(thing: Any, home: str) -> bool:
    """Tell whether an object is one that a library keeps, such as its table of options, and not the project's."""
    modules = (sys.modules.get(name) for name in (home, home.partition(".")[0]))
    return any(value is thing for module in modules if module is not None for value in vars(module).values())


def _registered(walk: Walker, names: Mapping[str, Any], body: list[ast.stmt]) -> Iterator[Any]:
    """Yield functions and classes that a library took note of: nothing in the project need refer to them."""
    for node in flatten(body):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        thing = names.get(node.name)
        if isinstance(thing, type) and isinstance(node, ast.ClassDef) and _is_held(walk, thing):
            yield thing
        elif _is_as_defined(thing, node):
            decorators = (_nearest_object(names, root_chain(decorator)) for decorator in node.decorator_list)
            homes = (_module_of(decorator) for decorator in decorators)
            if any(home and walk.origins.of_name(home).kind == "package" for home in homes):
                yield thing


def _is_as_defined(thing: Any, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Tell whether decorators handed a function or class back as it was, without so much as a mark on it.

    One that does is called for what it does elsewhere: it registers. One that leaves a mark or adds methods, as
    attrs does, is called for that.
    """
    if isinstance(thing, type) and isinstance(node, ast.ClassDef):
        bound = {name for statement in node.body for name in bound_names(statement)}
        added = {name for name, value in vars(thing).items() if not isinstance(value, MemberDescriptorType)}
        usual = bound | SAYS_NOTHING | {"__hash__", "__orig_bases__"}
        return thing.__qualname__ == node.name and added <= usual
    return isinstance(thing, FunctionType) and thing.__code__.co_name == node.name and not vars(thing)


def _nearest_object(names: Mapping[str, Any], chain: tuple[str, ...]) -> Any:
    for end in range(len(chain), 0, -1):
        found = find_object(names, chain[:end])
        if found is not MISSING:
            return found
    return MISSING


def _module_of(thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return thing.__name__
    if isinstance(thing, FunctionType):
        return str(thing.__globals__.get("__name__", ""))
    module = getattr(thing, "__module__", None) or type(thing).__module__
    return module if isinstance(module, str) else ""


def _is_held(walk: Walker, cls: type) -> bool:
    """Tell whether a library keeps the class in a table of its own, as bases that register subclasses do."""
    if not walk.is_project_type(cls):
        return False
    for base in cls.__mro__[1:]:
        if walk.origins.of_name(base.__module__).kind != "package":
            continue
        tables = [*vars(base).values(), *vars(sys.modules.get(base.__module__, base)).values()]
        for table in tables:
            if isinstance(table, dict) and any(v is cls for v in (*table.values(), *table)):
                return True
            if isinstance(table, list | set | tuple) and any(v is cls for v in table):
                return True
    return False


def _imports_of(names: Mapping[str, Any], body: list[ast.stmt]) -> Iterator[ModuleType]:
    """Yield the modules that a module imports, in order."""
    for node in flatten(body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                yield from _loaded(".".join(parts[:end]) for end in range(1, len(parts) + 1))
        elif isinstance(node, ast.ImportFrom):
            base = absolute_name(names, node.module or "", node.level)
            parts = base.split(".")
            yield from _loaded(".".join(parts[:end]) for end in range(1, len(parts) + 1))
            yield from _loaded(f"{base}.{alias.name}" for alias in node.names)


def _loaded(found: Iterator[str]) -> Iterator[ModuleType]:
    for name in found:
        module = sys.modules.get(name)
        if module is not None:
            yield module


def _unused_packages(walk: Walker, names: Mapping[str, Any], text: Text) -> set[str]:
    """Return the distributions of imported names that the module never uses: imported for their effect."""
    wanted: dict[str, str] = {}
    for node in flatten(text.tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                origin = walk.origins.of_name(alias.name)
                if origin.kind == "package":
                    wanted[alias.asname or alias.name.partition(".")[0]] = origin.distribution
    used = text.names.union(names.get("__all__") or ())
    return {distribution for name, distribution in wanted.items() if name not in used}
