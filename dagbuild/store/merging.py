"""Make one part of many: what years of builds have left in a shared store is read with a few requests.

Knows lines and names of parts, nothing of what the lines say: each bears its own digest and signature, so whoever may
write may merge. Guards: the merged part is there before any that it stands for goes; what was not read whole is not
merged; and a part goes only when just its lines are in a newer one, so that two who merge at once lose nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from dagbuild.store.lines import split_lines
from dagbuild.store.remote import RemoteFolder, map_at_once

MANY = 16
"""More parts than that are merged, of those that are not large."""

LARGE = 8 << 20
"""Bytes of lines from which on a part is left as it is: others would have to copy it anew."""

FULL = 24 << 20
"""Bytes of lines in one part at most: far less than readers refuse."""


def merge_lines(parts: Mapping[str, bytes]) -> tuple[bytes, list[str]]:
    """Return the lines of parts, each once, and which parts they stand for: all that are whole."""
    lines: dict[bytes, None] = {}
    merged = []
    for name, data in sorted(parts.items()):
        try:
            found = split_lines(data)
        except ValueError:
            continue
        if found:  # what is empty may have been longer
            lines.update(dict.fromkeys(found))
            merged.append(name)
    return b"".join(lines), merged


def merge_parts(remote: RemoteFolder, parts: Mapping[str, bytes], send: Callable[[bytes], None]) -> None:
    """Put one part in the place of these, or some where they are much; `send` makes a part of lines behind the URL."""
    for group in _group(parts):
        data, merged = merge_lines(group)
        if len(merged) > 1:
            send(data)
            map_at_once(partial(_remove, remote), merged)


def _group(parts: Mapping[str, bytes]) -> Iterator[dict[str, bytes]]:
    """Yield parts in groups, each of which is one part's worth."""
    group: dict[str, bytes] = {}
    room = FULL
    for name, data in sorted(parts.items()):
        if len(data) > room:
            yield group
            group, room = {}, FULL
        group[name] = data
        room -= len(data)
    yield group


def _remove(remote: RemoteFolder, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # somebody else has merged it, too
        remote.remove(f"records/{name}.zst")
