"""What a thing of the project means, with all that it reaches: one digest, and the leaves that it is made of."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, get_args, get_origin

from dagbuild.code.changes import NOWHERE, Concern, Places, find_places
from dagbuild.code.components import digest_all, digest_own
from dagbuild.code.entities import Entity, Item, Unordered, reach_values
from dagbuild.code.form_memo import FormMemo
from dagbuild.code.hiding import Hiding
from dagbuild.code.outlines import Outlines
from dagbuild.code.places import Content, Place, look_at
from dagbuild.code.references import load_module
from dagbuild.code.reflection import CALLERS, RAISES, READERS, find_kinds
from dagbuild.code.scopes import Chain
from dagbuild.code.seeds import find_seeded
from dagbuild.code.sharing import spell_sharing
from dagbuild.code.texts import find_named
from dagbuild.code.walk import Walk
from dagbuild.code.wrappers import SAID_BY_STATEMENT
from dagbuild.ground.digest import Digest, digest_json
from dagbuild.ground.environment import Variables
from dagbuild.model.record import Note


class Leaf(NamedTuple):
    """One thing that a closure reaches, by itself: its digest changes where it was edited, not what it uses.

    `kind` is function for what the closure was asked for, else helper, class, constant, statement or module.
    """

    kind: str
    name: str
    digest: Digest
    where: str
    text: str = ""


class Closure(NamedTuple):
    """What things of the project mean.

    The digest is free of file, module name and line. `packages` are distributions that it imports, `notes` say
    where the digest holds more or less than what the code uses, `files` are paths in constants and literals that name
    an existing file, and `environment` the variables that the code is seen to read. `named` says that the digest holds
    the names of parameters.
    """

    digest: Digest
    leaves: tuple[Leaf, ...]
    packages: tuple[str, ...]
    notes: tuple[Note, ...]
    files: tuple[str, ...]
    environment: tuple[str, ...]
    named: bool = True


class SourceReader:
    """Reads closures; one per load, since it takes the values that modules hold now.

    The project's code is the top-level packages of `modules`, and whatever else lies outside the standard library
    and installed distributions. `root` is the project's folder: paths below it say only where below it they are.
    `variables` hide what may have come of the environment, and what those hold that are ignored says nothing.
    `memo` knows forms of functions from an earlier process.
    """

    def __init__(
        self,
        modules: Iterable[ModuleType],
        root: str | None = None,
        variables: Variables | None = None,
        memo: FormMemo | None = None,
    ) -> None:
        self._modules = tuple(modules)
        variables = variables or Variables()
        self._seeded: frozenset[str] | None = None
        self._walk = Walk(self._modules, root, variables.ignored, memo)
        self._digests: dict[Entity, Digest] = {}
        self._seen: dict[frozenset[str], dict[Entity, Digest]] = {frozenset(): self._digests}
        self._own: dict[Entity, Digest] = {}
        self._leaves: dict[Entity, Leaf] = {}
        self._files: dict[str, bool] = {}
        self._named: dict[tuple[str, int], list[Chain]] = {}
        self._links: dict[Entity, list[Entity]] = {}
        self._reached: dict[tuple[Entity, ...], list[Entity]] = {}
        self._plain: dict[int, tuple[Any, bool]] = {}
        self._places: dict[int, tuple[Any, Entity | None]] = {}
        self._of: dict[int, tuple[Any, list[Entity]]] = {}
        self._changed: dict[Entity, Places] = {}
        self._outlines = Outlines(self._walk, self._digests, self._own)
        self._hiding = Hiding(self._outlines, variables)

    def closure(
        self, things: Sequence[Any], ignore: Sequence[Any] = (), *, called_by_name: bool = False
    ) -> Closure:
        """Return what the things mean together, in order; what is in `ignore` does not count.

        With `called_by_name` the first thing's parameters are called by keywords that are ours to choose: where
        nothing else sees their names, their places count instead.
        """
        by_place = self._by_place(things[0]) if called_by_name else None
        items = self._refer_all(by_place, things)
        skipped = [item for item in (self._walk.refer(thing) for thing in ignore) if isinstance(item, Entity)]
        self._walk.finish()
        entities = [item for item in items if isinstance(item, Entity)]
        asked = set(entities)
        reached = self._reach(entities, set(skipped))
        while found := [*self._subclasses(reached), *self._named_by_others(reached)]:
            entities += found
            reached = self._reach(entities, set(skipped))
        self._of.setdefault(id(things[0]), (things[0], reached))
        kinds = _find_kinds(reached)
        # What is left out changes the digest of all that reaches it: those digests are for this closure only.
        known = self._seen.setdefault(kinds, {})
        digests = {entity: Digest("ignored") for entity in skipped} if skipped else known
        digest_all(entities, digests, kinds, self._hiding.digest)
        if kinds:  # the outlines of values are made of these
            digest_all(entities, self._digests, digest=self._hiding.digest)
        named = [entity for entity in reached if entity.kind]
        digest_own(named, self._own, self._hiding.digest)
        subclasses = sorted(digests[entity] for entity in entities if entity not in asked)
        parts = [
            self._hiding.cover(thing, digests[item] if isinstance(item, Entity) else _plain(item))
            for thing, item in zip(things, items, strict=True)
        ]
        shared = spell_sharing(items) if len(items) > 1 else ""  # of values that decorators give
        return Closure(
            digest_json([parts, sorted(kinds), subclasses, *([shared] if shared else [])]),
            tuple(self._leaf(entity, asked) for entity in named),
            tuple(sorted({package for entity in reached for package in entity.packages})),
            tuple(dict.fromkeys(self._notes_of(reached))),
            tuple(sorted({path for entity in reached for path in entity.strings if self._is_file(path)})),
            tuple(sorted({name for entity in reached for name in entity.environment})),
            named=by_place is None,
        )

    def _notes_of(self, reached: Iterable[Entity]) -> Iterator[Note]:
        for entity in reached:
            for note in entity.notes:
                known = note.where or entity.kind != "constant"
                # Where a constant stands is looked up for those that are spoken of.
                yield note if known else replace(note, where=self._leaf(entity, ()).where)

    def is_plain(self, thing: Any) -> bool:
        """Tell whether a thing is a function of the project whose name no decorator has seen."""
        known = self._plain.get(id(thing))
        if known is None:
            known = self._plain[id(thing)] = (thing, self._walk.is_plain(thing))
        return known[1]

    def find_packages(self, annotation: Any) -> set[str]:
        """Return the distributions whose classes an annotation names."""
        found: set[str] = set()
        todo = [annotation]
        while todo:
            form = todo.pop()
            todo += [get_origin(form), *get_args(form)] if get_args(form) else []
            if isinstance(form, type):
                found.add(self._walk.origins.of_name(form.__module__).distribution)
        return found - {""}

    def _by_place(self, thing: Any) -> Entity | None:
        """Return what stands for a function when its parameters count by their places; None when they may not."""
        if id(thing) not in self._places:
            entity = self._walk.refer_node(thing) if self.is_plain(thing) else None
            self._walk.finish()
            if entity is not None and any(each.marks & CALLERS for each in self._reach([entity], ())):
                entity = None
            self._places[id(thing)] = (thing, entity)
        return self._places[id(thing)][1]

    def _refer_all(self, first: Entity | None, things: Sequence[Any]) -> list[Item]:
        """Return the items of the things; `first` stands for the first of them where it is given."""
        items: list[Item] = [] if first is None else [first]
        return items + [self._walk.refer(thing) for thing in things[len(items) :]]

    def carried(self, names: Iterable[str]) -> Digest | None:
        """Return what the project's classes and functions named ("features.io:Model") mean together.

        None when none of them is the project's. A stored value that refers to code by name changes with the code.
        """
        things = [thing for name in sorted(set(names)) if (thing := self._find(name)) is not None]
        return self.closure(things).digest if things else None

    def _find(self, name: str) -> Any:
        module, _, path = name.partition(":")
        if self._walk.origins.of_name(module).kind != "project":
            return None
        found: Any = load_module(module)  # as who reads the value does
        for part in path.split("."):
            found = getattr(found, part, None)
        return found

    def value(self, value: Any) -> Digest | None:
        """Return the digest of a value's content, or None when it says nothing; functions count by closure."""
        item = self._walk.refer(value)
        self._walk.finish()
        if not isinstance(item, Entity):
            return Digest(self._hiding.cover(value, digest_json(_plain(item))))
        if any(entity.opaque not in {"", SAID_BY_STATEMENT} for entity in reach_values(item)):
            return None
        digest_all([item], self._digests, digest=self._hiding.digest)
        return Digest(self._hiding.cover(value, self._digests[item]))

    def outline(self, value: Any) -> str:
        """Return the outline of a value that is there for everybody to read, such as one that a decorator gives."""
        return self._outlines.write_value(value)

    def tell_setting(self, name: str, value: Any) -> tuple[str, str]:
        """Return the digest and the outline of a config value; of a secret, a digest that nobody can guess."""
        return self._hiding.tell_setting(name, value, self.value(value) or "")

    def _reach(self, roots: Sequence[Entity], stop: Collection[Entity]) -> list[Entity]:
        """Return the entities that can be reached, in the order of the walk."""
        if stop:
            return self._walk_from(roots, stop)
        key = tuple(roots)
        if key not in self._reached:
            self._reached[key] = self._walk_from(roots, ())
        return self._reached[key]

    def _walk_from(self, roots: Iterable[Entity], stop: Collection[Entity]) -> list[Entity]:
        found = dict.fromkeys(root for root in roots if root not in stop)
        todo = list(reversed(found))
        while todo:
            entity = todo.pop()
            links = self._links.get(entity)
            if links is None:
                links = self._links[entity] = entity.neighbours()
            for other in links:
                if other not in found and other not in stop:
                    found[other] = None
                    todo.append(other)
        return list(found)

    def _subclasses(self, reached: Sequence[Entity]) -> list[Entity]:
        """Return the project's classes that code in the closure may find by their bases, new ones only."""
        if not any("__subclasses__" in entity.marks for entity in reached):
            return []
        classes = {entity.thing for entity in reached if entity.kind == "class"}
        new: dict[type, None] = {}
        todo = [*classes, *(base for entity in reached for base in entity.bases)]
        while todo:
            cls = todo.pop()
            for sub in type.__subclasses__(cls):
                if self._walk.is_project_type(sub):
                    new |= {} if sub in classes else {sub: None}
                elif cls not in classes:
                    todo.append(sub)  # a library's own, between its base and the project
        items = [self._walk.refer(sub) for sub in new]
        self._walk.finish()
        return [item for item in items if isinstance(item, Entity)]

    def _names_in(self, text: str, names: Mapping[str, Any]) -> list[Chain]:
        key = (text, id(names))
        if key not in self._named:
            self._named[key] = list(find_named([text], names, read=True))
        return self._named[key]

    def _named_by_others(self, reached: Sequence[Entity]) -> list[Entity]:
        """Return what texts name in the modules of code that reads texts which others hand it, new ones only."""
        readers = {
            id(names): names
            for entity in reached
            if not READERS.isdisjoint(entity.marks) and isinstance(entity.thing, FunctionType)
            for names in [entity.thing.__globals__]
        }
        if not readers:
            return []
        texts = dict.fromkeys(text for entity in reached for text in entity.texts)
        found = {
            self._walk.named(names, chain): None
            for names in readers.values()
            for text in texts
            for chain in self._names_in(text, names)
        }
        self._walk.finish()
        known = set(reached)
        return [entity for entity in found if entity not in known]

    def find_functions(self, things: Sequence[Any], ignore: Sequence[Any] = ()) -> list[FunctionType]:
        """Return the project's functions that the things reach, themselves included, each once."""
        reached = self._reach_from(things, ignore)
        functions = (e.thing for e in reached if e.kind == "helper" and isinstance(e.thing, FunctionType))
        return list(dict.fromkeys(functions))

    def _reach_from(self, things: Sequence[Any], ignore: Sequence[Any]) -> list[Entity]:
        items = self._refer_all(self._by_place(things[0]), things)
        skipped = [self._walk.refer(thing) for thing in ignore]
        self._walk.finish()
        return self._reach(
            [item for item in items if isinstance(item, Entity)],
            {item for item in skipped if isinstance(item, Entity)},
        )

    def find_seeded(self) -> frozenset[str]:
        """Return the shared generators of random numbers, by module, that importing the project seeds."""
        if self._seeded is None:
            self._seeded = find_seeded(self._walk, self._modules)
        return self._seeded

    def find_places(self, function: Any) -> Places:
        """Return where a function, whose closure was asked for, can change what modules and classes hold."""
        _, reached = self._of.get(id(function), (None, ()))
        found = []
        for entity in reached:
            known = self._changed.get(entity)
            if known is None:
                known = self._changed[entity] = find_places(self._walk, entity)
            if known is not NOWHERE:
                found.append(known)
        return found[0] if len(found) == 1 else Places.join(found) if found else NOWHERE

    def look_at(self, place: Place) -> Content:
        """Return what a place holds, so that a later change shows."""
        return look_at(self._walk, place.get())

    def find_concerned(self, owners: Iterable[Any], place: Place, before: Content) -> str:
        """Return the name of a function whose closure sees what has changed at a place; not one of these functions.

        Nothing where nobody does, or where the change is that of a memo, which each fills for itself.
        """
        concern = Concern(self._walk, [reached for _, reached in self._of.values()])
        found = concern.find_reader(place, list(owners), filled=before.is_filled(place.get()))
        return found.name if found else ""

    def where(self, code: CodeType, line: int) -> str:
        """Return where a line of code stands, from the project's folder."""
        return self._walk.where(code.co_filename, line)

    def _leaf(self, entity: Entity, asked: Collection[Entity]) -> Leaf:
        if entity in asked and entity.kind == "helper":
            text = self._outlines.write(entity)
            return Leaf("function", entity.name, self._own[entity], entity.where, text)
        known = self._leaves.get(entity)
        if known is None:
            name, where = entity.name, entity.where
            if entity.kind == "constant":
                name, where = self._outlines.place(entity)
            known = Leaf(entity.kind, name, self._own[entity], where, self._outlines.write(entity))
            self._leaves[entity] = known
        return known

    def _is_file(self, path: str) -> bool:
        known = self._files.get(path)
        if known is None:
            try:
                known = Path(self._walk.root or ".", path).is_file()
            except (OSError, ValueError):
                known = False
            self._files[path] = known
        return known


def digest_value(value: Any) -> Digest | None:
    """Return the digest of a constant's content, the same in every process; None when it says nothing."""
    return SourceReader(()).value(value)


def _plain(item: Item) -> str:
    assert not isinstance(item, Unordered | Entity)
    return item


def _warns(reached: Sequence[Entity]) -> bool:
    """Tell whether a library that the closure names has modules which know of warnings."""
    texts = {item for entity in reached if entity.packages for item in entity.items if isinstance(item, str)}
    tops = {text.partition(" ")[2].partition(".")[0].partition(":")[0] for text in texts if " " in text}
    return any(
        name.partition(".")[0] in tops and vars(module).get("warnings") is warnings
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
    )


def _find_kinds(reached: Sequence[Entity]) -> frozenset[str]:
    """Return what code in the closure sees at run time of that which a normal form leaves out."""
    marks = frozenset().union(*(entity.marks for entity in reached))
    kinds = find_kinds(marks)
    if RAISES in marks and _warns(reached):
        kinds |= {"errors"}
    readers = [entity.readers for entity in reached if entity.readers is not None]
    if readers and "doc" not in kinds:
        words = frozenset().union(*(entity.words for entity in reached))
        if any(reads(words) for reads in readers):
            return kinds | {"doc"}
    return kinds
