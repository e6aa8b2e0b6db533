"""What those that fill in entities may ask of the walk that they are part of.

The walk calls the fillers, and they call it back: both know this page, and neither the other's file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from types import FunctionType, ModuleType
from typing import Any, Protocol

from dagbuild.code.definitions import Definitions
from dagbuild.code.entities import Effects, Entity, Item
from dagbuild.code.library_words import LibraryWords
from dagbuild.code.origin import Origin, Origins


class Referrer(Protocol):
    """What encoding a value needs of the walk around it."""

    def refer(self, thing: Any) -> Item:
        """Return what stands for a thing in the content of another."""

    def refer_named(self, thing: Any) -> Item | None:
        """Return the item of something that a library defines under a name of its own, or None."""

    def is_project_type(self, cls: type) -> bool:
        """Tell whether a class is the project's."""

    def localize(self, text: str) -> str:
        """Return the text with the folders that hold the project replaced by a mark."""


class Walker(Referrer, Protocol):
    """What reading a function, a class, a module or its effects needs of the walk around it."""

    acting: dict[FunctionType, list[str]]
    """What functions of the project do to others, as far as it was asked."""

    def project_modules(self) -> list[ModuleType]:
        """Return the loaded modules whose files lie where those of the project do."""

    @property
    def definitions(self) -> Definitions:
        """Finds the text that loaded code was made from."""

    @property
    def origins(self) -> Origins:
        """Tells whose code a module is."""

    @property
    def library_words(self) -> LibraryWords:
        """Tells what libraries read of functions and classes that they are handed."""

    def origin_of_type(self, cls: type) -> Origin:
        """Return where a class comes from: the project, a distribution or Python."""

    def where(self, file: str, line: int | None) -> str:
        """Return where something stands, from the project's folder."""

    def refer_module(self, module: ModuleType) -> Item:
        """Return the item of a module that is used as a value: all of it counts."""

    def whole_module(self, names: Mapping[str, Any]) -> Entity:
        """Return the entity of everything that a module of the project defines."""

    def package(self, names: Mapping[str, Any]) -> Entity:
        """Return the entity of all modules of a package of the project."""

    def find_offered(self, texts: Iterable[str]) -> list[Item]:
        """Return the items of what distributions offer in the groups of entry points that the texts name."""

    def foreign(self, text: str, origin: Origin) -> Item:
        """Return the item of something that is defined elsewhere."""

    def constant(self, names: Mapping[str, Any], name: str, value: Any) -> Item:
        """Return the item of what a name of a module is bound to."""

    def attribute(self, names: Mapping[str, Any], statement: ast.stmt | None, value: Any) -> Item:
        """Return the item of an attribute of a class, which the statement binds."""

    def hold(self, entity: Entity, items: list[Item]) -> None:
        """Note that an entity holds values, of which several may share a part."""

    def statement(self, names: Mapping[str, Any], node: ast.stmt, kind: str = "statement") -> Entity:
        """Return the entity of a statement; with no kind it belongs to what refers to it."""

    def effects(self, names: Mapping[str, Any]) -> Entity | None:
        """Return the entity of what importing a module does to libraries, or None when that is nothing."""

    def own_effects(self, names: Mapping[str, Any]) -> Effects:
        """Return what importing a module by itself does to libraries."""
