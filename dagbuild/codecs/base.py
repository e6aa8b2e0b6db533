"""What every codec promises.

A codec turns values of some types into plain metadata and buffers and back: equal type, equal value, equal metadata,
or it declines. Knows nothing of stores.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer


@dataclass
class Encoded:
    """Metadata (plain JSON values) and blobs, each a sequence of buffers to be joined."""

    meta: Any
    blobs: list[Sequence[Buffer]] = field(default_factory=list)
    code: bool = False
    libraries: dict[str, str] = field(default_factory=dict)


class Declined(Exception):  # noqa: N818 - an answer, not an error
    """The codec cannot give this value back exactly; the next one is asked."""


class Codec(ABC):
    """Deterministic: equal values give equal metadata and equal bytes, in every process."""

    name: str
    """With its version: "table/1". Part of the artifact's digest."""

    @abstractmethod
    def encode(self, value: Any) -> Encoded:
        """Return the value's form; raises Declined when decoding could not give back an equal value."""

    @abstractmethod
    def decode(self, meta: Any, blobs: Sequence[memoryview]) -> Any:
        """Return a value of its own for each call: changing it changes no other value and no stored byte."""
