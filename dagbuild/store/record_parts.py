"""All records behind a URL, part by part, read anew: for who must know of every one.

Knows parts and lines, no blobs and nobody's keys. Guards: a record that was there when the reading began is seen, also
while others merge parts; and of what could not be read whole it is said that it could not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from dagbuild.ground.atomic import PART
from dagbuild.ground.secrets import mask_url
from dagbuild.store.compression import decompress
from dagbuild.store.lines import split_lines
from dagbuild.store.mirror import LARGEST
from dagbuild.store.object_info import Found
from dagbuild.store.remote import RemoteFolder, map_at_once
from dagbuild.store.remote_errors import RemoteOutageError
from dagbuild.store.segments import NAME

_LISTINGS = 16
"""Looks at the list, where parts are merged while they are read."""

_AT_ONCE = 8
_IN_MEMORY = 32 << 20
"""So many parts, and so many bytes of them as they lie there, are read at once: unpacked they are larger."""


@dataclass(frozen=True, slots=True)
class Part:
    """An object of records: its lines, or why they cannot be read."""

    name: str
    lines: tuple[bytes, ...]
    trouble: str = ""


def iter_parts(
    remote: RemoteFolder, folder: str, wanted: Callable[[str, Found], bool] = lambda *_: True
) -> Iterator[Part]:
    """Yield the parts in a folder, those too that come while they are read; in memory are some at a time.

    What is not called like a part counts as one that cannot be read, but for what systems drop into folders: its name
    begins with a dot. Raises RemoteDeniedError or RemoteOutageError.
    """
    seen: set[str] = set()
    for _ in range(_LISTINGS):
        there = remote.list_objects(folder)
        news = {
            name: found
            for name, found in there.items()
            if name not in seen and not name.endswith(PART) and name[:1] != "." and wanted(name, found)
        }
        if not news:
            return
        for group in _group(news):
            for part in map_at_once(partial(_read_part, remote, folder, news), group):
                if part is not None:  # else it was merged into another, which the next list names
                    seen.add(part.name)
                    yield part
    raise RemoteOutageError(f"the records in '{mask_url(remote.url)}' change faster than they can be read")


def _group(there: Mapping[str, Found]) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for name in sorted(there):
        if group and (len(group) == _AT_ONCE or size + there[name].size > _IN_MEMORY):
            yield group
            group, size = [], 0
        group.append(name)
        size += there[name].size
    yield group


def _read_part(remote: RemoteFolder, folder: str, there: Mapping[str, Found], name: str) -> Part | None:
    """Return a part, None when it is gone."""
    if not (name.endswith(".zst") and NAME.fullmatch(name.removesuffix(".zst"))):
        return Part(name, (), "it is not called like a part")
    if there[name].size > LARGEST:
        return Part(name, (), f"it takes {there[name].size:,} bytes, and {LARGEST:,} is the most")
    try:
        data = decompress(remote.read(f"{folder}/{name}", there[name].size), ".zst", LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Part(name, (), str(error))
    if len(data) > LARGEST:
        return Part(name, (), f"it is more than {LARGEST:,} bytes when unpacked")
    try:
        return Part(name, tuple(split_lines(data)), "" if data else "it is empty")
    except ValueError as error:
        return Part(name, (), str(error))
