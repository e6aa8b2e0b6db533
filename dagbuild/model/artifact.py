"""What came of a call: a value as stored, its blobs, and what it left in the project.

Plain data and its JSON form; knows nothing of stores, codecs or records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from dagbuild.ground.digest import Digest, digest_json, is_strong

_LEAST, _EXTRA = 2, 2
"""Fields of a blob's plain form: those that are always there, and those that may be missing."""


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A blob's name and size in bytes.

    `strong` is the strong digest of its bytes, for who takes them from elsewhere: known of what was published or
    pinned, empty of what was only made here. `place` is a hint where in the shared store it lies. Neither says anything
    new of a blob that is there, so they are no part of equality.
    """

    digest: Digest
    size: int
    strong: str = field(default="", compare=False)
    place: str = field(default="", compare=False)

    @property
    def foreign(self) -> BlobRef:
        """What the blob is called here when its bytes came from elsewhere: by its strong digest."""
        return BlobRef(Digest(self.strong), self.size)

    @property
    def names(self) -> tuple[Digest, ...]:
        """The names under which it may lie here."""
        return (self.digest, Digest(self.strong)) if self.strong else (self.digest,)

    def to_json(self) -> list[Any]:
        """Return the plain form."""
        named = [self.digest, self.size, self.strong, self.place]
        return named if self.place else named[:3] if self.strong else named[:2]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> BlobRef:
        """Return the reference of a plain form; raises ValueError."""
        if len(data) == _LEAST:  # most are only made here
            return cls(Digest(data[0]), int(data[1]))
        digest, size, *rest = data
        strong, place = [*rest, "", ""][:2] if len(rest) <= _EXTRA else (None, None)
        if not isinstance(strong, str) or not isinstance(place, str) or (strong and not is_strong(strong)):
            raise ValueError("a strong digest is none")
        return cls(Digest(digest), int(size), strong, place)


@dataclass(frozen=True)
class Output:
    """What a node left at a path that it declares: a file or a folder, as stored.

    `path` is named from the project's root. `digest` says what must be there: names, bytes, executable bits, links.
    `content` is the stored form, and `modes` the permissions of those files that have unusual ones.
    """

    path: str
    digest: Digest
    content: Artifact
    modes: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> list[Any]:
        """Return the plain form."""
        return [self.path, self.digest, self.content.to_json(), dict(self.modes)]

    @classmethod
    def from_json(cls, data: list[Any]) -> Output:
        """Return the output of a plain form."""
        path, digest, content, modes = data
        return cls(str(path), Digest(digest), Artifact.from_json(content), dict(modes))


@dataclass(frozen=True)
class Artifact:
    """A value as stored: the codec's name and version, plain metadata and blobs.

    `code`: who wrote it says that reading it back can run code (it holds a pickle); a remark, which decides nothing.
    `data_only`: nobody who is trusted has signed for it, so that only what cannot run code may read it; kept nowhere,
    since it is for who reads the record to find. `libraries`: versions of what is needed to read it back,
    by distribution name; not part of the digest. `names`: the classes and functions ("lib:Model") that it refers to.
    `carried`: what those of them that are the project's mean; part of the digest, since the value acts by their code.
    `outputs`: what the node left where the project keeps such things; part of the digest, since consumers may read it.
    """

    codec: str
    meta: Any
    blobs: tuple[BlobRef, ...] = ()
    code: bool = False
    libraries: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    carried: str = ""
    outputs: tuple[Output, ...] = ()
    data_only: bool = field(default=False, compare=False)

    @cached_property
    def digest(self) -> Digest:
        """What the value is: equal for equal values with equal outputs."""
        rest: list[Any] = [self.carried] if self.carried else []
        if self.outputs:
            rest.append([[output.path, output.digest] for output in self.outputs])
        return digest_json([self.codec, self.meta, [[b.digest, b.size] for b in self.blobs], *rest])

    @cached_property
    def all_blobs(self) -> tuple[BlobRef, ...]:
        """The blobs of the value and those of its outputs."""
        return (*self.blobs, *(blob for output in self.outputs for blob in output.content.blobs))

    @property
    def size(self) -> int:
        """Bytes in blobs."""
        return sum(blob.size for blob in self.all_blobs)

    def with_strong(self, strong: Mapping[BlobRef, str]) -> Artifact:
        """Return the same with these strong digests of its blobs."""

        return self.with_blobs(
            lambda ref: ref if ref.strong else replace(ref, strong=strong.get(ref, ""), place="")
        )

    def with_blobs(self, find: Callable[[BlobRef], BlobRef]) -> Artifact:
        """Return the same with what is found of each blob."""
        outputs = tuple(replace(each, content=each.content.with_blobs(find)) for each in self.outputs)
        return replace(self, blobs=tuple(map(find, self.blobs)), outputs=outputs)

    def to_json(self) -> dict[str, Any]:
        """Return the plain form."""
        outputs = {"outputs": [output.to_json() for output in self.outputs]} if self.outputs else {}
        return {
            "codec": self.codec,
            "meta": self.meta,
            "blobs": [blob.to_json() for blob in self.blobs],
            "code": self.code,
            "libraries": dict(self.libraries),
            "names": list(self.names),
            "carried": self.carried,
            **outputs,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Artifact:
        """Return the artifact of a plain form."""
        blobs = tuple(map(BlobRef.from_json, data["blobs"]))
        return cls(
            data["codec"],
            data["meta"],
            blobs,
            bool(data["code"]),
            dict(data["libraries"]),
            tuple(data["names"]),
            str(data["carried"]),
            tuple(Output.from_json(output) for output in data.get("outputs", ())),
        )


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What the consumer of some columns gets of an artifact: what it is, and the blobs that it is in."""

    digest: Digest
    blobs: tuple[BlobRef, ...]

    @classmethod
    def whole(cls, artifact: Artifact) -> Excerpt:
        """Return all of an artifact."""
        return cls(artifact.digest, artifact.blobs)
