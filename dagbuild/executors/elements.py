"""A call that gives elements: they are taken one by one while the call is watched, and stored each alone.

Knows one node's function and its artifacts; nothing of who takes an element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.ground.errors import CodecError, StoreError
from dagbuild.model.record import Artifact

_NONE = (str, bytes, bytearray, set, frozenset)
"""What can be gone through and is no sequence of elements: a text is one value, and sets have no order."""


def listing(function: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Return a function that lists what the node's function gives; a generator runs in it, whole.

    Raises TypeError for what gives no elements, or none in an order.
    """

    def call(**arguments: Any) -> list[Any]:
        given = function(**arguments)
        if isinstance(given, _NONE) or not isinstance(given, Iterable):
            kind = type(given).__name__
            raise TypeError(
                f"it gives elements, and returned one value of type '{kind}': yield them, or return a list"
            )
        return list(given)

    return call


def save_elements(artifacts: Artifacts, elements: Iterable[Any], save: Callable[[Any], Artifact]) -> Artifact:
    """Store each element, and return the artifact that they are together.

    Raises CodecError, which says which one it was, for an element that cannot be stored.
    """
    saved: list[Artifact] = []
    try:
        for element in elements:
            saved.append(save(element))
        return artifacts.join(saved)
    except (CodecError, StoreError) as error:
        problem = error.problems[0] if isinstance(error, CodecError) else None
        message = problem.message if problem else str(error)
        raise CodecError(
            f"element {len(saved)}: {message}", hint=problem.hint if problem else None
        ) from error
