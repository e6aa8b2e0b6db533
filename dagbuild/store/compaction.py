"""Write the records that are to stay into one segment, and remove those they came from.

Knows lines, not why some stay. Segments that somebody still writes to are left alone. Killed in the middle, it leaves
every record in at least one segment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from dagbuild.model.record import FORMAT
from dagbuild.store.folder import write_error
from dagbuild.store.lines import decode_line
from dagbuild.store.local import LocalStore
from dagbuild.store.segments import write_segment


def compact_segments(store: LocalStore, keep: Callable[[dict[str, Any]], bool]) -> int:
    """Merge all finished segments, keeping the plain records that `keep` wants; returns how many it did not want.

    Damaged lines go, records of other versions of dagbuild stay. Raises StoreError.
    """
    finished = [name for name in store.reader.names() if store.reader.is_finished(name)]
    if not finished:
        return 0
    merged: list[str] = []
    dropped = 0

    def lines() -> Iterator[bytes]:
        nonlocal dropped
        for name in finished:
            with contextlib.suppress(OSError):  # it is gone, or cannot be read: verify says so
                for _, raw in store.reader.iter_raw(name):
                    with contextlib.suppress(ValueError):
                        plain = decode_line(raw)
                        if plain.get("format") != FORMAT or keep(plain):
                            yield raw
                        else:
                            dropped += 1
                merged.append(name)

    try:
        write_segment(store.layout.segments, lines())
        for name in merged:
            (store.layout.segments / name).unlink()
    except OSError as error:
        raise write_error(store.layout.folder, error) from error
    return dropped
