"""What the names in a form mean: from a chain of names in a module to the thing at its end.

Walks through modules of the project attribute by attribute, so that one name of a module is a dependency and the
module is not; stops at libraries.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from importlib.util import find_spec, resolve_name
from types import FunctionType, ModuleType
from typing import Any

from dagbuild.code.entities import Entity, Item
from dagbuild.code.imported import ANY
from dagbuild.code.normal_form import NormalForm
from dagbuild.code.protocols import Walker
from dagbuild.code.reflection import OFFERS, READERS
from dagbuild.code.scopes import Chain, Import
from dagbuild.code.texts import CONTAINERS, find_named, texts_in
from dagbuild.model.record import UNSEEN, WIDE, Note

MISSING: Any = object()

_OF_THE_MODULE = frozenset(
    {
        "__name__",
        "__file__",
        "__path__",
        "__spec__",
        "__loader__",
        "__package__",
        "__cached__",
        "__builtins__",
    }
)
_OF_IMPORTING = frozenset({"__spec__", "__loader__", "__cached__"})
"""Those that another importer makes otherwise, and none of which says anything of the code."""
_LOOKS_UP = {
    "globals": "globals()",
    "eval": "eval()",
    "exec": "exec()",
    "vars()": "vars()",
    "__import__": "__import__()",
}
_LOOKS_UP_IN: dict[Chain, str] = {
    ("sys", "modules"): "sys.modules",
    ("importlib", "import_module"): "import_module()",
}

_WHOLE = "every function, class and constant of {} counts"
_RESTS = {
    "import_module()": (WIDE, "what it was seen to import counts", ""),
    "__import__()": (UNSEEN, "of what it imports nothing counts", "importlib.import_module(name) is seen"),
    "sys.modules": (WIDE, "of the modules there {} alone counts", ""),
}
"""What of a module that is not named in the code counts, where it is not the module that looks up names."""


def add_references(
    walk: Walker, entity: Entity, form: NormalForm, names: Mapping[str, Any], inner: Iterable[str] = ()
) -> None:
    """Append to an entity what a form refers to; `inner` are names that are no names of the module."""
    hidden = frozenset(inner)
    for chain in form.chains:
        if chain[0] not in hidden:
            entity.items += [".".join(chain), resolve(walk, entity, names, chain)]
    _add_rest(walk, entity, form, names)


def add_code(
    walk: Walker, entity: Entity, form: NormalForm, names: Mapping[str, Any], inner: Iterable[str] = ()
) -> None:
    """Append a form and what it refers to; helpers that it calls count by what they mean, not by their names."""
    hidden = frozenset(inner)
    found = {chain: resolve(walk, entity, names, chain) for chain in form.chains if chain[0] not in hidden}
    order = dict.fromkeys(piece for piece in form.text if isinstance(piece, tuple))
    nameless = [
        chain for chain in order if chain in found and _is_nameless(walk, form, names, chain, found[chain])
    ]
    entity.items.append(form.spell({chain: f" @{number}" for number, chain in enumerate(nameless)}))
    for chain in (chain for chain in found if chain not in nameless):
        entity.items += [".".join(chain), found[chain]]
    for number, chain in enumerate(nameless):
        entity.items += [f"@{number}", found[chain]]
    _add_rest(walk, entity, form, names)


def _is_nameless(walk: Walker, form: NormalForm, names: Mapping[str, Any], chain: Chain, item: Item) -> bool:
    """Tell whether a thing's name says nothing more than the thing: a helper that is merely called.

    Of a module's constants, it is the module's name that says nothing.
    """
    if not isinstance(item, Entity) or (thing := find_object(names, chain)) is MISSING:
        return False
    if item.kind == "helper":
        plain = item.thing is thing and chain in form.called and not hasattr(thing, "__wrapped__")
        found = walk.definitions.function_form(thing) if plain else None
        return found is not None and not found.decorators
    return (
        item.kind == "constant" and len(chain) > 1 and item.thing[1] == chain[-1] and item.thing[2] is thing
    )


def _add_rest(walk: Walker, entity: Entity, form: NormalForm, names: Mapping[str, Any]) -> None:
    for item in form.imports:
        entity.items.append(_resolve_import(walk, entity, names, item))
    if form.marks:
        entity.marks |= form.marks
    texts = [*form.texts, *_texts_named(form, names)]
    add_texts(walk, entity, texts, names)
    if OFFERS & form.marks:
        entity.items += walk.find_offered(texts)
    if "__subclasses__" in form.marks:
        entity.bases += tuple(_classes_named(form, names))
    entity.strings += form.strings
    entity.environment += form.environment


def add_texts(walk: Walker, entity: Entity, texts: Sequence[str], names: Mapping[str, Any]) -> None:
    """Append what texts name that the entity's code has to do with."""
    if not texts:
        return
    for chain in find_named(texts, names, read=not READERS.isdisjoint(entity.marks)):
        entity.items += [f"in text {'.'.join(chain)}", resolve(walk, entity, names, chain)]
    entity.texts += tuple(texts)


def _classes_named(form: NormalForm, names: Mapping[str, Any]) -> Iterator[type]:
    """Yield the classes that stand in what a form names, but for that of everything."""
    for chain in form.chains:
        for end in range(1, len(chain) + 1):
            found = find_object(names, chain[:end])
            if issubclass(type(found), type) and found is not object:
                yield found


def _texts_named(form: NormalForm, names: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts in the constants that a form names."""
    for chain in form.chains:
        value = names.get(chain[0])
        if len(chain) > 1 and isinstance(value, ModuleType | type):
            value = find_object(names, chain)
        if value.__class__ is str or value.__class__ in CONTAINERS:
            yield from texts_in(value)


def resolve(walk: Walker, entity: Entity, names: Mapping[str, Any], chain: Chain) -> Item:
    """Return the item of what a chain of names means in a module."""
    root = chain[0]
    if root == "__path__" and root in names:
        return walk.package(names)
    if root in _OF_THE_MODULE:
        return "module"
    if root == "__doc__":
        return inspect.cleandoc(str(names.get(root)))  # indented or not, as the Python version likes
    if root not in names:
        if root in _LOOKS_UP:
            return _widen(walk, entity, names, _LOOKS_UP[root])
        return "builtin"
    if chain[:2] in _LOOKS_UP_IN and isinstance(names[root], ModuleType):
        return _widen(walk, entity, names, _LOOKS_UP_IN[chain[:2]])
    return _descend(walk, entity, names, root, chain[1:])


def find_object(names: Mapping[str, Any], chain: Chain) -> Any:
    """Return the object that a chain means in a module, or MISSING; runs no code of the user's."""
    if not chain or chain[0] not in names:
        return MISSING
    found = names[chain[0]]
    for part in chain[1:]:
        try:
            found = found.__dict__[part]
        except (AttributeError, KeyError, TypeError):
            return MISSING
    return found


def find_module(names: Any) -> ModuleType | None:
    """Return the loaded module of which these are the names, or None."""
    name = names.get("__name__") if type(names) is dict else None
    module = sys.modules.get(name) if type(name) is str else None
    return module if module is not None and getattr(module, "__dict__", None) is names else None


def home_of(thing: Any) -> str:
    """Return the name of the module that something is of, or ""."""
    if isinstance(thing, ModuleType):
        return thing.__name__
    if type(thing) is FunctionType:
        return str(thing.__globals__.get("__name__", ""))
    module = getattr(thing, "__module__", None) or type(thing).__module__
    return module if isinstance(module, str) else ""


def _widen(walk: Walker, entity: Entity, names: Mapping[str, Any], how: str) -> Item:
    name = str(names.get("__name__"))
    kind, rest, remedy = _RESTS.get(how, (WIDE, _WHOLE, ""))
    text = f"looks up names at run time: {how} in {entity.name or name}; {rest.format(name)}"
    entity.notes.append(Note(kind, text, entity.where, remedy))
    return walk.whole_module(names)


def _descend(walk: Walker, entity: Entity, names: Mapping[str, Any], name: str, rest: Chain) -> Item:
    """Return the item of `names[name]`, going on through modules of the project."""
    value = names[name]
    for index, part in enumerate(rest):
        if not isinstance(value, ModuleType):
            break
        origin = walk.origins.of_name(value.__name__)
        if origin.kind != "project":
            return _foreign(walk, value, rest[index:])
        inside = vars(value)
        if part == "__path__" and part in inside:
            return walk.package(inside)  # to find its modules by
        if part in _OF_IMPORTING:
            return "module"
        if part == "__dict__":
            break
        if part in inside:
            names, name, value = inside, part, inside[part]
        elif (inner := load_module(f"{value.__name__}.{part}")) is not None:
            value = inner  # imported by now or not: whoever runs first may import it
        elif isinstance(inside.get("__getattr__"), FunctionType):
            return walk.refer(inside["__getattr__"])
        else:
            return "missing"
    if isinstance(value, ModuleType):
        if walk.origins.of_name(value.__name__).kind == "project":
            told = f"uses a module as a value: {value.__name__} in {entity.name}"
            entity.notes.append(Note(WIDE, f"{told}; {_WHOLE.format(value.__name__)}", entity.where))
        return walk.refer_module(value)
    return walk.constant(names, name, value)


def _foreign(walk: Walker, module: ModuleType, rest: Chain) -> Item:
    """Return the item of something in a library: it ends the walk, unless the project put its own code there."""
    found: Any = module
    name = module.__name__
    for index, part in enumerate(rest):
        if isinstance(found, ModuleType):
            name = found.__name__
            if part not in vars(found) and (late := _find_late(found, rest[index:])):
                name, found = late, None
                break
        found = vars(found).get(part) if isinstance(found, ModuleType | type) else None
    if isinstance(found, FunctionType) and walk.origins.is_project(found.__globals__):
        return walk.refer(found)
    if isinstance(found, ModuleType):
        name = found.__name__
    return walk.foreign(f"module {name}", walk.origins.of_name(name))


def _find_late(package: ModuleType, rest: Chain) -> str:
    """Return the name of the module below a package that a chain leads to and nobody has imported yet, or ""."""
    name, folders = package.__name__, getattr(package, "__path__", None)
    for part in rest:
        try:
            spec = PathFinder.find_spec(f"{name}.{part}", folders) if folders else None
        except (ImportError, ValueError):
            spec = None
        if spec is None:
            break
        name, folders = spec.name, spec.submodule_search_locations
    return name if name != package.__name__ else ""


def _resolve_import(walk: Walker, entity: Entity, names: Mapping[str, Any], item: Import) -> Item:
    """Return the item of an import inside a function; modules of the project are imported for it."""
    name = absolute_name(names, item.module, item.level)
    origin = walk.origins.of_name(name)
    if origin.kind != "project":
        return walk.foreign(f"module {name}", origin)
    module = load_module(name)
    if module is None:
        return "missing"
    path = item.path
    if item.name and item.name not in {"*", ANY}:
        if item.name not in vars(module):
            load_module(f"{name}.{item.name}")
        path = (item.name, *path)
    # What importing does, the packages around it included.
    parts = name.split(".")
    for around in (".".join(parts[:end]) for end in range(1, len(parts) + 1)):
        if around in sys.modules and walk.origins.of_name(around).kind == "project":
            side = walk.effects(vars(sys.modules[around]))
            entity.items += [side] if side is not None else []
    if item.name == ANY:
        return walk.package(vars(module))
    if item.name == "*":
        return walk.whole_module(vars(module))
    if item.name == "" or not path:
        return "module"
    return _descend(walk, entity, {"": module}, "", path)


def absolute_name(names: Mapping[str, Any], module: str, level: int) -> str:
    """Return the full name of a module that a module imports, or "" when it is outside of any package."""
    try:
        return resolve_name("." * level + module, str(names.get("__package__") or "")) if level else module
    except ImportError:
        return ""


def load_module(name: str) -> ModuleType | None:
    """Return a module of the project, imported now if need be; None when it cannot be."""
    if name not in sys.modules:
        try:
            if find_spec(name) is None:
                return None
            return importlib.import_module(name)
        except Exception:  # importing runs the user's code: a failure is that of the node which imports it
            return None
    return sys.modules[name]
