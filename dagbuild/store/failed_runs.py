"""How nodes failed lately, in a cache folder: the last failure of each node and key, as a file of JSON.

For people on this machine: nothing is decided by it, and it goes to no remote. Knows texts, no exceptions. Guards: the
files are few and small, whole or not there, and hold nothing that lets anybody in; one that cannot be read is not
there, and a folder that cannot be written keeps nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from dagbuild.ground import atomic
from dagbuild.ground.digest import digest_text
from dagbuild.ground.errors import StoreError
from dagbuild.ground.private import make_private
from dagbuild.ground.secrets import clean
from dagbuild.ground.texts import name_first_line
from dagbuild.store.folder import CacheFolder

MOST = 200
"""Failures that are kept; the oldest go first."""
_FAR = 1e11
"""Seconds after which no calendar of Python's knows a day."""
_LARGEST = 4_000_000
"""Bytes of a file that is looked at: ours are smaller."""


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A node's call that failed: under which keys, when (seconds since 1970), how long it took, where, by whom.

    `content` is empty where it was not known. `message` is all that the exception says, `told` the same with the user's
    frames and what is behind it, `traceback` with all frames; `log` is what the node had printed.
    """

    node: str
    deep: str
    content: str
    kind: str
    message: str
    told: str
    traceback: str
    log: str
    started: float
    duration: float
    user: str
    host: str
    run: str

    @property
    def line(self) -> str:
        """What was raised, in one line."""
        return name_first_line(self.kind, self.message)

    def to_json(self) -> dict[str, Any]:
        """Return the plain form."""
        return {"failed": True, **asdict(self)}


class FailedRuns:
    """The failures that a cache folder keeps."""

    def __init__(self, layout: CacheFolder) -> None:
        self._layout = layout
        self._folder = layout.failures

    def put(self, run: FailedRun) -> None:
        """Keep a failure in place of the last one of its node and key."""
        plain = {name: clean(each) if isinstance(each, str) else each for name, each in asdict(run).items()}
        with contextlib.suppress(OSError, StoreError):
            self._layout.make()
            make_private(self._folder)
            atomic.write(str(self._path(run.node, run.deep)), json.dumps(plain).encode())
            for path in self._list()[:-MOST]:
                path.unlink(missing_ok=True)

    def forget(self, node: str, deep: str) -> None:
        """Remove what is kept of a node and key, if anything is."""
        with contextlib.suppress(OSError):
            self._path(node, deep).unlink()

    def find(self, node: str, deep: str) -> FailedRun | None:
        """Return the failure of a node and key, if one is kept."""
        found = _read(self._path(node, deep))
        return found if found and (found.node, found.deep) == (node, deep) else None

    def is_empty(self) -> bool:
        """Tell whether nothing is kept."""
        return not self._list()

    def iter_newest(self, node: str | None = None) -> Iterator[FailedRun]:
        """Yield what is kept, newest first; of one node where it is named."""
        found = [run for path in self._list() if (run := _read(path)) and node in (None, run.node)]
        yield from sorted(found, key=lambda run: run.started, reverse=True)

    def _path(self, node: str, deep: str) -> Path:
        return self._folder / f"{digest_text(f'{node} {deep}')}.json"

    def _list(self) -> list[Path]:
        """Return the files, oldest first."""
        found: list[tuple[int, str]] = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".json"):
                    with contextlib.suppress(OSError):  # another build has just removed it
                        found.append((entry.stat().st_mtime_ns, entry.path))
        return [Path(path) for _, path in sorted(found)]


_TYPES = {field.name: float if field.type == "float" else str for field in fields(FailedRun)}


def _read(path: Path) -> FailedRun | None:
    """Return what a file holds; None unless it is what we write."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            return None
        plain = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(plain, dict) or plain.keys() != _TYPES.keys():
        return None
    if not all(type(plain[name]) is kind for name, kind in _TYPES.items()):
        return None
    run = FailedRun(**plain)
    return run if 0 <= run.started < _FAR and 0 <= run.duration < _FAR else None
