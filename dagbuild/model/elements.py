"""What annotations say of sequences whose length is known only when a build runs.

`Parallelizable[T]` gives elements, `Collect[T]` takes all of them. Hamilton's own are told by where they come from, and
mean the same. Knows no node.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar, get_args, get_origin

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Parallelizable(Iterable[T_co], Protocol[T_co]):
    """Annotates what a function gives: elements, in order. What takes the node runs once for each of them.

    The function yields them, or returns a list or another iterable that has an order.
    """


if TYPE_CHECKING:
    Collect = list
else:

    class Collect(list[T]):
        """Annotates a parameter that takes all elements of the node, as a list in their order."""


def find_element(annotation: Any, kind: type) -> tuple[bool, Any]:
    """Tell whether an annotation is `kind`, which is one of the two, here or in Hamilton; and what the elements are.

    What `Annotated` says of all of them, it says of each.
    """
    if get_origin(annotation) is Annotated:
        found, element = find_element(annotation.__origin__, kind)
        return found, Annotated[(element, *annotation.__metadata__)] if found else annotation
    if not _is(annotation, kind):
        return False, annotation
    return True, next(iter(get_args(annotation)), Any)


def mentions(annotation: Any, kind: type) -> bool:
    """Tell whether an annotation is `kind`, or has it anywhere inside: a union with it, a list of it."""
    todo = [annotation]
    while todo:
        each = todo.pop()
        if _is(each, kind):
            return True
        todo += get_args(each)
    return False


def _is(annotation: Any, kind: type) -> bool:
    origin = get_origin(annotation) or annotation
    named = getattr(origin, "__module__", ""), getattr(origin, "__name__", "")
    return origin is kind or named == ("hamilton.htypes", kind.__name__)
