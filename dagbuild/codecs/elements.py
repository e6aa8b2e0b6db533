"""The artifact of a sequence of elements: each of them as it is stored alone, and nothing stored twice.

Knows artifacts and no store. What is said of each element stands in the metadata, or in a blob where that is long.
Guards: who may read the whole may read an element, and nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dagbuild.codecs.encoding import LONG_FORM
from dagbuild.codecs.in_record import is_its_form
from dagbuild.ground.digest import canonical_json
from dagbuild.model.record import Artifact, BlobRef

ELEMENTS = "elements/1"
"""The codec's name of what is stored element by element."""

Item = list[Any]
"""An element's codec, metadata, blobs (their places in those of the whole), `code`, `names` and `carried`."""


def join_elements(elements: Sequence[Artifact], put_blob: Callable[[bytes], BlobRef]) -> Artifact:
    """Return the artifact that the elements are together; `put_blob` stores what tells of many of them."""
    places: dict[BlobRef, int] = {}
    for element in elements:
        for ref in element.blobs:
            places.setdefault(ref, len(places))
    items = [_write_item(element, places) for element in elements]
    meta: dict[str, Any] = {"about": {"kind": "elements", "length": len(elements)}}
    blobs = list(places)
    text = canonical_json(items)
    if len(text) > LONG_FORM:
        blobs.append(put_blob(text))
    else:
        meta["items"] = items
    # Where they refer to code that means different things, no one digest says what: see `carries_one`.
    carried = next((element.carried for element in elements if element.carried), "")
    libraries = {name: version for element in elements for name, version in element.libraries.items()}
    return Artifact(
        ELEMENTS,
        meta,
        tuple(blobs),
        any(element.code for element in elements),
        dict(sorted(libraries.items())),
        tuple(sorted({name for element in elements for name in element.names})),
        carried,
        data_only=any(map(is_strange, elements)),
    )


def is_strange(element: Artifact) -> bool:
    """Tell whether somebody whom nobody trusts may have chosen how an element is read; a number is what it is."""
    return element.data_only and not is_its_form(element)


def carries_one(elements: Sequence[Artifact]) -> bool:
    """Tell whether one digest says what the project's code means that the elements refer to."""
    return len({element.carried for element in elements if element.carried}) <= 1


def split_elements(
    artifact: Artifact, get_blob: Callable[[BlobRef], Any], *, forbidden: bool
) -> list[Artifact]:
    """Return the elements of a sequence; `forbidden`: whoever could write the blob that tells of them is a stranger.

    Raises ValueError for what is no sequence of elements.
    """
    if artifact.codec != ELEMENTS:
        raise ValueError("it is no sequence of elements")
    items, blobs, data_only = artifact.meta.get("items"), artifact.blobs, artifact.data_only
    if items is None:
        items, blobs = json.loads(bytes(get_blob(blobs[-1]))), blobs[:-1]
        data_only = data_only or forbidden
    elements = [_read_item(item, blobs, artifact.libraries) for item in items]
    return [replace(each, data_only=True) for each in elements] if data_only else elements


def count_elements(artifact: Artifact) -> int | None:
    """Return how many elements there are, as far as the metadata tells."""
    about = artifact.meta.get("about") if artifact.codec == ELEMENTS else None
    return about.get("length") if isinstance(about, Mapping) else None


def _write_item(element: Artifact, places: Mapping[BlobRef, int]) -> Item:
    item: Item = [
        element.codec,
        element.meta,
        [places[ref] for ref in element.blobs],
        element.code,
        list(element.names),
        element.carried,
    ]
    while len(item) > 2 and not item[-1]:
        item.pop()
    return item


def _read_item(item: Any, blobs: Sequence[BlobRef], libraries: Mapping[str, str]) -> Artifact:
    parts: list[Any] = list(item)
    parts += [[], False, [], ""][len(parts) - 2 :]
    codec, meta, numbers, code, names, carried = parts
    told = isinstance(codec, str) and isinstance(meta, dict) and isinstance(carried, str)
    if not (told and all(type(number) is int and 0 <= number < len(blobs) for number in numbers)):
        raise ValueError("what is said of an element is of no value")
    refs = tuple(blobs[number] for number in numbers)
    return Artifact(codec, meta, refs, bool(code), libraries, tuple(map(str, names)), carried)
