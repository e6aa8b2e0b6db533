"""Values to artifacts and back: encode, store the blobs, describe.

The only place where codecs and stores meet. Knows neither how a value is taken apart nor where a blob lies. A value
that is loaded is its consumer's own.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagbuild.code.distributions import package_version
from dagbuild.codecs.base import CHECKS, Selection
from dagbuild.codecs.contracts import Contracts, cannot_read
from dagbuild.codecs.elements import ELEMENTS, join_elements, split_elements
from dagbuild.codecs.encoding import PLAIN, Encoded, find_size
from dagbuild.codecs.in_record import is_in_record, is_its_form
from dagbuild.codecs.opened import Opened
from dagbuild.codecs.packing import Packing
from dagbuild.codecs.reader import Forbidden, Placed, ValueReader
from dagbuild.codecs.registry import PACKAGES, ClosedRegistry, Registry, default_registry
from dagbuild.codecs.selecting import NoSuchColumns, NoTable, select_columns
from dagbuild.codecs.writer import Takes
from dagbuild.ground.digest import DIGEST_SIZE, Digest, digest_chunks, digest_from_bytes, digest_json
from dagbuild.ground.errors import CodecError, StoreError
from dagbuild.ground.filetree import FileEntry, Tree, is_there
from dagbuild.ground.texts import is_damage
from dagbuild.model.node import Columns
from dagbuild.model.record import Artifact, BlobRef, Excerpt
from dagbuild.store.base import Store
from dagbuild.store.file_copies import Bytes, write_tree

if TYPE_CHECKING:
    from typing_extensions import Buffer

FILES = "files/1"
"""The codec's name of values that are a file or folder."""

EXCERPT = "excerpt/1"
"""Of the digests of excerpts; a change of what they say needs another."""

_OPENED = 16
"""Values whose descriptions are kept while parts of them are asked for."""


def make_artifact(value: Any, registry: Registry | None = None) -> Artifact:
    """Return the artifact that the value would be, without storing anything; raises CodecError."""
    encoded = Encoded(value, None, registry if registry is not None else default_registry(), None)
    return encoded.artifact([BlobRef(digest_chunks(chunks), find_size(chunks)) for chunks in encoded.blobs()])


class Artifacts:
    """Saves values to a store and loads them from it."""

    def __init__(self, store: Store, codecs: Registry | None = None) -> None:
        self.store = store
        self._registry = codecs if codecs is not None else default_registry()
        self._closed = ClosedRegistry()
        self._contracts = Contracts(self._registry)
        self._excerpts: dict[tuple[Digest, Columns], Excerpt] = {}
        self._opened: dict[int, tuple[Artifact, Opened]] = {}

    def encode(
        self,
        value: Any,
        format: str | None = None,  # noqa: A002 - the user's word
        takes: Takes | None = None,
    ) -> tuple[Artifact, list[Sequence[Buffer]]]:
        """Return the artifact that a value is and the bytes of its blobs, in order; nothing is stored.

        `format` names a codec ("pickle", "parquet") instead of the one for the value's type. `takes` tells of a path
        whether the value is the file or folder there; without it, a path is a name. Raises CodecError, which says what
        to return instead, when the value cannot be stored.
        """
        encoded = Encoded(value, format, self._registry, self._takes(takes))
        blobs = list(encoded.blobs())
        refs = [BlobRef(digest_chunks(chunks), find_size(chunks)) for chunks in blobs]
        return encoded.artifact(refs), blobs

    def digest(self, value: Any) -> Digest:
        """Return the digest of the artifact that the value would be."""
        return make_artifact(value, self._registry).digest

    def save(
        self,
        value: Any,
        format: str | None = None,  # noqa: A002 - the user's word
        takes: Takes | None = None,
    ) -> Artifact:
        """Store the blobs of a value that are not there yet and return its artifact; see `encode`."""
        encoded = Encoded(value, format, self._registry, self._takes(takes))
        # One at a time: a blob's bytes need not be in memory when the next one's are made.
        return encoded.artifact([self.store.put_blob(chunks) for chunks in encoded.blobs()])

    def put(self, artifact: Artifact, path: Path, modes: Mapping[str, int], umask: int) -> None:
        """Write a stored file or folder to a path where nothing is; `modes` are permissions other than the usual.

        Raises OSError, BlobMissingError and BlobDamagedError, and CodecError for what is no file or folder.
        """

        def mode_of(entry: FileEntry) -> int:
            return modes.get(entry.path, (0o777 if entry.executable else 0o666) & ~umask)

        def place(_number: int, tree: Tree, read: Bytes) -> Path:
            write_tree(path, tree, read, mode_of)
            return path

        try:
            if artifact.blobs:
                self.store.expect_blobs(artifact.blobs)
            reader, form = self._open(artifact, _only_looked_at, placed=place)
            if form[:2] != ["@", FILES]:
                raise ValueError("it is neither file nor folder")
            reader.value(form)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise cannot_read(artifact, error) from error

    def join(self, elements: Sequence[Artifact]) -> Artifact:
        """Return the artifact of a sequence of stored values; what tells of many of them is stored."""
        return join_elements(elements, lambda text: self.store.put_blob((text,)))

    def join_unsaved(self, elements: Sequence[Artifact]) -> Artifact:
        """Return the same, and store nothing."""
        return join_elements(elements, lambda text: BlobRef(digest_chunks((text,)), len(text)))

    def split(self, artifact: Artifact) -> list[Artifact]:
        """Return the stored values of a sequence; raises CodecError for another value, and like `load`."""
        with _reading(artifact):
            forbidden = self.store.find_intruder(artifact.blobs[-1:]) is not None
            return split_elements(artifact, self.store.get_blob, forbidden=forbidden)

    def _codecs(self, artifact: Artifact) -> Registry:
        """Return who may read a value at all."""
        return self._closed if artifact.data_only else self._registry

    def _forbidden(self, artifact: Artifact) -> Forbidden:
        return _nobody_signed if artifact.data_only else lambda: self.store.find_intruder(artifact.all_blobs)

    def find_obstacle(self, artifact: Artifact) -> str | None:
        """Return why this environment cannot read a value, as far as that is known without reading it, or None."""
        if artifact.code and not artifact.data_only and (why := self.store.find_intruder(())) is not None:
            return f"reading it could run code: {why}"
        return self._contracts.find_obstacle(artifact)

    def is_usable(self, artifact: Artifact, *, local: bool = False) -> bool:
        """Tell whether a value is there and, as far as is known before, can be read here; with `local`, near only."""
        refs = artifact.all_blobs
        there = len(self.store.has_blobs(refs, local=local)) == len(set(refs))
        return there and self.find_obstacle(artifact) is None

    def load(self, artifact: Artifact, columns: Columns | None = None) -> Any:
        """Return the value, or of a table these `columns` only; it is the caller's own.

        Raises BlobMissingError and BlobDamagedError, and CodecError when what the store holds cannot be read here:
        a library is missing or differs too much. With `columns`, NoSuchColumns or NoTable, if it has none.
        """
        with _reading(artifact):
            if not columns and is_its_form(artifact):
                return artifact.meta["form"]
            if artifact.codec == ELEMENTS:
                self.store.expect_blobs(artifact.blobs)
                return [self.load(element, columns) for element in self.split(artifact)]
            chosen, reader = self._select(artifact, columns) if columns else (None, None)
            if chosen and reader:
                blobs = [artifact.blobs[number] for number in reader.find_blobs(chosen.buffers)]
                self.store.expect_blobs(blobs)
                reader = reader.only(chosen.meta, self._forbidden(artifact), chosen.buffers)
                return self._read(artifact, blobs, ["@", artifact.codec, chosen.meta], reader)
            if artifact.blobs:
                self.store.expect_blobs(artifact.blobs)
            reader, form = self._open(artifact, self._forbidden(artifact))
            value = self._read(artifact, artifact.blobs, form, reader)
            return select_columns(value, columns.names) if columns else value

    def load_item(self, artifact: Artifact, key: str | int) -> Any:
        """Return {key: item} of a dict, or of a tuple by place, or a table of one column; see `load`.

        Where the item cannot be read alone, return the whole value.
        """
        with _reading(artifact), suppress(NoSuchColumns):
            if artifact.codec == PLAIN and not is_its_form(artifact):
                found = self._open_parts(artifact).read_item(key, self._forbidden(artifact))
                if found is not None:
                    return found
            elif isinstance(key, str) and self._select(artifact, Columns(key))[0]:
                return self.load(artifact, Columns(key))
        return self.load(artifact)

    def _read(self, artifact: Artifact, blobs: Sequence[BlobRef], form: Any, reader: ValueReader) -> Any:
        """Return the value of a form that is read from these blobs, validated unless just this has passed before."""
        if not (reader.checks and blobs):
            return reader.value(form)
        validated = self.store.validated
        # Which of the bytes that a blob's names stand for will be read: see `BlobFolder`.
        own = self.store.has_blobs([BlobRef(ref.digest, ref.size) for ref in blobs], local=True)
        names = [ref.digest if ref in own else ref.strong for ref in blobs]
        rest = [
            self._validating,
            artifact.data_only,
            form,
            artifact.meta["buffers"],
            [ref.size for ref in blobs],
        ]
        what = validated.name(artifact.digest, sum(ref.size for ref in blobs), names, rest)
        reader.checks = not validated.holds(what)
        value = reader.value(form)
        if reader.checks:
            validated.note(what)
        return value

    @cached_property
    def _validating(self) -> list[Any]:
        """What decides whether a value passes: our checks, and the libraries that do or believe them."""
        return [CHECKS, *([name, package_version(name)] for name in sorted(PACKAGES))]

    def excerpt(self, artifact: Artifact, columns: Columns) -> Excerpt:
        """Return what of an artifact these columns are, without reading their data; all of it where none can tell.

        Of a table of thousands of columns the description is a blob, which is read.
        """
        known = self._excerpts.get((artifact.digest, columns))
        if known:
            return known
        excerpt = Excerpt.whole(artifact)
        try:
            chosen, reader = self._select(artifact, columns)
            if chosen and reader:
                needed = [*chosen.buffers, *([artifact.meta["long"]] if "long" in artifact.meta else [])]
                outputs = [output.digest for output in artifact.outputs]
                rest = [artifact.carried, *([outputs] if outputs else [])]
                digest = digest_json([EXCERPT, artifact.codec, chosen.identify(), *rest])
                excerpt = Excerpt(digest, tuple(artifact.blobs[n] for n in reader.find_blobs(needed)))
        except StoreError:
            return excerpt  # another time it may be there
        except Exception:
            pass  # who loads it is told
        self._excerpts[artifact.digest, columns] = excerpt
        return excerpt

    def _select(
        self, artifact: Artifact, columns: Columns
    ) -> tuple[Selection, ValueReader] | tuple[None, None]:
        """Return the columns of a table, with a reader; None of what has no columns that can be told apart."""
        registry = self._codecs(artifact)
        if artifact.codec == PLAIN or not registry.get_codec(artifact.codec).selects:
            return None, None
        opened = self._open_parts(artifact)
        try:
            return (opened.select(columns.names), opened.reader) if opened.select else (None, None)
        except CodecError:
            return None, None

    def _open_parts(self, artifact: Artifact) -> Opened:
        """Return an artifact as opened for its parts, which are asked for one by one."""
        _, opened = self._opened.get(id(artifact), (None, None))
        if opened is None:
            if artifact.codec == PLAIN and artifact.blobs:
                self.store.expect_blobs(artifact.blobs)
            opened = Opened(*self._open(artifact, _only_looked_at), self._codecs(artifact))
            if len(self._opened) >= _OPENED:
                self._opened.pop(next(iter(self._opened)), None)
            # By the object: whoever made another one of this digest may have said something else in it.
            self._opened[id(artifact)] = artifact, opened
        return opened

    def describe(self, artifact: Artifact) -> dict[str, Any]:
        """Return kind, shape, columns, dtypes and sizes, as far as they are known, without reading the data."""
        try:
            about = artifact.meta.get("about")
            if about is None:
                # Told without running anything, whatever the artifact says of itself.
                reader, form = self._open(artifact, _only_looked_at)
                about = reader.describe(form)
            return {**about, "codec": artifact.codec, "bytes": artifact.size}
        except (CodecError, StoreError):
            raise
        except BaseException as error:
            if not is_damage(error):
                raise
            raise cannot_read(artifact, error) from error

    def look_at(self, artifact: Artifact) -> None:
        """Raise CodecError when what the record itself holds of a value cannot be read; reads no blob."""
        if artifact.code:
            return  # it may be of the project's own classes, which nobody has imported
        if is_in_record(artifact):
            self.load(artifact)
        elif "long" not in artifact.meta:
            self.describe(artifact)

    def bring_near(self, artifact: Artifact) -> None:
        """Have all of a value here, without making it; raises BlobMissingError or BlobDamagedError."""
        missing = set(artifact.blobs) - self.store.has_blobs(artifact.blobs, local=True)
        self.store.expect_blobs(missing)
        for ref in missing - self.store.has_blobs(missing, local=True):
            self.store.get_blob(ref)

    @property
    def copies(self) -> tuple[Path, ...]:
        """The folders in which paths lie that `load` gives."""
        return self.store.copies.folders

    def _takes(self, takes: Takes | None) -> Takes | None:
        """Return a rule that takes what this store has given out, too, for its copies come and go; never the store."""
        if takes is None:
            return None

        def is_taken(path: Path) -> bool:
            full = path.absolute()
            if any(copies.is_relative_to(full) for copies in self.copies):
                return False
            return (any(map(full.is_relative_to, self.copies)) and is_there(path)) or takes(path)

        return is_taken

    def _open(
        self, artifact: Artifact, forbidden: Forbidden, placed: Placed | None = None
    ) -> tuple[ValueReader, Any]:
        meta = artifact.meta
        layout = Packing.from_json(meta["buffers"])
        sizes = [ref.size for ref in artifact.blobs]
        if list(layout.blobs) != sizes[: len(layout.blobs)] or sizes[len(layout.blobs) :] != meta.get(
            "packs", []
        ):
            raise ValueError("the blobs are not those that the metadata tells of")
        blobs = _StoreBlobs(self.store, artifact)
        placed = placed or partial(self.store.copies.place, _copied_as(artifact))
        checks = _is_from_elsewhere(artifact)
        reader = ValueReader(layout, blobs, self._codecs(artifact), placed, forbidden, checks=checks)
        form = meta["form"] if "form" in meta else json.loads(bytes(reader.view(meta["long"])))
        return reader, form if artifact.codec == PLAIN else ["@", artifact.codec, form]


def _only_looked_at() -> str:
    """Forbid to run anything to tell what a value is, whoever made it."""
    return "it is only looked at"


def _nobody_signed() -> str:
    return "nobody who is trusted has signed for it"


def _is_from_elsewhere(artifact: Artifact) -> bool:
    """Tell whether others may have chosen the bytes of a value; of one that is all in its record nobody can say."""
    return artifact.data_only or not artifact.blobs or any(ref.strong for ref in artifact.blobs)


def _copied_as(artifact: Artifact) -> Digest:
    """Return the name of an artifact's copies: of other bytes with the same xxh3 there are other copies."""
    strong = [ref.strong for ref in artifact.blobs]
    return digest_json([artifact.digest, strong]) if artifact.data_only else artifact.digest


@contextmanager
def _reading(artifact: Artifact) -> Iterator[None]:
    """Tell of whatever goes wrong in reading a value as CodecError, unless it says itself what it is."""
    try:
        yield
    except (CodecError, StoreError, MemoryError, NoSuchColumns, NoTable):
        raise
    except BaseException as error:
        if not is_damage(error):
            raise
        # Anything may go wrong in a pickle's constructors or in a library that has moved on.
        raise cannot_read(artifact, error) from error


class _StoreBlobs:
    def __init__(self, store: Store, artifact: Artifact) -> None:
        self._store = store
        self._refs = artifact.blobs
        self._meta = artifact.meta

    def get(self, number: int) -> memoryview:
        return self._store.get_blob(self._refs[number])

    def open(self, number: int) -> int:
        return self._store.open_blob(self._refs[number])

    def digest(self, number: int) -> Digest:
        return self._refs[number].digest

    def packed_digest(self, number: int) -> Digest:
        start = number * DIGEST_SIZE
        return digest_from_bytes(self._packed[start : start + DIGEST_SIZE])

    @cached_property
    def _packed(self) -> bytes:
        if "packs" in self._meta:
            return bytes(self._store.get_blob(self._refs[-1]))
        return b64decode(self._meta["packed"])
