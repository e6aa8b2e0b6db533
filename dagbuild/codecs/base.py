"""What every codec promises, and what it is given to work with.

A codec turns values of some types into plain metadata and buffers and back: equal type, equal value, equal metadata,
or it declines. How buffers become blobs, and where those lie, is the business of `packing` and of the stores; a codec
sees buffers by number only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from dagbuild.ground.digest import Digest
from dagbuild.model.node import Label

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Buffer

    from dagbuild.ground.filetree import Tree


class Declined(Exception):  # noqa: N818 - an answer, not an error
    """The codec cannot give this value back exactly; the next one is asked."""


WORD = 8
"""Bytes of one item, where a buffer says nothing else."""

UNCUT = 0
"""Instead of bytes of an item: the buffer is one blob, however long it is."""


CHECKS = 1
"""Of all that codecs look at where a reader `checks`; whoever changes some of it raises this: what has passed under
another number is looked through again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A buffer of known size, made when it is wanted and not kept: a frame is never in memory twice."""

    size: int
    make: Callable[[], Buffer]
    item: int = WORD
    """Bytes of one row of it: a column of flags is cut at the rows where a column of numbers beside it is."""
    count: ClassVar[int] = 1

    def parts(self, sizes: Sequence[int]) -> Iterator[Buffer]:
        """Yield the bytes in parts of these sizes, which are the whole together."""
        data, start = memoryview(self.make()).cast("B"), 0
        for size in sizes:
            yield data[start : start + size]
            start += size


@dataclass(frozen=True, slots=True)
class Pieces:
    """Several buffers of one size that lie together, such as the columns of a block: stored as each alone would be.

    `make(start, stop, stride)` gives some of them side by side, each at a multiple of `stride` bytes, with zeros
    between: ten thousand columns are a hundred calls.
    """

    count: int
    size: int
    make: Callable[[int, int, int], Buffer]
    item: int = WORD


@dataclass(frozen=True, slots=True)
class Selection:
    """Some columns of a stored table.

    `meta` decodes to a table of them and reads the `buffers` only. `identify` gives plain JSON that says what that
    table is, whatever is beside it in the artifact: equal identities, equal tables.
    """

    meta: Any
    buffers: frozenset[int]
    identify: Callable[[], Any]


Select: TypeAlias = Callable[[Sequence[Label]], Selection]
"""Returns the columns of these names, in time that grows with them alone; raises NoSuchColumns."""


class Codec(ABC):
    """Deterministic: equal values give equal metadata and equal bytes, in every process."""

    name: str
    """With its version: "pandas/1". Part of the artifact's digest."""

    safe: ClassVar[bool] = False
    """Whether decoding runs no code that the stored bytes could choose, whatever they are.

    It unpickles nothing, imports and calls nothing by a name from them. What another codec has stored marks an artifact
    as code. A value that nobody who is trusted has signed is read by safe codecs of dagbuild's own, and by no other.
    """

    selects: bool = False
    """Whether columns can be taken from what it stored without reading the others: see `select`."""

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

    def select(self, meta: Any, reader: Reader) -> Select | None:  # noqa: ARG002
        """Return what selects columns of a table, without reading any buffer; None when the form is no table's.

        A table of thousands of columns is looked through once here, and then asked for one column after the other.
        """
        return None

    def takes_from_pickle(self, value: Any) -> bool:  # noqa: ARG002 - most say yes to all
        """Tell whether a pickle that holds this value should leave it to the codec: yes, if it tends to be large."""
        return True


class Writer(ABC):
    """Takes the buffers and nested values of one value that is being encoded."""

    @abstractmethod
    def add(self, data: Buffer | Piece) -> int:
        """Take a buffer and return its number; numbers count up from 0 in the order of calls."""

    @abstractmethod
    def add_all(self, pieces: Pieces) -> int:
        """Take several buffers and return the number of the first; the others follow it."""

    @abstractmethod
    def count(self) -> int:
        """Return how many buffers were added, which is the next one's number."""

    @abstractmethod
    def add_part(self, add: Callable[[], Any]) -> list[Any]:
        """Return [the form that `add` gives, its first buffer's number, that after its last].

        In the form itself numbers count from 0: it says nothing of what is beside it. `Reader.part` reads it.
        """

    @abstractmethod
    def add_inline(self, add: Callable[[Writer], Any]) -> list[Any]:
        """Return the form that `add` gives, with all its buffers in it; `Reader.inline` reads it."""

    @abstractmethod
    def add_value(self, value: Any) -> Any:
        """Return the form of a nested value of any type: as data where its codec can, else as a pickle.

        What is twice in the value comes back as one; what two calls are given comes back as two.
        """

    @abstractmethod
    def add_data(self, value: Any) -> Any:
        """Return the form of a nested value as data; raises Declined where only a pickle would do."""

    @abstractmethod
    def add_pickle(self, value: Any) -> Any:
        """Return the form of a nested value as a pickle."""

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
    def needs(self, package: str) -> None:
        """Note that reading the value back imports this top-level package."""

    @abstractmethod
    def refers(self, name: str) -> None:
        """Note a class or function ("lib:Model") that the value refers to by name."""


class Reader(ABC):
    """Gives the buffers and nested values of one artifact that is being decoded.

    Nested values are read by safe codecs only, unless code may be run to read this one.
    """

    trusted: bool
    """Whether the value was made here, or somebody who is trusted has signed for it."""

    checks: bool
    """Whether the bytes may be anybody's, so that all that a library would believe of them is looked through first."""

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
    def block(self, numbers: Sequence[int]) -> tuple[memoryview, int]:
        """Return buffers of one size as one writable memory, and the distance between their starts."""

    @abstractmethod
    def identify(self, numbers: Iterable[int]) -> list[Any]:
        """Return digests of buffers, without reading them; where a column is stored makes no difference."""

    @abstractmethod
    def part(self, first: int) -> Reader:
        """Return a reader for a form of `Writer.add_part` whose first buffer has this number."""

    @abstractmethod
    def inline(self, buffers: list[str]) -> Reader:
        """Return a reader for a form of `Writer.add_inline`, whose second item these are."""

    @abstractmethod
    def make_inline(self, add: Callable[[Writer], Any]) -> list[Any]:
        """Return what `Writer.add_inline` would give, for a form that is made of another one."""

    @abstractmethod
    def value(self, form: Any) -> Any:
        """Return the nested value of a form."""

    @abstractmethod
    def place(self, tree: Tree, numbers: Sequence[int]) -> Path:
        """Return the path of a copy of this tree on this machine; `numbers` are the buffers of its files, in order.

        Raises CodecError when a name in the tree leads elsewhere.
        """

    @abstractmethod
    def require_code(self) -> None:
        """Raise CodecError unless code may be run to read this value: who is trusted wrote it, and it is to be read."""
