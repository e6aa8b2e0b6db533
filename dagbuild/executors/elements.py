"""A call that gives elements: they are taken one by one while the call is watched, and stored each alone.

Knows one node's function and its artifacts; nothing of who takes an element. Guards: an element is what it was when the
function gave it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized
from pathlib import Path
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.ground.digest import Digest
from dagbuild.ground.errors import CodecError, StoreError
from dagbuild.model.record import Artifact

_NONE = (str, bytes, bytearray, set, frozenset)
"""What can be gone through and is no sequence of elements: a text is one value, and sets have no order."""

_FIXED = (int, float, complex, str, bytes, bool, type(None))
"""What nobody can change once it is yielded."""

DigestOf = Callable[[Any], "Digest | None"]


class Elements(list[Any]):
    """What a function gave, and of what a generator yielded also the digests at that moment, where it can change."""

    def __init__(self, given: Iterable[Any], digest_of: DigestOf) -> None:
        super().__init__()
        self.digests: list[Digest | None] = []
        whole = isinstance(given, Sized)  # nothing of the function's runs between two of them
        for element in given:
            self.append(element)
            self.digests.append(None if whole or isinstance(element, _FIXED) else digest_of(element))


def listing(function: Callable[..., Any], digest_of: DigestOf) -> Callable[..., Elements]:
    """Return a function that lists what the node's function gives; a generator runs in it, whole.

    Raises TypeError for what gives no elements, or none in an order.
    """

    def call(**arguments: Any) -> Elements:
        given = function(**arguments)
        if told := _tell_unfit(given):
            raise TypeError(f"it gives elements, and returned {told}")
        return Elements(given, digest_of)

    return call


def _tell_unfit(given: Any) -> str:
    """Say of what is no sequence of elements what it is, and what to return instead."""
    kind = f"type '{type(given).__name__}'"
    if isinstance(given, Mapping):
        instead = "list(...) of it, or of its values() or items()"
        return f"one value of {kind}, whose keys would be the elements: return {instead}"
    if hasattr(given, "columns") and hasattr(given, "shape"):
        return f"one value of {kind}, whose columns' names would be the elements: return a list of its rows or parts"
    if isinstance(given, _NONE) or not isinstance(given, Iterable):
        return f"one value of {kind}: yield them, or return a list"
    return ""


def find_digest(artifacts: Artifacts, form: str | None, element: Any) -> Digest | None:
    """Return the digest of an element as it is now; None where it has paths, which may stand for what lies there."""
    paths: list[Path] = []

    def takes(path: Path) -> bool:
        paths.append(path)
        return False

    try:
        artifact, _ = artifacts.encode(element, form, takes)
    except (CodecError, StoreError):
        return None  # whoever stores it says why
    return None if paths else artifact.digest


def save_elements(
    artifacts: Artifacts,
    elements: Iterable[Any],
    save: Callable[[Any], Artifact],
    carry: Callable[[Artifact], Artifact],
) -> Artifact:
    """Store each element, and return the artifact that they are together.

    `carry` completes each. Raises CodecError, which says which one it was, for an element that cannot be stored, or is
    no longer what was yielded.
    """
    digests = elements.digests if isinstance(elements, Elements) else []
    saved: list[Artifact] = []
    try:
        for number, element in enumerate(elements):
            artifact = save(element)
            if number < len(digests) and digests[number] not in (None, artifact.digest):
                raise CodecError(
                    "it has become another value since it was yielded", hint="yield a copy of it each time"
                )
            saved.append(carry(artifact))
        return artifacts.join(saved)
    except (CodecError, StoreError) as error:
        problem = error.problems[0] if isinstance(error, CodecError) else None
        message = problem.message if problem else str(error)
        raise CodecError(
            f"element {len(saved)}: {message}", hint=problem.hint if problem else None
        ) from error
