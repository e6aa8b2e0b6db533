"""The walk over all that a piece of the project reaches; every thing becomes one entity, once.

Things are told apart by identity and kept alive, so an entity stays right for as long as the walk lives. A list of
work instead of recursion: chains of helpers may be as long as they like.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import FunctionType, MethodDescriptorType, ModuleType, WrapperDescriptorType
from typing import Any

from dagbuild.code import classes, functions, modules
from dagbuild.code.definitions import Definitions
from dagbuild.code.effects import fill_effects, find_effects
from dagbuild.code.entities import Effects, Entity, Item
from dagbuild.code.form_memo import FormMemo
from dagbuild.code.found import fill_package, find_groups, tell_offers
from dagbuild.code.library_words import LibraryWords
from dagbuild.code.origin import STANDARD, Origin, Origins
from dagbuild.code.references import find_module, resolve
from dagbuild.code.scopes import Chain
from dagbuild.code.sharing import spell_sharing
from dagbuild.code.stand_ins import find_real
from dagbuild.code.values import fill_value, scalar
from dagbuild.ground.secrets import SHORTEST

_OURS = "dagbuild"


class Walk:
    """Turns functions, classes, modules and values into entities."""

    def __init__(
        self,
        loaded: Iterable[ModuleType],
        root: str | None,
        ignored: Iterable[str] = (),
        memo: FormMemo | None = None,
    ) -> None:
        """`ignored` are environment variables whose values say nothing, wherever they stand."""
        loaded = tuple(loaded)
        self.origins = Origins(loaded)
        self.definitions = Definitions(memo)
        self.library_words = LibraryWords()
        self.root = root
        self._roots = _roots_of(loaded, root)
        self._unsaid = {value: name for name in ignored if len(value := os.environ.get(name, "")) >= SHORTEST}
        self._folders = tuple(folder + os.sep for folder in self._roots)
        self._entities: dict[tuple[str, int, str], Entity] = {}
        self._effects: dict[int, Effects] = {}
        self._offers: dict[str, list[EntryPoint]] | None = None
        self.acting: dict[FunctionType, list[str]] = {}
        self._new: list[Entity] = []
        self._fillers: dict[Entity, Any] = {}
        self._unchecked: list[Entity] = []
        self._holders: list[tuple[Entity, list[Item]]] = []

    # -- making entities ------------------------------------------------------------------------

    def refer(self, thing: Any) -> Item:
        """Return what stands for a thing in the content of another."""
        text = scalar(thing, self.localize)
        if text is not None:
            return text
        thing = find_real(thing)
        known = self._entities.get(("", id(thing), ""))
        if known is not None:
            return known
        module = thing if isinstance(thing, ModuleType) else find_module(thing)
        if module is not None:
            return self.refer_module(module)
        # Not by isinstance: a proxy says that it is of the class of what it stands before.
        if type(thing) is FunctionType or issubclass(type(thing), type):
            return self._refer_code(thing)
        if self.origin_of_type(type(thing)).kind == "dagbuild":
            return _OURS
        return self._add(("", id(thing), ""), Entity(thing=thing), _fill_value)

    def _refer_code(self, thing: FunctionType | type) -> Item:
        handlers: ModuleType
        if isinstance(thing, type):
            origin, handlers = self.origin_of_type(thing).kind, classes
        else:
            origin, handlers = self.origins.of_globals(thing.__globals__).kind, functions
        if origin == "dagbuild":
            return _OURS
        key = ("", id(thing), "")
        if origin == "project":
            return self._add(key, handlers.start(self, thing), handlers.fill)
        return self.refer_named(thing) or self._add(key, Entity(thing=thing), handlers.fill_foreign)

    def refer_node(self, function: FunctionType) -> Entity | None:
        """Return the entity of a function with its parameters by place, or None where their names may matter."""
        if self.definitions.node_form(function) is None:
            return None
        key = ("node", id(function), "")
        known = self._entities.get(key)
        return known or self._add(key, functions.start(self, function), functions.fill_node)

    def is_plain(self, thing: Any) -> bool:
        """Tell whether a thing is a function of the project whose name no decorator has seen."""
        return (
            isinstance(thing, FunctionType)
            and self.origins.of_globals(thing.__globals__).kind == "project"
            and functions.is_plain(self, thing)
        )

    def _add(self, key: tuple[str, int, str], entity: Entity, fill: Any) -> Entity:
        self._entities[key] = entity
        self._fillers[entity] = fill
        self._new.append(entity)
        return entity

    def refer_module(self, module: ModuleType) -> Item:
        """Return the item of a module that is used as a value: all of it counts."""
        origin = self.origins.of_name(module.__name__)
        if origin.kind == "project":
            return self.whole_module(vars(module))
        return self.foreign(f"module {module.__name__}", origin)

    def whole_module(self, names: Mapping[str, Any]) -> Entity:
        """Return the entity of everything that a module of the project defines."""
        key = ("module", id(names), "")
        known = self._entities.get(key)
        if known is not None:
            return known
        name = str(names.get("__name__"))
        return self._add(key, Entity("module", name, names), modules.fill_module)

    def package(self, names: Mapping[str, Any]) -> Entity:
        """Return the entity of all modules of a package of the project."""
        key = ("package", id(names), "")
        return self._entities.get(key) or self._add(key, Entity(thing=names), fill_package)

    def find_offered(self, texts: Iterable[str]) -> list[Item]:
        """Return the items of what distributions offer in the groups of entry points that the texts name."""
        if self._offers is None:
            self._offers = find_groups()
        return list(tell_offers(self, self._offers, texts))

    def foreign(self, text: str, origin: Origin) -> Item:
        """Return the item of something that is defined elsewhere."""
        if origin.kind == "dagbuild":
            return _OURS
        if not origin.distribution:
            return text
        key = (text, 0, origin.distribution)
        if key not in self._entities:
            self._entities[key] = Entity(items=[text], packages=frozenset((origin.distribution,)))
        return self._entities[key]

    def refer_named(self, thing: Any) -> Item | None:
        """Return the item of something that a library defines under a name of its own, or None."""
        module = (
            thing.__globals__.get("__name__")
            if isinstance(thing, FunctionType)
            else _text(thing, "__module__")
        )
        path = thing.__code__.co_qualname if isinstance(thing, FunctionType) else _text(thing, "__qualname__")
        path = path or _text(thing, "__name__")
        if not module or not path:
            return None
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = vars(found).get(part) if hasattr(found, "__dict__") else None
        origin = self.origins.of_name(module)
        if find_real(found) is not thing and not (origin.kind == "standard" and _is_compiled(thing)):
            return None
        if origin.kind == "project":
            # Only what is compiled has nothing but a name; a wrapper around our function may bear the name of that.
            compiled = self.definitions.extension(module)
            return f"{path} {compiled}" if compiled else None
        if origin.kind == "standard":
            # Private modules come and go between Python versions; what they define is known by the public name.
            parts = module.split(".")
            module = ".".join(
                [parts[0].lstrip("_"), *(part for part in parts[1:] if not part.startswith("_"))]
            )
        return self.foreign(f"{module}:{path}", origin)

    def constant(self, names: Mapping[str, Any], name: str, value: Any) -> Item:
        """Return the item of what a name of a module is bound to."""
        if issubclass(type(value), (FunctionType, type, ModuleType)) and not getattr(
            value, "__closure__", None
        ):
            item = self.refer(value)
            if not isinstance(item, Entity) or item.kind:
                return item
        key = ("constant", id(names), name)
        known = self._entities.get(key)
        if known is not None:
            return known
        entity = modules.start_constant(names, name, value)
        self._unchecked.append(entity)
        return self._add(key, entity, modules.fill_constant)

    def named(self, names: Mapping[str, Any], chain: Chain) -> Entity:
        """Return the entity of names of a module that stand in a text elsewhere."""
        key = ("named", id(names), ".".join(chain))
        known = self._entities.get(key)
        return known or self._add(key, Entity(thing=(names, chain)), _fill_named)

    def attribute(self, names: Mapping[str, Any], statement: ast.stmt | None, value: Any) -> Item:
        """Return the item of an attribute of a class, which the statement binds."""
        item = self.refer(value)
        if statement is None or not isinstance(item, Entity) or item.kind:
            return item
        entity = Entity(thing=(names, statement), items=["attribute", item])
        self.hold(entity, [item])
        self._unchecked.append(entity)
        return entity

    def hold(self, entity: Entity, items: list[Item]) -> None:
        """Note that an entity holds values, of which several may share a part."""
        if any(isinstance(item, Entity) and not item.kind for item in items):
            self._holders.append((entity, items))

    def statement(self, names: Mapping[str, Any], node: ast.stmt, kind: str = "statement") -> Entity:
        """Return the entity of a statement; with no kind it belongs to what refers to it."""
        key = (f"statement {kind}", id(node), str(id(names)))
        known = self._entities.get(key)
        if known is not None:
            return known
        where = self.where(str(names.get("__file__") or ""), node.lineno)
        entity = Entity(kind, f"{names.get('__name__')}:{node.lineno}", (names, node), where)
        return self._add(key, entity, modules.fill_statement)

    def effects(self, names: Mapping[str, Any]) -> Entity | None:
        """Return the entity of what importing a module does to libraries, or None when that is nothing."""
        key = ("effects", id(names), "")
        if key not in self._entities:
            self._entities[key] = Entity(thing=names)
            fill_effects(self, self._entities[key])
        entity = self._entities[key]
        return entity if entity.items or entity.packages or entity.shown else None

    def own_effects(self, names: Mapping[str, Any]) -> Effects:
        """Return what importing a module by itself does to libraries."""
        known = self._effects.get(id(names))
        if known is None:
            known = self._effects[id(names)] = find_effects(self, names)
        return known

    # -- finishing ------------------------------------------------------------------------------

    def finish(self) -> None:
        """Fill in every entity, fall back to statements for constants that say nothing, and note what is shared."""
        while self._new or self._unchecked:
            while self._new:
                entity = self._new.pop()
                self._fillers.pop(entity)(self, entity)
            unchecked, self._unchecked = self._unchecked, []
            for entity in unchecked:
                modules.fall_back(self, entity)
        holders, self._holders = self._holders, []
        for entity, items in holders:
            shared = spell_sharing(items)
            if shared:
                entity.items.append(shared)

    # -- questions ------------------------------------------------------------------------------

    def is_project_type(self, cls: type) -> bool:
        """Tell whether a class is the project's."""
        return self.origin_of_type(cls).kind == "project"

    def origin_of_type(self, cls: type) -> Origin:
        """Return where a class comes from: the project, a distribution or Python."""
        module = cls.__module__
        origin = self.origins.of_name(module if isinstance(module, str) else "builtins")
        if origin.kind == "project" and _is_compiled(cls):
            return STANDARD  # or of an extension module: what counts is the file, see refer_named
        return origin

    def project_modules(self) -> list[ModuleType]:
        """Return the loaded modules whose files lie where those of the project do."""
        found = [(module, getattr(module, "__file__", None)) for module in list(sys.modules.values())]
        return [
            module
            for module, file in found
            if isinstance(file, str)
            and file.startswith(self._folders)
            and self.origins.is_project(vars(module))
        ]

    def localize(self, text: str) -> str:
        """Return the text with the folders that hold the project replaced by a mark, and values that say nothing."""
        for value, name in self._unsaid.items():
            text = text.replace(value, f"\0${name}")
        for folder in self._roots:
            if folder in text:
                text = text.replace(folder + os.sep, "\0project/")
                if text.endswith(folder):
                    text = text.removesuffix(folder) + "\0project"
        return text

    def where(self, file: str, line: int | None) -> str:
        """Return where something stands, from the project's folder."""
        for folder in self._roots:
            if file.startswith(folder + os.sep):
                file = file[len(folder) + 1 :]
                break
        return f"{file}:{line}" if line and file else file


def _fill_value(walk: Walk, entity: Entity) -> None:
    fill_value(walk, entity, entity.thing)


def _fill_named(walk: Walk, entity: Entity) -> None:
    names, chain = entity.thing
    entity.items = [f"in text {'.'.join(chain)}", resolve(walk, entity, names, chain)]


def _is_compiled(thing: Any) -> bool:
    """Tell whether a thing is a class that no Python code made."""
    return isinstance(thing, type) and any(
        isinstance(value, WrapperDescriptorType | MethodDescriptorType) and value.__objclass__ is thing
        for value in vars(thing).values()
    )


def _text(thing: Any, name: str) -> str:
    try:
        found = getattr(thing, name, None)
    except Exception:  # whatever a stranger's property raises
        return ""
    return found if isinstance(found, str) else ""


def _roots_of(loaded: Iterable[ModuleType], root: str | None) -> tuple[str, ...]:
    """Return the folders that the project's modules are imported from, the longest first."""
    found = {os.path.abspath(root)} if root else set()  # noqa: PTH100 (links stay as the user wrote them)
    for module in loaded:
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and Path(file).is_absolute():
            levels = module.__name__.count(".") + (1 if hasattr(module, "__path__") else 0)
            found.add(str(Path(file).parents[min(levels, len(Path(file).parents) - 1)]))
    found |= {os.path.realpath(folder) for folder in found}
    return tuple(sorted((f for f in found if len(Path(f).parts) > 1), key=len, reverse=True))
