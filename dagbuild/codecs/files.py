"""Paths of files and folders that a node made: their content is the value, and comes back as a path.

Knows how a tree is told in a form and how its bytes are read; where a file will lie is the reader's business. Which
paths are taken at all is decided by the writer: most are names and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagbuild.codecs.base import Codec, Declined, Piece, Reader, Writer
from dagbuild.ground.errors import CodecError
from dagbuild.ground.filetree import FileEntry, Tree, read_tree
from dagbuild.ground.override import override

if TYPE_CHECKING:
    from typing_extensions import Buffer


class FileCodec(Codec):
    """Takes paths of what is there."""

    name = "files/1"
    safe = True

    def encode(self, value: Any, writer: Writer) -> Any:
        """Return the form of the file or folder at a path; raises CodecError for what cannot be kept."""
        if not isinstance(value, Path):
            raise Declined("it holds the files at a pathlib.Path")
        try:
            tree = read_tree(value)
        except OSError as error:
            raise CodecError(f"'{value}' cannot be read: {error.strerror or error}") from error
        return {"name": tree.name, "entries": [self._form(value, entry, writer) for entry in tree.entries]}

    @staticmethod
    def _form(top: Path, entry: FileEntry, writer: Writer) -> list[Any]:
        if entry.kind == "folder":
            return ["folder", entry.path]
        if entry.kind == "link":
            return ["link", entry.path, entry.target]
        path = (top / entry.path).absolute() if entry.path else top.absolute()
        return ["file", entry.path, entry.executable, writer.add(FilePiece(path, entry.size))]

    def decode(self, meta: Any, reader: Reader) -> Any:
        """Return a path with this content, whose last part is the name that it had."""
        tree = _read_tree(meta, reader)
        return reader.place(tree, [form[3] for form in meta["entries"] if form[0] == "file"])

    @override
    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        tree = _read_tree(meta, reader)
        files = [entry for entry in tree.entries if entry.kind == "file"]
        size = sum(entry.size for entry in files)
        if tree.entries[0].kind == "file":
            return {"kind": "file", "name": tree.name, "size": size}
        names = [{"name": entry.path, "size": entry.size} for entry in files]
        return {"kind": "folder", "name": tree.name, "size": size, "files": names}


CODEC = FileCodec()


class FilePiece(Piece):
    """The bytes of a file, read as they are stored: a long file is never in memory as a whole."""

    __slots__ = ("_path",)

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(size, lambda: b"".join(self.parts([size] if size else [])))
        object.__setattr__(self, "_path", path)

    def parts(self, sizes: Sequence[int]) -> Iterator[Buffer]:
        """Yield the bytes in parts of these sizes; raises CodecError when they are not those that were measured."""
        path: Path = self._path  # type: ignore[attr-defined]
        try:
            with path.open("rb", buffering=0) as file:
                for size in sizes:
                    data = _read_exactly(file, size)
                    if len(data) != size:
                        raise _changed(path)
                    yield data
                if file.read(1):
                    raise _changed(path)
        except OSError as error:
            raise CodecError(f"'{path}' cannot be read: {error.strerror or error}") from error


def _read_exactly(file: Any, size: int) -> bytes:
    parts = []
    while size and (data := file.read(size)):
        parts.append(data)
        size -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _changed(path: Path) -> CodecError:
    return CodecError(
        f"'{path}' changed while it was being stored", hint="close files before returning their paths"
    )


def _read_tree(meta: Any, reader: Reader) -> Tree:
    entries = []
    for kind, path, *rest in meta["entries"]:
        if kind == "file":
            entries.append(FileEntry(path, "file", executable=bool(rest[0]), size=reader.size(rest[1])))
        else:
            entries.append(FileEntry(path, kind, target=rest[0] if kind == "link" else ""))
    return Tree(meta["name"], tuple(entries))
