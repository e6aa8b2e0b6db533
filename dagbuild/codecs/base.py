"""What every codec promises, and what it is given to work with.

A codec turns values of some types into plain metadata and buffers and back: equal type, equal value, equal metadata,
or it declines. How buffers become blobs, and where those lie, is the business of `layout` and of the stores; a codec
sees buffers by number only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagbuild.digest import Digest

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Declined(Exception):  # noqa: N818 - an answer, not an error
    """The codec cannot give this value back exactly; the next one is asked."""


WORD = 8
"""Bytes of one item, where a buffer says nothing else."""

UNCUT = 0
"""Instead of bytes of an item: the buffer is one blob, however long it is."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A buffer of known size, made when it is wanted and not kept: a frame is never in memory twice."""

    size: int
    make: Callable[[], Buffer]
    item: int = WORD
    """Bytes of one row of it: a column of flags is cut at the rows where a column of numbers beside it is."""

    def parts(self, sizes: Sequence[int]) -> Iterator[Buffer]:
        """Yield the bytes in parts of these sizes, which are the whole together."""
        data, start = memoryview(self.make()).cast("B"), 0
        for size in sizes:
            yield data[start : start + size]
            start += size


class Codec(ABC):
    """Deterministic: equal values give equal metadata and equal bytes, in every process."""

    name: str
    """With its version: "pandas/1". Part of the artifact's digest."""

    @abstractmethod
    def encode(self, value: Any, writer: Writer) -> Any:
        """Return plain JSON metadata, after giving the buffers to `writer`.

        Raises Declined when decoding could not give back an equal value.
        """

    @abstractmethod
    def decode(self, meta: Any, reader: Reader) -> Any:
        """Return a value of its own for each call: changing it changes no other value and no stored byte."""

    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:  # noqa: ARG002 - for those who know more
        """Return what can be told without reading the value: kind, shape, columns..."""
        return {"kind": self.name.partition("/")[0]}

    def takes_from_pickle(self, value: Any) -> bool:  # noqa: ARG002 - most say yes to all
        """Tell whether a pickle that holds this value should leave it to the codec: yes, if it tends to be large."""
        return True


class Writer(ABC):
    """Takes the buffers and nested values of one value that is being encoded."""

    @abstractmethod
    def add(self, data: Buffer | Piece) -> int:
        """Take a buffer and return its number; numbers count up from 0 in the order of calls."""

    @abstractmethod
    def count(self) -> int:
        """Return how many buffers were added, which is the next one's number."""

    @abstractmethod
    def add_value(self, value: Any) -> Any:
        """Return the form of a nested value of any type: as data where its codec can, else as a pickle."""

    @abstractmethod
    def add_data(self, value: Any) -> Any:
        """Return the form of a nested value as data; raises Declined where only a pickle would do."""

    @abstractmethod
    def add_pickle(self, value: Any) -> Any:
        """Return the form of a nested value as a pickle; marks the artifact as code."""

    @abstractmethod
    def find_codec(self, value: Any) -> Codec | None:
        """Return the codec that takes such values as data; it may still decline this one."""

    @abstractmethod
    def value_digest(self, value: Any) -> Digest:
        """Return a digest of the value by its own codec, for comparing; adds nothing."""

    @abstractmethod
    def mark(self) -> Any:
        """Return the state to come back to by `roll_back`."""

    @abstractmethod
    def roll_back(self, mark: Any) -> None:
        """Forget what was added since `mark`."""

    @abstractmethod
    def mark_code(self) -> None:
        """Note that reading the value back can run code."""

    @abstractmethod
    def needs(self, package: str) -> None:
        """Note that reading the value back imports this top-level package."""

    @abstractmethod
    def refers(self, name: str) -> None:
        """Note a class or function ("lib:Model") that the value refers to by name."""


class Reader(ABC):
    """Gives the buffers and nested values of one artifact that is being decoded."""

    @abstractmethod
    def size(self, number: int) -> int:
        """Return the size of a buffer, without reading it."""

    @abstractmethod
    def view(self, number: int) -> memoryview:
        """Return a buffer that cannot be written to."""

    @abstractmethod
    def own(self, number: int) -> memoryview:
        """Return a writable buffer; what is written is seen by nobody else. Ask once for each number."""

    @abstractmethod
    def block(self, first: int, count: int) -> tuple[memoryview, int]:
        """Return `count` buffers of one size as one writable memory, and the distance between their starts."""

    @abstractmethod
    def value(self, form: Any) -> Any:
        """Return the nested value of a form."""

    @abstractmethod
    def require_code(self) -> None:
        """Raise CodecError unless the artifact is marked as code: nothing may be unpickled."""
