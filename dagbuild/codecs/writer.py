"""Walk a value and gather what it is made of: forms, buffers, whether it is code, which packages read it back.

Containers are data while all they hold is data; one thing that needs a pickle makes the outermost container a
pickle, so that what its parts share they still share afterwards. Tables inside are tables either way. Unaware of
where buffers will lie.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagbuild.codecs.base import Codec, Declined, Piece, Pieces, Writer
from dagbuild.codecs.packing import iter_buffers
from dagbuild.codecs.plain import encode_plain, is_plain
from dagbuild.codecs.refusals import refuse, refuse_by
from dagbuild.ground.digest import Digest, canonical_json, digest_bytes, digest_json
from dagbuild.ground.errors import UserError
from dagbuild.ground.override import override

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dagbuild.codecs.registry import Registry

_CONTAINERS = (dict, list, set, bytearray)
_PATH = type(Path())

_BY_IDENTITY: tuple[Any, ...] = (None, object.__hash__)
"""How types hash whose values can be changed, or are equal to themselves only: which one it is can be seen."""

Takes = Callable[[Path], bool]
"""Tells of a path whether what is there is the value, or the path itself; may raise CodecError."""

Mark = tuple[int, int, bool, set[str]]

DEPTH = 50
"""Of containers in containers; what is deeper goes to a pickle as a whole."""


@dataclass(slots=True)
class _Met:
    """A value that others can change, with its form once that is whole, and its number once it is met again.

    Holding the value keeps its id from being used again.
    """

    value: Any
    form: list[Any] | None = None
    number: int | None = None

    def name(self, number: int) -> None:
        self.number = number
        if self.form is not None:
            self.form[:] = ["def", number, self.form.copy()]


class ValueWriter(Writer):
    """Holds the buffers of one value; see `Writer`."""

    def __init__(
        self, registry: Registry, parent: ValueWriter | None = None, takes: Takes | None = None
    ) -> None:
        self.pieces: list[Piece | Pieces] = []
        self.code = False  # whether reading the value back can run code
        self.packages: set[str] = set()
        self.names: set[str] = set()
        self._registry = registry
        self._takes: Takes | None = takes if parent is None else parent._takes
        # By identity: a list or a frame that is there twice comes back as one.
        self._met: dict[int, _Met] = {}
        self._named = 0
        self._open: set[int] = set()
        self._count = 0
        self._base = 0
        self._depth: int = 0 if parent is None else parent._depth
        # Of items of sets, by identity: a set in a set in a set would else be walked again for each of them.
        self._keys: dict[int, tuple[bytes, Any]] = {} if parent is None else parent._keys

    def add(self, data: Buffer | Piece) -> int:
        """Take a buffer; it must not change before it is stored."""
        if not isinstance(data, Piece):
            held = memoryview(data)
            data = Piece(held.nbytes, lambda: held)
        self.pieces.append(data)
        self._count += 1
        return self._count - self._base - 1

    def add_all(self, pieces: Pieces) -> int:
        """Take several buffers; they must not change before they are stored."""
        first = self.count()
        self.pieces.append(pieces)
        self._count += pieces.count
        return first

    @override
    def count(self) -> int:
        return self._count - self._base

    @override
    def add_part(self, add: Callable[[], Any]) -> list[Any]:
        first = self.count()
        outer, self._base = self._base, self._count
        try:
            form = add()
        finally:
            self._base = outer
        return [form, first, self.count()]

    @override
    def add_inline(self, add: Callable[[Writer], Any]) -> list[Any]:
        inner = ValueWriter(self._registry, self)
        form = add(inner)
        self.code = self.code or inner.code
        self.packages |= inner.packages
        self.names |= inner.names
        return [form, [b64encode(data).decode() for data in iter_buffers(inner.pieces)]]

    @override
    def add_value(self, value: Any) -> Any:
        mark = self.mark()
        try:
            return self.add_data(value)
        except (Declined, RecursionError):
            self.roll_back(mark)
            return self.add_pickle(value)

    @override
    def add_data(self, value: Any) -> Any:
        # A codec may read back what it has given in any order, or some of it: each form must be readable alone.
        outer = self._met, self._named
        self._met, self._named = {}, 0
        try:
            return self._add(value)
        finally:
            self._met, self._named = outer

    def _add(self, value: Any) -> Any:
        kind = type(value)
        if is_plain(value) and not (kind is _PATH and self._is_taken(value)):
            return encode_plain(value, self)
        if kind is tuple:
            return self._inside("tuple", value)
        if kind is frozenset:
            return self._set_inside("frozenset", value)
        if kind in _CONTAINERS:
            return self._add_once(value, lambda: self._add_container(kind, value))
        codec = self.find_codec(value)
        if codec is None:
            refuse(value)
            raise Declined
        if kind.__hash__ in _BY_IDENTITY:
            return self._add_once(value, lambda: self.add_by(codec, value))
        return self.add_by(codec, value)

    def _add_once(self, value: Any, add: Callable[[], list[Any]]) -> list[Any]:
        met = self._met.get(id(value))
        if met is None:
            met = self._met[id(value)] = _Met(value)
            form = add()
            met.form = form
            if met.number is not None:
                met.name(met.number)  # it holds itself
            return form
        if met.number is None:
            met.name(self._named)
            self._named += 1
        return ["same", met.number]

    def add_by(self, codec: Codec, value: Any) -> list[Any]:
        """Return the form of a value by this codec; raises Declined."""
        if id(value) in self._open:
            raise Declined  # a table in its own attrs
        self._open.add(id(value))
        try:
            form = ["@", codec.name, codec.encode(value, self)]
            self.code = self.code or not codec.safe
            return form
        except (Declined, UserError, RecursionError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            if type(codec).__module__.startswith(f"{__package__}."):
                raise
            raise refuse_by(codec, value, error) from error
        finally:
            self._open.discard(id(value))

    @override
    def add_pickle(self, value: Any) -> Any:
        return self.add_by(self._registry.get_codec("pickle"), value)

    def find_codec(self, value: Any) -> Codec | None:
        """Ask the registry; a path that is taken is its content."""
        if type(value) is _PATH and self._is_taken(value):
            return self._registry.get_codec("files")
        return self._registry.find_codec(value)

    @override
    def value_digest(self, value: Any) -> Digest:
        alone = ValueWriter(self._registry, self)
        form = alone.add_value(value)
        return digest_json([form, [digest_bytes(data) for data in iter_buffers(alone.pieces)]])

    def _is_taken(self, path: Path) -> bool:
        return self._takes is not None and self._takes(path)

    @override
    def needs(self, package: str) -> None:
        self.packages.add(package)

    @override
    def refers(self, name: str) -> None:
        self.names.add(name)

    @override
    def mark(self) -> Mark:
        return len(self.pieces), self._count, self.code, set(self.packages)

    @override
    def roll_back(self, mark: Mark) -> None:
        pieces, self._count, self.code, self.packages = mark
        del self.pieces[pieces:]

    def _add_container(self, kind: type, value: Any) -> list[Any]:
        if kind is dict:
            return self._inside("dict", (part for item in value.items() for part in item))
        if kind is list:
            return self._inside("list", value)
        if kind is set:
            return self._set_inside("set", value)
        return ["bytearray", self.add(bytes(value))]

    def _inside(self, tag: str, values: Iterable[Any]) -> list[Any]:
        if self._depth >= DEPTH:
            raise Declined
        self._depth += 1
        try:
            return [tag, *map(self._add, values)]
        finally:
            self._depth -= 1

    def _set_inside(self, tag: str, values: Iterable[Any]) -> list[Any]:
        return self._inside(tag, sorted(values, key=self._sort_key))

    def _sort_key(self, value: Any) -> bytes:
        kept = self._keys.get(id(value))
        if kept is None:
            # Numbers of buffers follow the order of the items, so the order needs something that does not.
            alone = ValueWriter(self._registry, self)
            form = alone.add_data(value)
            key = canonical_json([form, [digest_bytes(data) for data in iter_buffers(alone.pieces)]])
            kept = self._keys[id(value)] = (key, value)
        return kept[0]
