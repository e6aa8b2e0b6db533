"""Stores hold blobs and records: near (local), shared (remote), or in memory.

`open_store` is the door; what it does not need is not imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dagbuild.store.notices import Notice, log_notice

if TYPE_CHECKING:
    from dagbuild.store.local import LocalStore


def open_store(folder: Path, *, on_notice: Notice = log_notice) -> LocalStore:
    """Return the store in a cache folder. Raises StoreError."""
    from dagbuild.store.local import LocalStore

    return LocalStore(folder, on_notice=on_notice)
