"""Walk the form of a value and make the value again.

Buffers come from blobs, mapped where those are files of this machine, else copied once. Guards: whatever a form says, a
codec that could run code reads nothing unless who asks for the value says that it may.
"""

from __future__ import annotations

import copy
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dagbuild.codecs.base import Reader, Writer
from dagbuild.codecs.mapping import CAN_MAP, FilePart, empty_memory, map_files, page_rounded
from dagbuild.codecs.packing import BufferPlace, Packing, Run, aligned
from dagbuild.codecs.plain import decode_plain, describe_plain, is_tag
from dagbuild.codecs.writer import ValueWriter
from dagbuild.ground.digest import Digest, digest_bytes, digest_json
from dagbuild.ground.errors import CodecError
from dagbuild.ground.filetree import FileEntry, Tree
from dagbuild.ground.override import override

if TYPE_CHECKING:
    from dagbuild.codecs.registry import Registry

MAP_FROM = 64 * 1024
"""Fewer bytes are copied: quicker than two system calls for each."""


class Blobs(Protocol):
    """The blobs of one artifact, by their place in it."""

    def get(self, number: int) -> memoryview:
        """Return a blob's bytes, read-only."""
        ...

    def open(self, number: int) -> int:
        """Return a descriptor of the file with just this blob's bytes, verified; OSError where none has them."""
        ...

    def digest(self, number: int) -> Digest:
        """Return the name of a blob."""
        ...

    def packed_digest(self, number: int) -> Digest:
        """Return what the name would be of the buffer with this number among the packed ones."""
        ...


@dataclass
class _Pack:
    """The memory of the pack, once it is needed, and the blobs that are to be read into it if not all."""

    blobs: Collection[int] | None = None
    memory: memoryview | None = None


Placed = Callable[[int, Tree, Callable[[FileEntry], Iterable[memoryview]]], Path]
"""Writes a tree out, the one of this number in the artifact, and returns its path."""


_TREE_DIGITS = 12


Forbidden = Callable[[], str | None]
"""Says why no code may be run to read a value, None when it may; asked when a codec comes up that could."""


class ValueReader(Reader):
    """Reads one artifact once; see `Reader`."""

    def __init__(
        self,
        layout: Packing,
        blobs: Blobs,
        registry: Registry,
        placed: Placed,
        forbidden: Forbidden,
        *,
        checks: bool = False,
    ) -> None:
        self.trusted = not registry.closed
        self.checks = checks
        self._layout = layout
        self._blobs = blobs
        self._registry = registry
        self._placed = placed
        self._trees = count(1)
        self._forbidden = forbidden
        self._base = 0
        self._made: dict[int, Any] = {}
        self._pack = _Pack()

    def _place(self, number: int) -> BufferPlace:
        return self._layout.places[self._base + number]

    @override
    def size(self, number: int) -> int:
        return self._place(number).size

    def identify(self, numbers: Iterable[int]) -> list[Any]:
        """Return digests: one where a buffer is in one piece, wherever that is, else a list of them."""
        found: list[Any] = []
        for place in map(self._place, numbers):
            if place.inline is not None:
                found.append(digest_bytes(place.inline))
            elif place.packed:
                found.append(self._blobs.packed_digest(place.packed_number))
            else:
                digests = [self._blobs.digest(number) for number in place.blobs]
                found.append(digests[0] if len(digests) == 1 else digests)
        return found

    def find_blobs(self, buffers: Collection[int]) -> list[int]:
        """Return the blobs that these buffers are in, by their place in the artifact."""
        return self._layout.find_blobs(buffers)

    def only(self, part: Any, forbidden: Forbidden, buffers: Collection[int] | None = None) -> ValueReader:
        """Return a reader that will be asked for a part of this form and nothing else, of these `buffers` if given."""
        other = copy.copy(self)
        other._forbidden = forbidden
        other._pack = _Pack(None if buffers is None else set(self._layout.find_blobs(buffers)))
        # Its first tree is not the first one of the whole, and must not be taken for that.
        other._trees = count(int(digest_json(part)[-_TREE_DIGITS:], 16))
        return other

    def part(self, first: int) -> ValueReader:
        """Return a reader that counts buffers from this one, and shares the pack with this reader."""
        other = copy.copy(self)
        other._base = self._base + first
        return other

    @override
    def inline(self, buffers: list[str]) -> ValueReader:
        data = [b64decode(text) for text in buffers]
        layout = Packing.of(Run(1, len(each), inline=(each,)) for each in data)
        reader = ValueReader(
            layout, self._blobs, self._registry, self._placed, self._forbidden, checks=self.checks
        )
        reader._trees = self._trees
        return reader

    def view(self, number: int) -> memoryview:
        """Return a buffer, read-only; the very bytes of the store where no other way is as cheap."""
        place = self._place(number)
        if place.inline is not None:
            return memoryview(place.inline)
        if len(place.blobs) == 1 and not place.packed and (place.size < MAP_FROM or not CAN_MAP):
            return self._blobs.get(place.blobs[0]).toreadonly()
        return self.own(number).toreadonly()

    @override
    def make_inline(self, add: Callable[[Writer], Any]) -> list[Any]:
        return ValueWriter(self._registry).add_inline(add)

    @override
    def own(self, number: int) -> memoryview:
        place = self._place(number)
        if place.inline is not None:
            return memoryview(bytearray(place.inline))
        if place.packed:
            return self._packed()[place.offset : place.offset + place.size]
        return self._join([place], place.size)

    @override
    def block(self, numbers: Sequence[int]) -> tuple[memoryview, int]:
        places = [self._place(number) for number in numbers]
        size = places[0].size
        if {place.size for place in places} != {size}:
            raise ValueError(
                "buffers of different sizes are no block"
            )  # one would be mapped over what is behind it
        if places[0].inline is not None:
            return memoryview(bytearray(b"".join(place.inline or b"" for place in places))), size
        if places[0].packed:
            stride = aligned(size)
            start = places[0].offset
            if all(place.offset == start + turn * stride for turn, place in enumerate(places)):
                return self._packed()[start : start + stride * len(places)], stride
            pack = self._packed()
            return memoryview(bytearray(b"".join(pack[p.offset : p.offset + stride] for p in places))), stride
        stride = page_rounded(size)
        return self._join(places, stride), stride

    @override
    def value(self, form: Any) -> Any:
        outer, self._made = self._made, {}
        try:
            return self._value(form)
        finally:
            self._made = outer

    def _value(self, form: Any, number: int | None = None) -> Any:
        tag = form[0] if isinstance(form, list) else None
        if tag is None or is_tag(tag):
            return decode_plain(form, self)
        if tag in ("tuple", "frozenset"):
            parts = map(self._value, form[1:])
            return tuple(parts) if tag == "tuple" else frozenset(parts)
        if tag == "same":
            return self._made[form[1]]
        if tag == "def":
            self._made[form[1]] = made = self._value(form[2], form[1])
            return made
        if tag == "@":
            codec = self._registry.get_codec(form[1])
            if not codec.safe:
                self.require_code()
            return codec.decode(form[2], self)
        return self._mutable(tag, form, number)

    def place(self, tree: Tree, numbers: Sequence[int]) -> Path:
        """Return the path of a copy of this tree; trees count up in the order of the form."""
        files = [entry.path for entry in tree.entries if entry.kind == "file"]
        number_of = dict(zip(files, numbers, strict=True))
        return self._placed(next(self._trees), tree, lambda entry: self._parts(number_of[entry.path]))

    def _parts(self, number: int) -> Iterator[memoryview]:
        """Yield a buffer blob by blob: a long one is never in memory as a whole."""
        place = self._place(number)
        if place.inline is not None or place.packed:
            yield self.view(number)
        else:
            yield from map(self._blobs.get, place.blobs)

    def describe(self, form: Any) -> dict[str, Any]:
        """Return what a form tells of its value, without reading the value."""
        return self._describe(form, {})

    def _describe(self, form: Any, known: dict[int, dict[str, Any]]) -> dict[str, Any]:
        if isinstance(form, list) and form[0] == "def":
            known[form[1]] = {"kind": "the one that it is in"}
            known[form[1]] = self._describe(form[2], known)
            return known[form[1]]
        if isinstance(form, list) and form[0] == "same":
            return known.get(form[1], {"kind": "the same as another part"})
        if isinstance(form, list) and form[0] == "@":
            return self._registry.get_codec(form[1]).describe(form[2], self)
        if not isinstance(form, list) or is_tag(form[0]):
            return describe_plain(form, self)
        if form[0] == "dict":
            keys = [self.value(key) if isinstance(key, str) else None for key in form[1::2]]
            items = {
                key: self._describe(item, known)
                for key, item in zip(keys, form[2::2], strict=True)
                if key is not None
            }
            return {"kind": "dict", "length": len(keys), "items": items}
        return {"kind": form[0], "length": len(form) - 1}

    @override
    def require_code(self) -> None:
        why = self._forbidden()
        if why is not None:
            raise CodecError(f"reading it could run code: {why}")

    def _mutable(self, tag: str, form: list[Any], number: int | None) -> Any:
        made: Any = _EMPTY[tag]()
        if number is not None:
            self._made[number] = made  # before it is filled: it may hold itself
        if tag == "list":
            made.extend(map(self._value, form[1:]))
        elif tag == "set":
            made.update(map(self._value, form[1:]))
        elif tag == "bytearray":
            made += self.view(form[1])
        else:
            parts = map(self._value, form[1:])
            made.update(zip(parts, parts, strict=True))
        return made

    def _packed(self) -> memoryview:
        pack, layout = self._pack, self._layout
        if pack.memory is None:
            parts = self._parts_at(0, layout.pack_blobs)
            if pack.blobs is not None:
                parts = [part for part in parts if part[2] in pack.blobs]
            pack.memory = self._fill(parts, layout.pack)
        return pack.memory

    def _join(self, places: Sequence[BufferPlace], stride: int) -> memoryview:
        """Return writable memory with each place's bytes at a multiple of `stride`."""
        parts: list[FilePart] = []
        for turn, place in enumerate(places):
            parts += self._parts_at(turn * stride, place.blobs)
        return self._fill(parts, stride * len(places))

    def _parts_at(self, offset: int, blobs: range) -> list[FilePart]:
        """Return these blobs one after the other, from an offset on."""
        sizes = self._layout.blobs[blobs.start : blobs.stop]
        return list(zip(accumulate(sizes, initial=offset), sizes, blobs, strict=False))

    def _fill(self, parts: list[FilePart], length: int) -> memoryview:
        """Return writable memory with blobs at these offsets."""
        if CAN_MAP and length >= MAP_FROM:
            try:
                return map_files(parts, length, self._blobs.open)
            except OSError:
                pass  # no files here, or too many mappings
        read = sum(size for _, size, _ in parts)
        # Of the gaps between some columns that are read alone, nothing is ever touched: they cost no memory either.
        memory = memoryview(bytearray(length)) if 2 * read >= length else empty_memory(length)
        for at, _, number in parts:
            data = self._blobs.get(number)
            memory[at : at + data.nbytes] = data.cast("B")
        return memory


_EMPTY: dict[str, Any] = {"list": list, "dict": dict, "set": set, "bytearray": bytearray}
