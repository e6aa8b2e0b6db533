"""Sweep what killed processes and repairs leave in a cache folder.

Knows names and ages, no records. Guards: what is younger than the time given stays, for its maker may still be at work,
and so does a lock that somebody holds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dagbuild.ground.atomic import PART
from dagbuild.store.folder import GRAVE, Layout
from dagbuild.store.lease import drop_free_locks


def sweep(layout: Layout, before: float) -> None:
    """Remove half-written files, tables on their way out, damaged blobs and free locks, last changed before then."""
    for path in [*_find_leftovers(layout), *layout.aside.glob("*")]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime >= before:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    drop_free_locks(layout.locks, before)


def _find_leftovers(layout: Layout) -> Iterator[Path]:
    for place, folders, files in os.walk(layout.folder):
        if Path(place) == layout.folder and layout.files.name in folders:
            folders.remove(layout.files.name)  # names there are the user's own
        yield from (Path(place, name) for name in files if name.endswith(PART))
        yield from (Path(place, name) for name in folders if name.endswith(GRAVE))
