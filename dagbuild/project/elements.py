"""What is given in the place of a node that gives elements: a list, each element of which is stored alone.

Knows how deep elements lie in each other, no plans and no codecs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagbuild.ground.errors import InputError
from dagbuild.model.node import Node
from dagbuild.model.record import Artifact


def type_of(node: Node) -> Any:
    """Return the type of a node's whole value: a list for each block that it has elements of."""
    kind = node.type
    for _ in node.axes:
        kind = list[kind]  # type: ignore[valid-type]  # made at run time
    return kind


def encode_given(
    node: Node, value: Any, encode: Callable[[Any], Artifact], join: Callable[[list[Artifact]], Artifact]
) -> Artifact:
    """Return the artifact of a value in a node's place; raises InputError for one that has no elements and must."""

    def of(part: Any, depth: int) -> Artifact:
        if not depth:
            return encode(part)
        if not isinstance(part, list):
            raise InputError(
                f"'{node.name}' gives elements, and a value of type '{type(part).__name__}' has none",
                where=str(node.where),
                hint="give a list of them",
            )
        return join([of(element, depth - 1) for element in part])

    return of(value, len(node.axes))
