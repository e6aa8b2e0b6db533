"""Where in a shared store a blob lies, as its record says.

    .zst  .raw                          in an object of its own that has the blob's name, compressed or not
    <64 hex>+<offset>+<length>.zst      in a pack, an object of many small blobs that is named by its SHA-256

Knows texts, no bytes. Guards: a text that somebody else has written leads to a pack or to nothing, and to no more bytes
than a small blob has.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, cast

Suffix = Literal[".zst", ".raw"]

SUFFIXES: tuple[Suffix, ...] = (".zst", ".raw")

LARGEST_PACKED = 1 << 20
"""Bytes of a blob: a larger one is sought in no pack. What is written there is smaller by far, see `store/packs.py`."""

LARGEST_PACK = 64 << 20
"""Bytes of a pack that are looked at."""

_PLACE = re.compile(r"([0-9a-f]{64})\+(0|[1-9][0-9]{0,8})\+([1-9][0-9]{0,6})(\.zst|\.raw)")


class PackPlace(NamedTuple):
    """Bytes of a pack: its SHA-256 in hexadecimal, from where on, how many, and how they are stored."""

    pack: str
    offset: int
    length: int
    suffix: Suffix

    @classmethod
    def parse(cls, text: str) -> PackPlace | None:
        """Return the place that a text from outside names, or None where it names none."""
        found = _PLACE.fullmatch(text)
        if found is None:
            return None
        pack, offset, length, suffix = found.groups()
        place = cls(pack, int(offset), int(length), cast("Suffix", suffix))
        return place if place.length <= LARGEST_PACKED and place.end <= LARGEST_PACK else None

    def __str__(self) -> str:
        return f"{self.pack}+{self.offset}+{self.length}{self.suffix}"

    @property
    def end(self) -> int:
        """Where the bytes after it begin."""
        return self.offset + self.length

    @property
    def object(self) -> str:
        """The name of the pack, below the store's URL."""
        return f"packs/{self.pack[:2]}/{self.pack}"

    def suits(self, size: int) -> bool:
        """Tell whether a blob of this size can lie here: one is compressed only where that makes it smaller."""
        return self.length == size or (self.suffix == ".zst" and self.length < size <= LARGEST_PACKED)


def is_place(text: str) -> bool:
    """Tell whether a text from outside says where a blob lies."""
    return text in SUFFIXES or PackPlace.parse(text) is not None
