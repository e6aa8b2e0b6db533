"""Walk the form of a value and make the value again.

Buffers come from blobs, mapped where those are files of this machine, else copied once. Never unpickles unless the
artifact is marked as code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dagbuild.codecs.base import Reader
from dagbuild.codecs.layout import Layout, Place, aligned
from dagbuild.codecs.mapping import CAN_MAP, FilePart, map_files, page_rounded
from dagbuild.codecs.plain import decode_plain, describe_plain, is_tag
from dagbuild.errors import CodecError
from dagbuild.filetree import Entry, Tree

if TYPE_CHECKING:
    from dagbuild.codecs.registry import Registry

MAP_FROM = 64 * 1024
"""Fewer bytes are copied: quicker than two system calls for each."""


class Blobs(Protocol):
    """The blobs of one artifact, by their place in it."""

    def get(self, number: int) -> memoryview:
        """Return a blob's bytes, read-only."""
        ...

    def path(self, number: int) -> Path | None:
        """Return the file that holds just this blob's bytes, verified, or None where there is no such file."""
        ...


Placed = Callable[[int, Tree, Callable[[Entry], Iterable[memoryview]]], Path]
"""Writes a tree out, the one of this number in the artifact, and returns its path."""


class ValueReader(Reader):
    """Reads one artifact once; see `Reader`."""

    def __init__(
        self, layout: Layout, blobs: Blobs, registry: Registry, placed: Placed, *, code: bool
    ) -> None:
        self._layout = layout
        self._blobs = blobs
        self._registry = registry
        self._placed = placed
        self._trees = 0
        self._code = code
        self._made: list[Any] = []
        self._pack: memoryview | None = None

    def size(self, number: int) -> int:
        """Return the size of a buffer."""
        return self._layout.places[number].size

    def view(self, number: int) -> memoryview:
        """Return a buffer, read-only; the very bytes of the store where no other way is as cheap."""
        place = self._layout.places[number]
        if place.inline is not None:
            return memoryview(place.inline)
        if (
            len(place.blobs) == 1
            and not place.packed
            and (place.size < MAP_FROM or not self._paths(place.blobs))
        ):
            return self._blobs.get(place.blobs[0]).toreadonly()
        return self.own(number).toreadonly()

    def own(self, number: int) -> memoryview:
        """Return a buffer of the caller's own."""
        place = self._layout.places[number]
        if place.inline is not None:
            return memoryview(bytearray(place.inline))
        if place.packed:
            return self._packed()[place.offset : place.offset + place.size]
        return self._join([place], place.size)

    def block(self, first: int, count: int) -> tuple[memoryview, int]:
        """Return buffers of one size side by side, and the distance between their starts."""
        places = self._layout.places[first : first + count]
        size = places[0].size
        if places[0].inline is not None:
            return memoryview(bytearray(b"".join(place.inline or b"" for place in places))), size
        if places[0].packed:
            stride = aligned(size)
            start = places[0].offset
            return self._packed()[start : start + stride * count], stride
        stride = page_rounded(size)
        return self._join(places, stride), stride

    def value(self, form: Any) -> Any:
        """Return the value of a form."""
        tag = form[0] if isinstance(form, list) else None
        if tag is None or is_tag(tag):
            return decode_plain(form, self)
        if tag in ("tuple", "frozenset"):
            parts = map(self.value, form[1:])
            return tuple(parts) if tag == "tuple" else frozenset(parts)
        if tag == "same":
            return self._made[form[1]]
        if tag == "@":
            return self._registry.get_codec(form[1]).decode(form[2], self)
        return self._mutable(tag, form)

    def place(self, tree: Tree, numbers: Sequence[int]) -> Path:
        """Return the path of a copy of this tree; trees count up in the order of the form."""
        files = [entry.path for entry in tree.entries if entry.kind == "file"]
        number_of = dict(zip(files, numbers, strict=True))
        self._trees += 1
        return self._placed(self._trees, tree, lambda entry: self._parts(number_of[entry.path]))

    def _parts(self, number: int) -> Iterator[memoryview]:
        """Yield a buffer blob by blob: a long one is never in memory as a whole."""
        place = self._layout.places[number]
        if place.inline is not None or place.packed:
            yield self.view(number)
        else:
            yield from map(self._blobs.get, place.blobs)

    def describe(self, form: Any) -> dict[str, Any]:
        """Return what a form tells of its value, without reading the value."""
        if isinstance(form, list) and form[0] == "@":
            return self._registry.get_codec(form[1]).describe(form[2], self)
        if not isinstance(form, list) or is_tag(form[0]):
            return describe_plain(form, self)
        if form[0] == "dict":
            keys = [self.value(key) if isinstance(key, str) else None for key in form[1::2]]
            items = {
                key: self.describe(item)
                for key, item in zip(keys, form[2::2], strict=True)
                if key is not None
            }
            return {"kind": "dict", "length": len(keys), "items": items}
        return {"kind": form[0], "length": len(form) - 1}

    def require_code(self) -> None:
        """Raise CodecError unless the artifact is marked as code."""
        if not self._code:
            raise CodecError(
                "a pickle lies in an artifact that is not marked as code, so it is not read",
                hint="build the node again",
            )

    def _mutable(self, tag: str, form: list[Any]) -> Any:
        # Known before it is filled: it may hold itself.
        made: Any = _EMPTY[tag]()
        self._made.append(made)
        if tag == "list":
            made.extend(map(self.value, form[1:]))
        elif tag == "set":
            made.update(map(self.value, form[1:]))
        elif tag == "bytearray":
            made += self.view(form[1])
        else:
            parts = map(self.value, form[1:])
            made.update(zip(parts, parts, strict=True))
        return made

    def _packed(self) -> memoryview:
        if self._pack is None:
            pack = self._layout.pack
            blobs = next(place.blobs for place in self._layout.places if place.packed)
            self._pack = self._join([Place(pack, blobs=blobs)], pack)
        return self._pack

    def _join(self, places: list[Place] | tuple[Place, ...], stride: int) -> memoryview:
        """Return writable memory with each place's bytes at a multiple of `stride`."""
        length = stride * len(places)
        parts = [
            (start * stride + offset, number)
            for start, place in enumerate(places)
            for offset, number in self._offsets(place)
        ]
        paths = self._paths(number for _, number in parts) if length >= MAP_FROM else None
        if paths:
            sizes = self._layout.blobs
            files = [FilePart(at, path, sizes[n]) for (at, n), path in zip(parts, paths, strict=True)]
            try:
                return map_files(files, length)
            except OSError:
                pass  # gone, or too many mappings: reading says which
        memory = memoryview(bytearray(length))
        for at, number in parts:
            data = self._blobs.get(number)
            memory[at : at + data.nbytes] = data.cast("B")
        return memory

    def _offsets(self, place: Place) -> list[tuple[int, int]]:
        offset, found = 0, []
        for number in place.blobs:
            found.append((offset, number))
            offset += self._layout.blobs[number]
        return found

    def _paths(self, numbers: Any) -> list[Path] | None:
        if not CAN_MAP:
            return None
        paths = [self._blobs.path(number) for number in numbers]
        return paths if None not in paths else None  # type: ignore[return-value]


_EMPTY: dict[str, Any] = {"list": list, "dict": dict, "set": set, "bytearray": bytearray}
