"""Which values from elsewhere were validated, so that the next process need not do so again.

A memo of digests: a row stands for all that was looked at and has passed, and says for gc of which artifact it was.
Knows no codecs and no bytes. Guards: a row is made where something was validated, on this machine, and never comes from
a remote; and it speaks of bytes by their strong digests, so that nothing that happens to a file makes it untrue.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from dagbuild.ground.digest import STRONG, Both, Digest, canonical_json, is_strong
from dagbuild.store.checked_blobs import FROM, WORTH
from dagbuild.store.folder import CacheFolder
from dagbuild.store.memo import Memo
from dagbuild.store.notices import Notice, log_notice

_PREFIX = STRONG.encode("ascii")


class Validation(NamedTuple):
    """What is validated at once: a row's key, the artifact that it is of, the bytes that it is about.

    `lasts`: it may outlive the process, and is worth it: a small value is validated as soon as found in a table.
    """

    row: bytes
    artifact: Digest
    size: int
    lasts: bool


class Validated:
    """The memo of one cache folder. Safe to use from several threads and processes."""

    def __init__(self, memo: Memo) -> None:
        self._memo = memo
        self._lock = threading.Lock()
        self._passed: set[bytes] = set()
        self._news: list[Validation] = []

    def name(self, artifact: Digest, size: int, names: Sequence[str], rest: Any) -> Validation:
        """Return the validation of blobs of so many bytes that are read under these names.

        `rest` is all else that decides whether they pass, and what comes of them.
        """
        row = Both.of(canonical_json([names, rest])).strong.encode("ascii")
        # Under an xxh3 other bytes may lie tomorrow, which somebody has written down to have it.
        return Validation(row, artifact, size, size >= FROM and all(map(is_strong, names)))

    @cached_property
    def _before(self) -> Collection[bytes]:
        """What earlier processes have noted: one question for all, as they are few."""
        return self._memo.recall_prefix(_PREFIX).keys()

    def holds(self, what: Validation) -> bool:
        """Tell whether it was validated and has passed."""
        return what.row in self._passed or (what.lasts and what.row in self._before)

    def note(self, what: Validation) -> None:
        """Take note of what has passed; kept for other processes as soon as that is worth a write."""
        with self._lock:
            self._passed.add(what.row)
            if not what.lasts:
                return
            self._news.append(what)
            if sum(new.size for new in self._news) < WORTH:
                return
            news, self._news = self._news, []
        self._memo.put({new.row: new.artifact.encode("ascii") for new in news})

    def forget_others(self, artifacts: Collection[str]) -> None:
        """Forget what is of no artifact of these: it is true still, and of no use."""
        kept = {digest.encode("ascii") for digest in artifacts}
        rows = self._memo.recall_prefix(_PREFIX)
        self._memo.remove([row for row, artifact in rows.items() if artifact not in kept])

    def close(self) -> None:
        """Close files; they are opened again when needed."""
        self._memo.close()


def open_validated(layout: CacheFolder | None, on_notice: Notice = log_notice) -> Validated:
    """Return what is remembered in a cache folder, or without one, what this process will remember."""
    return Validated(Memo(layout.index / "validated", on_notice) if layout else Memo.absent())
