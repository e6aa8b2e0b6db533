"""One node to several: the fields of a dict, the elements of a tuple.

The node itself keeps the function's name; each part is a node whose function is a small operation.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagbuild.ground.errors import UserError, did_you_mean
from dagbuild.model.node import Node, Parameter, Source
from dagbuild.model.types import describe_type, plain_type
from dagbuild.modifiers.base import Context, NodeModifier, Stage, derive, list_names, single_last
from dagbuild.modifiers.columns import fill_node


@dataclass(frozen=True, slots=True)
class ExtractField:
    """Takes one entry of a dict."""

    field: str
    node: str

    def __call__(self, fields: Any) -> Any:
        """Return the entry; raises UserError when there is none."""
        if self.field not in fields:
            raise UserError(
                f"node '{self.node}' has no field '{self.field}'; its fields are {list_names(list(fields))}",
                hint=did_you_mean(self.field, [name for name in fields if isinstance(name, str)]),
            )
        return fields[self.field]


@dataclass(frozen=True, slots=True)
class FillFields:
    """Calls the user's function, and gives its dict with the fields that it lacks."""

    function: Callable[..., Any]
    fields: tuple[str, ...]
    fill_with: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the dict, another one where something was missing."""
        given = self.function(*args, **kwargs)
        missing = [field for field in self.fields if field not in given]
        return {**given, **dict.fromkeys(missing, self.fill_with)} if missing else given


class extract_fields(NodeModifier):  # noqa: N801
    """Make a node of each of these fields of the dict that the function returns.

    Fields are given as {"name": type}, or as names when the function returns `dict[str, T]`, or not at all
    when it returns a TypedDict. `fill_with` stands in for a field that is missing; without it that is an
    error.
    """

    stage = Stage.TRANSFORM

    def __init__(
        self,
        fields: Mapping[str, Any] | Sequence[str] | str | None = None,
        *others: str,
        fill_with: Any = None,
    ) -> None:
        self._types: Mapping[str, Any] | None = None
        if isinstance(fields, Mapping):
            self._types = dict(fields)
            if others:
                raise self.error("give either a dict of types or names, not both")
            names: tuple[Any, ...] = tuple(fields)
        else:
            names = (*(() if fields is None else (fields,) if isinstance(fields, str) else fields), *others)
        if fields is not None and not names:
            raise self.error("no fields are given")
        for name in names:
            if not isinstance(name, str):
                raise self.error(f"{name!r} is no name of a field")
        self._names = names
        self._fill_with = fill_with

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Add the fields' nodes behind the dict's, which is filled."""
        whole = single_last(nodes, self)
        types = self._find_types(whole)
        if self._fill_with is not None:
            filled = FillFields(whole.function, tuple(types), self._fill_with)
            full = fill_node(whole, filled, self._fill_with, "extract_fields")
            nodes = [full if node is whole else node for node in nodes]
        return [
            *nodes,
            *(
                derive(
                    whole,
                    name=name,
                    type=kind,
                    function=ExtractField(name, whole.name),
                    parameters=(Parameter("fields", whole.type, Source(whole.name), item=name),),
                    sources=(),
                    operation=f"extract_fields/1:{name}",
                )
                for name, kind in types.items()
            ),
        ]

    def _find_types(self, node: Node) -> dict[str, Any]:
        form = plain_type(node.type)
        kind = typing.get_origin(form) or form
        known: Mapping[str, Any] = {}
        if typing.is_typeddict(kind):
            known = typing.get_type_hints(kind)
        elif not (isinstance(kind, type) and issubclass(kind, Mapping)):
            raise self.error(f"'{node.name}' returns {describe_type(node.type)}, which is no dict")
        if self._types is not None:
            return dict(self._types)
        arguments = typing.get_args(form)
        if not known and (not self._names or len(arguments) != 2):
            raise self.error(
                f"the types of the fields of '{node.name}' are not known",
                hint="extract_fields({'name': type}), or annotate with dict[str, T] or a TypedDict",
            )
        if not known:
            return dict.fromkeys(self._names, arguments[1])
        for name in self._names:
            if name not in known:
                raise self.error(
                    f"{describe_type(kind)} has no field '{name}'", hint=did_you_mean(name, known)
                )
        return {name: known[name] for name in self._names or known}


@dataclass(frozen=True, slots=True)
class ExtractElement:
    """Takes one element of a tuple."""

    position: int

    def __call__(self, elements: Any) -> Any:
        """Return the element."""
        return elements[self.position]


class unpack_fields(NodeModifier):  # noqa: N801
    """Make a node of each element of the tuple that the function returns, under these names in order."""

    stage = Stage.TRANSFORM

    def __init__(self, *fields: str) -> None:
        if not fields or not all(isinstance(name, str) for name in fields):
            raise self.error("names of the elements are needed")
        self._names = fields

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Add the elements' nodes behind the tuple's."""
        whole = single_last(nodes, self)
        form = plain_type(whole.type)
        origin: Any = typing.get_origin(form) or form
        if origin is not tuple:
            raise self.error(f"'{whole.name}' returns {describe_type(whole.type)}, which is no tuple")
        types = typing.get_args(form)
        if len(types) == 2 and types[1] is Ellipsis:
            types = types[:1] * len(self._names)
        types = types or (Any,) * len(self._names)
        if len(types) < len(self._names):
            raise self.error(f"{len(self._names)} names for the {len(types)} elements of '{whole.name}'")
        return [
            *nodes,
            *(
                derive(
                    whole,
                    name=name,
                    type=types[position],
                    function=ExtractElement(position),
                    parameters=(Parameter("elements", whole.type, Source(whole.name), item=position),),
                    sources=(),
                    operation=f"unpack_fields/1:{position}",
                )
                for position, name in enumerate(self._names)
            ),
        ]
