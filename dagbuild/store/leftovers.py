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
from dagbuild.store.folder import GRAVE, CacheFolder
from dagbuild.store.lease import drop_free_locks

KEPT_FOR = 30 * 86_400.0
"""Seconds for which is kept what a build has put another file in the place of, and how a node failed."""


def sweep(layout: CacheFolder, before: float) -> None:
    """Remove half-written files, tables on their way out, damaged blobs and free locks, last changed before then.

    What somebody edited and how nodes failed goes after a month.
    """
    kept = dict.fromkeys([*layout.edited.glob("*"), *layout.failures.glob("*")], before - KEPT_FOR)
    for path in [*_find_leftovers(layout), *layout.aside.glob("*"), *kept]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime >= kept.get(path, before):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    drop_free_locks(layout.locks, before)


def _find_leftovers(layout: CacheFolder) -> Iterator[Path]:
    for place, folders, files in os.walk(layout.folder):
        if Path(place) == layout.folder:
            # Names there are the user's own.
            folders[:] = [name for name in folders if name not in (layout.files.name, layout.edited.name)]
        yield from (Path(place, name) for name in files if name.endswith(PART))
        yield from (Path(place, name) for name in folders if name.endswith(GRAVE))
