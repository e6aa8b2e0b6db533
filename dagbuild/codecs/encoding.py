"""A value taken apart by its codec: what its artifact says, and its blobs one at a time.

Knows forms, buffers and how these are packed; no store. Guards: a blob's bytes need not be in memory when the next
one's are made.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dagbuild.codecs.base import Declined
from dagbuild.codecs.contracts import find_versions
from dagbuild.codecs.packing import iter_blobs, lay_out
from dagbuild.codecs.refusals import Refusal
from dagbuild.codecs.registry import Registry
from dagbuild.codecs.writer import Takes, ValueWriter
from dagbuild.ground.digest import canonical_json, raw_digest
from dagbuild.ground.errors import CodecError
from dagbuild.model.record import Artifact, BlobRef

if TYPE_CHECKING:
    from typing_extensions import Buffer

PLAIN = "plain/1"
"""The codec's name of values that are a form and nothing else: scalars and containers."""

_FILES = frozenset({"csv", "excel", "feather", "file", "json", "orc"})
"""Formats of files that Hamilton's cache leaves. Most lose something: unless somebody has a codec of such a name, a
value is stored as if no format was asked for."""

LONG_FORM = 16 * 1024
"""Bytes of metadata from which it is a buffer itself: records stay small."""


class Encoded:
    """A value taken apart: metadata, and the blobs when they are asked for."""

    def __init__(self, value: Any, format_name: str | None, registry: Registry, takes: Takes | None) -> None:
        writer = ValueWriter(registry, takes=takes)
        try:
            form = _write(value, format_name, writer, registry)
        except Refusal as refusal:
            raise refusal.tell(value) from refusal.__cause__
        self.codec = PLAIN
        if isinstance(form, list) and form[0] == "@":
            _, self.codec, form = form
        self.meta: dict[str, Any] = {"form": form}
        text = canonical_json(form)
        if len(text) > LONG_FORM:
            self.meta = {"long": writer.add(text)}
            if self.codec == PLAIN:
                form = form[2] if form[0] == "def" else form
                self.meta["about"] = {
                    "kind": form[0],
                    "length": (len(form) - 1) // (2 if form[0] == "dict" else 1),
                }
        self._pieces = writer.pieces
        self._layout = lay_out(self._pieces)
        self.meta["buffers"] = self._layout.to_json()
        self._code = writer.code
        self._names = tuple(sorted(writer.names))
        # Who asks for some columns of a table must know what each is; of what has blobs of its own these tell.
        self._tells_packed = self.codec != PLAIN and registry.get_codec(self.codec).selects
        self._packed = bytearray()
        self._libraries = dict(
            found for package in writer.packages for found in find_versions(package).items()
        )

    def blobs(self) -> Iterator[Sequence[Buffer]]:
        """Yield the bytes of each blob; to be gone through before `artifact` is asked for."""
        yield from iter_blobs(self._pieces, self._layout, self._note_packed)
        if len(self._packed) > LONG_FORM:
            self.meta["packs"] = [len(self._packed)]
            yield (self._packed,)
        elif self._packed:
            self.meta["packed"] = b64encode(self._packed).decode()

    def _note_packed(self, buffers: Iterable[memoryview]) -> None:
        if self._tells_packed:
            self._packed += b"".join(map(raw_digest, buffers))

    def artifact(self, refs: Sequence[BlobRef]) -> Artifact:
        """Return what the value is, with these names of its blobs."""
        libraries = dict(sorted(self._libraries.items()))
        return Artifact(self.codec, self.meta, tuple(refs), self._code, libraries, self._names)


def _write(value: Any, format_name: str | None, writer: ValueWriter, registry: Registry) -> Any:
    if format_name is None or (format_name in _FILES and registry.find_obstacle(format_name)):
        return writer.add_value(value)
    try:
        return writer.add_by(registry.get_codec(format_name), value)
    except Declined as error:
        raise CodecError(
            f"format '{format_name}' cannot hold a value of type '{type(value).__qualname__}' exactly"
            + (f": {error}" if str(error) else ""),
            hint="leave the format away",
        ) from error


def find_size(chunks: Sequence[Buffer]) -> int:
    """Return the bytes in some chunks."""
    return sum(memoryview(chunk).nbytes for chunk in chunks)
