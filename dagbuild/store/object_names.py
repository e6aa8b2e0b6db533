"""What lies in a shared store besides records, by the names of the objects.

    blobs/ab/xxh3-....zst|raw       a blob
    packs/ab/....                   small blobs one after the other, under the SHA-256 of all
    *.part                          what somebody who was killed has not finished

Knows names and places, no bytes. Guards: what bears any other name is nobody's business here, and no text of a record
becomes a name that leads elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from dagbuild.ground.atomic import PART
from dagbuild.ground.digest import is_digest
from dagbuild.model.place import PackPlace
from dagbuild.model.record import BlobRef, Record
from dagbuild.store.drivers import AT_ONCE
from dagbuild.store.remote import RemoteFolder, map_at_once

_BLOB = r"xxh3-([0-9a-f]{2})[0-9a-f]{30}"
_PACK = r"([0-9a-f]{2})[0-9a-f]{62}"
_UNFINISHED = rf"(?P<unfinished>\.[0-9a-f]{{8}}{re.escape(PART)})?"
_NAMES = {
    "blobs": re.compile(rf"(?P<name>{_BLOB})(?P<suffix>\.(?:zst|raw)){_UNFINISHED}"),
    "packs": re.compile(rf"(?P<name>{_PACK})(?P<suffix>){_UNFINISHED}"),
}
_FOLDER = re.compile(r"[0-9a-f]{2}")
_ANY_NAME = re.compile(rb"xxh3-[0-9a-f]{32}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that holds blobs: its path from the store's folder on, and the `name` by which records speak of it.

    `suffix` says how a blob is stored; it is empty of packs. `modified` is by the clock over there. What is not
    finished has no name.
    """

    path: str
    name: str
    suffix: str
    size: int
    modified: float | None


def iter_stored(remote: RemoteFolder) -> Iterator[list[Stored]]:
    """Yield all objects that hold blobs, those of some folders at a time: a few requests for each thousand of them."""
    for top, pattern in _NAMES.items():
        folders = sorted(name for name in remote.list(top) if _FOLDER.fullmatch(name))
        for start in range(0, len(folders), AT_ONCE):
            found = map_at_once(partial(_list_stored, remote, top, pattern), folders[start : start + AT_ONCE])
            yield [stored for each in found for stored in each]


def _list_stored(remote: RemoteFolder, top: str, pattern: re.Pattern[str], folder: str) -> list[Stored]:
    stored = []
    for name, found in remote.list_objects(f"{top}/{folder}").items():
        told = pattern.fullmatch(name)
        if told and told[2] == folder:
            known = "" if told["unfinished"] else told["name"]
            path = f"{top}/{folder}/{name}"
            stored.append(Stored(path, known, told["suffix"], found.size, found.modified))
    return stored


def names_in(record: Record) -> set[str]:
    """Return the names of all objects that a record's blobs may lie in."""
    names: set[str] = set()
    for ref in record.artifact.all_blobs:
        names.update(name_objects(ref))
    return names


def name_objects(ref: BlobRef) -> Iterator[str]:
    """Yield the names of the objects that a blob may lie in."""
    if is_digest(ref.digest):
        yield str(ref.digest)
    if place := PackPlace.parse(ref.place):
        yield place.pack


def names_in_text(text: bytes) -> set[str]:
    """Return whatever in a text could be such a name, of which nobody here knows what it says."""
    return {name.decode("ascii") for name in _ANY_NAME.findall(text)}
