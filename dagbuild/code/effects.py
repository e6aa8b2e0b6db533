"""What importing a module does to things that are not its own.

`pd.set_option(...)`, `old = np.seterr(...)`, `lib.LIMIT = 3`, `random.seed(0)`, a function registered with a library:
nothing refers to such a statement, and yet it decides values. It counts for every function of the modules that import
it, however far. What is set on the project's own things is seen by their values, and no effect.
"""

from __future__ import annotations

import ast
import functools
import importlib
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from dagbuild.code.actions import Action, find_actions, run_at_import, units
from dagbuild.code.entities import Effects, Entity, showing
from dagbuild.code.executed import find_executed
from dagbuild.code.found import loaded_below
from dagbuild.code.imported import imported_by_text
from dagbuild.code.kept import is_made_to_act
from dagbuild.code.normal_form import dump_nodes
from dagbuild.code.parsed import Text
from dagbuild.code.protocols import Walker
from dagbuild.code.references import absolute_name, home_of
from dagbuild.code.reflection import FILTERS, RAISES
from dagbuild.code.registered import find_registered
from dagbuild.code.silent import cannot_say
from dagbuild.code.statements import flatten, is_skipped, root_chain

_HARMLESS = frozenset(
    {"logging", "sys", "atexit", "faulthandler", "gc", "signal", "threading", "typing", "abc"}
)  # fmt: skip
_OF_WARNINGS = frozenset({"warnings", "_warnings", "_py_warnings"})
_OF_LIBRARIES = (ModuleType, type, FunctionType, BuiltinFunctionType, MethodType)
_FINDS = "finds "
_EXECUTE = frozenset({"exec", "eval"})
_SET = frozenset({"setattr", "delattr"})
_OF_THE_PROCESS = frozenset(
    {
        ("environ",),
        ("environ", "update"),
        ("environ", "setdefault"),
        ("putenv",),
        ("unsetenv",),
        ("chdir",),
        ("fchdir",),
        ("umask",),
    }
)
"""What of `os` is the process's own, for all code in it; the rest makes, moves and asks for files."""


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
        entity.shown += own.shown
        entity.marks |= own.marks
        todo.extend(reversed(own.imported))


def find_effects(walk: Walker, names: Mapping[str, Any]) -> Effects:
    """Return what a module itself does to libraries, and the modules of the project that it imports."""
    found = Effects()
    filters: list[ast.stmt] = []
    for text in walk.definitions.module_texts(names):
        body = text.outer
        for node, within in units(body):
            kinds = set() if is_skipped(node) else set(_effects_of(walk, names, [node], within=within))
            if "acts" in kinds:
                found.items.append(walk.statement(names, node))
            elif "warns" in kinds:
                filters.append(node)
            for kind in sorted(kind for kind in kinds if kind.startswith(_FINDS)):
                below = [vars(module) for module in loaded_below(kind.removeprefix(_FINDS))]
                found.imported += [inside for inside in below if walk.origins.is_project(inside)]
        found.items += [walk.refer(thing) for thing in find_registered(walk, names, body)]
        modules = [vars(module) for module in _imports_of(names, body)]
        found.imported += [inside for inside in modules if walk.origins.is_project(inside)]
        found.packages |= _unused_packages(walk, names, text)
    if filters:
        found.marks.add(FILTERS)
        found.shown.append(showing(warnings=lambda: dump_nodes(filters).digest))
        raising = [node for node in filters if _names_error(node)]
        if raising:
            found.marks.add(RAISES)
            found.shown.append(showing(errors=lambda: dump_nodes(raising).digest))
    return found


def _names_error(node: ast.stmt) -> bool:
    """Tell whether a statement may make errors of warnings: that concerns whoever calls libraries."""
    return any(isinstance(part, ast.Constant) and part.value == "error" for part in ast.walk(node))


def _effects_of(
    walk: Walker,
    names: Mapping[str, Any],
    body: list[ast.stmt],
    own: Collection[str] = (),
    made: Collection[str] = (),
    *,
    within: bool,
) -> Iterator[str]:
    """Yield "acts" for what is done to things that are not the module's, and "warns" for what is done to warnings.

    Also "returns" where a function returns what a library gives: who keeps that may have asked for what it does. And
    "finds package" where modules are imported by names that are made.

    `own` are names of the code around the statements, `made` those of them that stand for something new; `within`
    says that the statements bind no names of the module.
    """
    for node in run_at_import(body):
        for action in find_actions(node):
            chain = root_chain(action.target)
            if not chain or chain[0] in own:
                continue
            first = _find_set(walk, names, action, chain)
            if isinstance(first, ast.Name) and first.id in made:
                continue
            target = root_chain(first) if first is not None else ()
            if first is not None and target and target[0] in names and target[0] not in own:
                yield from _effect(walk, names, Action("sets", first), target)
            else:
                yield from _effect(walk, names, action._replace(bound=()) if within else action, chain)


def _find_set(
    walk: Walker, names: Mapping[str, Any], action: Action, chain: tuple[str, ...]
) -> ast.expr | None:
    """Return what a call sets attributes of, if that is all that such a call does."""
    if action.call is None or not action.call.args:
        return None
    if chain[0] in names:
        sets = _find_called(*_enter(walk, names, chain)) is functools.update_wrapper
    else:
        sets = len(chain) == 1 and chain[0] in _SET
    return action.call.args[0] if sets else None


def _effect(walk: Walker, names: Mapping[str, Any], action: Action, chain: tuple[str, ...]) -> Iterator[str]:
    if chain[0] not in names:
        yield from _effect_of_builtin(walk, names, action, chain)
        return
    thing, rest = _enter(walk, names, chain)
    home = home_of(thing)
    if _find_called(thing, rest) is importlib.import_module:
        yield from _effect_of_importing(names, action)
    elif home.partition(".")[0] in _OF_WARNINGS:
        yield from ("warns",) if action.kind in {"calls", "sets"} else ()
    elif action.kind in {"asks", "returns"}:
        yield from _effects_of_asking(walk, names, action, thing, rest)
    elif _is_foreign(walk, names, action, thing, rest):
        yield "acts"


def _effect_of_builtin(
    walk: Walker, names: Mapping[str, Any], action: Action, chain: tuple[str, ...]
) -> Iterator[str]:
    name, call = chain[0], action.call
    if len(chain) > 1 or call is None or not call.args:
        return
    if name in _SET:
        yield "acts"
    elif name in _EXECUTE:
        bodies = find_executed(names, call)
        for body in bodies or ():
            yield from _effects_of(walk, names, body, within=False)
        yield from ("acts",) if bodies is None else ()
    elif name == "__import__":
        yield from _effect_of_importing(names, action)


def _effect_of_importing(names: Mapping[str, Any], action: Action) -> Iterator[str]:
    """Yield what a module is found by, where the text tells: it is followed like any that is imported."""
    found = imported_by_text(action.call) if action.call is not None and action.call.args else None
    name = absolute_name(names, found.module, found.level) if found is not None else ""
    if name:
        yield _FINDS + name
    elif action.kind == "calls":
        yield "acts"


def _enter(walk: Walker, names: Mapping[str, Any], chain: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """Return what a chain means, through modules of the project, and what is left of the chain."""
    thing: Any = names[chain[0]]
    rest = chain[1:]
    while rest and isinstance(thing, ModuleType) and walk.origins.of_name(thing.__name__).kind == "project":
        thing, rest = vars(thing).get(rest[0]), rest[1:]
    return thing, rest


def _is_foreign(
    walk: Walker, names: Mapping[str, Any], action: Action, thing: Any, rest: tuple[str, ...]
) -> bool:
    """Tell whether what a statement acts on is not seen by value anyway."""
    home = home_of(thing)
    origin = walk.origins.of_name(home).kind if home else "standard"
    if origin == "project":
        # What is set is seen by value; what is called may act on anything.
        return action.kind == "calls" and (
            isinstance(thing, FunctionType) or (isinstance(thing, type) and bool(rest))
        )
    if origin == "dagbuild" or _is_harmless(thing, home, rest):
        return False
    if isinstance(thing, _OF_LIBRARIES) or _is_kept(thing, home):
        return True
    if action.kind == "calls" and ((not rest and callable(thing)) or rest[-1:] == ("__enter__",)):
        return True
    # An object of the project's: where its content says nothing, the statements of its own module are asked.
    return cannot_say(thing) and not _is_made_here(walk, names, action, thing)


def _is_harmless(thing: Any, home: str, rest: tuple[str, ...]) -> bool:
    if home == "os":
        return rest not in _OF_THE_PROCESS and thing is not os.environ
    return home.partition(".")[0] in _HARMLESS


def _effects_of_asking(
    walk: Walker, names: Mapping[str, Any], action: Action, thing: Any, rest: tuple[str, ...]
) -> Iterator[str]:
    """Yield what a call does besides giving the value that it is made for."""
    function = _find_called(thing, rest)
    if type(function) is FunctionType and walk.origins.is_project(function.__globals__):
        known = _effects_of_calling(walk, function)
        yield from known
        if "returns" in known and action.bound and is_made_to_act(walk, names, action.bound, None):
            yield "acts"
        return
    home = home_of(thing)
    origin = walk.origins.of_name(home).kind if home else "standard"
    if origin in {"project", "dagbuild"} or _is_harmless(thing, home, rest) or isinstance(function, type):
        return
    if isinstance(thing, _OF_LIBRARIES) or _is_kept(thing, home):
        if action.kind == "returns":
            yield "returns"
        elif is_made_to_act(walk, names, action.bound, function):
            yield "acts"
    elif cannot_say(thing) and not _is_made_here(walk, names, action, thing):
        yield "acts"


def _find_called(thing: Any, rest: tuple[str, ...]) -> Any:
    """Return the function that a call runs, where that is seen without running anything."""
    for part in rest:
        holders = thing.__mro__ if isinstance(thing, type) else (thing, *type(thing).__mro__)
        tables = [getattr(holder, "__dict__", {}) for holder in holders]
        thing = next((table[part] for table in tables if part in table), None)
    if isinstance(thing, classmethod | staticmethod):
        return thing.__func__
    if isinstance(thing, type):
        made = thing.__dict__.get("__init__")
        return made if type(made) is FunctionType else thing
    return thing


def _effects_of_calling(walk: Walker, function: FunctionType) -> list[str]:
    """Return what a function of the project does to others, or what it calls does."""
    known = walk.acting.get(function)
    if known is None:
        walk.acting[function] = []  # what calls itself does nothing more for that
        found = walk.definitions.find_function(function)
        body = found.body if found is not None and not isinstance(found, ast.Lambda) else []
        code = function.__code__
        own = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
        made = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        made |= set(code.co_varnames[:1]) if code.co_name == "__init__" else set()
        known = sorted(set(_effects_of(walk, function.__globals__, body, own, made, within=True)))
        walk.acting[function] = known
    return known


def _is_kept(thing: Any, home: str) -> bool:
    """Tell whether an object is one that a library keeps, such as its table of options, and not the project's."""
    modules = (sys.modules.get(name) for name in (home, home.partition(".")[0]))
    return any(value is thing for module in modules if module is not None for value in vars(module).values())


def _is_made_here(walk: Walker, names: Mapping[str, Any], action: Action, thing: Any) -> bool:
    """Tell whether a module made an object that it acts on, and did not import it."""
    name = root_chain(action.target)[0]
    if names.get(name) is not thing:
        return False
    bindings = [each for text in walk.definitions.module_texts(names) for each in text.bindings(name)]
    return any(not each.acts and _makes(each.node) for each in bindings)


def _makes(node: ast.stmt) -> bool:
    """Tell whether a statement binds its names to something new, and not to what another has."""
    made = getattr(node, "value", None)
    return not isinstance(node, ast.Import | ast.ImportFrom | ast.For | ast.AsyncFor) and not isinstance(
        made, ast.Name | ast.Attribute
    )


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
    for node in flatten(text.outer):
        if isinstance(node, ast.Import):
            for alias in node.names:
                origin = walk.origins.of_name(alias.name)
                if origin.kind == "package":
                    wanted[alias.asname or alias.name.partition(".")[0]] = origin.distribution
    used = text.names.union(names.get("__all__") or ())
    return {distribution for name, distribution in wanted.items() if name not in used}
