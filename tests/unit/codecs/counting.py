"""A store that tells what was read of it."""

from __future__ import annotations

from dagbuild.model.record import BlobRef
from dagbuild.testing.memory import MemoryStore


class CountingStore(MemoryStore):
    """Notes which blobs are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[BlobRef] = []

    def get_blob(self, ref: BlobRef) -> memoryview:
        """Return a blob's bytes."""
        self.read.append(ref)
        return super().get_blob(ref)
