"""What annotations say of sequences whose length is known only when a build runs.

`Parallelizable[T]` gives elements, `Collect[T]` takes all of them. Hamilton's own are told by where they come from, and
mean the same. Knows no node.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, get_args, get_origin

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
    """Tell whether an annotation is `kind`, which is one of the two, here or in Hamilton; and what the elements are."""
    origin = get_origin(annotation) or annotation
    if origin is not kind and (getattr(origin, "__module__", ""), getattr(origin, "__name__", "")) != (
        "hamilton.htypes",
        kind.__name__,
    ):
        return False, annotation
    return True, next(iter(get_args(annotation)), Any)
