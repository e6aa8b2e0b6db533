"""The facts we keep: what decides a value (manifest) and how it went (record); what came of it stands in `artifact`.

Plain data and its one JSON form; knows nothing of stores, codecs or code. A record never holds a path of a machine
or a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, NewType

from dagbuild.ground.digest import Digest, canonical_json, digest_json
from dagbuild.model.artifact import Artifact, BlobRef, Excerpt, Output
from dagbuild.model.proof import Proof
from dagbuild.model.record_check import check_record

__all__ = [
    "Artifact",
    "BlobRef",
    "Draft",
    "Excerpt",
    "Key",
    "Manifest",
    "Note",
    "Observation",
    "Output",
    "Part",
    "Proof",
    "Record",
    "make_key",
]

Key = NewType("Key", str)
"""A fingerprint over upstream ids: a deep, content or unnamed key. The text of a digest."""

ACCEPTED = "accept/1"
"""The codec of a record that holds no value but an author's word, which is kept as long as the store."""

UNSEEN = "unseen"
"""The kind of parts that say what a node's code does and nobody sees."""

WIDE = "wide"
"""The kind of parts that say where more counts than the code uses, since what it uses cannot be told from it."""

STALE = "stale"
"""The kind of notes of runs that found in memory what had changed: their records say what it was, and do not hold."""

TOLD = frozenset({UNSEEN, WIDE})
"""The kinds of parts that are there to be told: no difference between two manifests."""

CODE = frozenset({"function", "helper", "class", "constant", "statement", "module"})
"""The kinds of parts that name code of the project."""

FORMAT = 1
"""Of records; a higher number than ours means that a newer dagbuild wrote it."""


_WORDS = ("node", "deep", "content", "host", "user", "run", "log")
"""What is a text in every record."""


class Part(NamedTuple):
    """One named part of what decides a value.

    `kind`: node, source, package, python, config, file, output, elements, upstream, recipe count towards the
    fingerprint; helper, constant, class, variant and others only explain (`counts` False): they name the leaves that
    the digest of a counting part is made of. `text` is for people ("US", "3.1.0"); `where` is "features/io.py:12",
    or of a package which one requires it.
    """

    kind: str
    name: str
    digest: str
    text: str = ""
    where: str = ""
    counts: bool = True

    def to_json(self) -> list[Any]:
        """Return the plain form."""
        return list(self)

    @classmethod
    def from_json(cls, data: list[Any]) -> Part:
        """Return the part of a plain form."""
        return cls(*data)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that may decide a value and that is not observed: told for as long as it is so.

    Of the code, `kind` is unseen or wide; of a run, it is what the node did or found: process, memory... `text`
    goes after the node's name ("starts a process: cat"), and what stands before its colon says the same thing in both.
    `where` is "features/io.py:12", `remedy` what to do about it.
    """

    kind: str
    text: str
    where: str = ""
    remedy: str = ""

    @property
    def tracked(self) -> bool:
        """Whether a change is seen all the same."""
        return self.kind in {WIDE, STALE}

    @property
    def subject(self) -> tuple[str, str]:
        """What happens, and where: of two notes that agree in it, one says enough.

        A folder may have been named in two ways, from the project's and from an installed package's.
        """
        return self.text.partition(":")[0], self.where.rpartition("/")[2]

    def to_json(self) -> list[Any]:
        """Return the plain form."""
        return [self.kind, self.text, self.where, self.remedy]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Note:
        """Return the note of a plain form."""
        kind, text, where, remedy = data
        return cls(str(kind), str(text), str(where), str(remedy))


@dataclass(frozen=True)
class Manifest:
    """The ordered parts that decide a node's value, without its upstreams."""

    parts: tuple[Part, ...]

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is suspected of the code, without having run it."""
        return tuple(
            Note(part.kind, part.name, part.where, part.text) for part in self.parts if part.kind in TOLD
        )

    @property
    def loads(self) -> bool:
        """Whether it is of a loader, which is there to read files."""
        return any(part.kind == "recipe" and part.name.startswith("load_from/") for part in self.parts)

    @property
    def code_names(self) -> frozenset[str]:
        """The dotted names of the project's code that the fingerprint speaks of."""
        return frozenset(part.name for part in self.parts if part.kind in CODE)

    @cached_property
    def fingerprint(self) -> Digest:
        """The digest of the parts that count."""
        return digest_json([[p.kind, p.name, p.digest] for p in self.parts if p.counts])

    @cached_property
    def unnamed(self) -> Digest:
        """The digest of the parts that count, but for what the node and its function are called."""
        parts = [p for p in self.parts if p.counts and p.kind != "node"]
        return digest_json([[p.kind, "" if p.kind == "source" else p.name, p.digest] for p in parts])


def make_key(fingerprint: Digest, upstream: Sequence[tuple[str, str]]) -> Key:
    """Return the key of a fingerprint over places and ids: deep ids give the deep key, digests the content key."""
    return Key(digest_json([fingerprint, upstream]))


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that a run was seen to read: `kind` file, listing, env or code; `name`; the digest it had.

    Of kind saved it is a file that the run has left, with what was in it then.
    """

    kind: str
    name: str
    digest: str


SAVED = "saved"
"""The kind of what a run has left. Without a name it is where no build looks, and holds for nobody."""

UNOBSERVED = Observation("unobserved", "", "")
"""Stands in the record of a run that nobody watched for all that it may have read: it holds for who wants no more."""


@dataclass(frozen=True)
class Record:
    """The fact that a key gave an artifact, then, there.

    Found under each of `keys`; `unnamed` is the content key but for the node's name. `upstream`: the digest of each
    upstream value, by name; `excerpts`: of what was taken, where that was some columns only. Durations are in
    seconds, memory in bytes, `started` in seconds since 1970 (UTC). `watched` names those upstreams whose values depend
    on what a run was seen to read, theirs or that of one above them: the deep key says nothing of that. `notes` are
    what the run did that cannot be observed, but for what the manifest says of the code itself. `proof` stands in what
    came from elsewhere; without one, this machine's user made it.
    """

    node: str
    deep: Key
    content: Key
    manifest: Manifest
    artifact: Artifact
    upstream: Mapping[str, Digest] = field(default_factory=dict)
    observations: tuple[Observation, ...] = ()
    started: float = 0.0
    duration: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    host: str = ""
    user: str = ""
    run: str = ""
    log: str = ""
    forced: bool = False
    alias: bool = False
    watched: tuple[str, ...] = ()
    unnamed: Key = Key("")
    excerpts: Mapping[str, Digest] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    proof: Proof | None = field(default=None, compare=False)

    @property
    def caller(self) -> str:
        """The node of which this is one call, such as "page[17]"; nothing where it is of a node as a whole."""
        node, bracket, _ = self.node.partition("[")
        return node if bracket else ""

    @property
    def keys(self) -> tuple[Key, ...]:
        """What the record is found under, each once."""
        return tuple(dict.fromkeys(key for key in (self.deep, self.content, self.unnamed) if key))

    def agrees(self, digests: Mapping[str, Digest | None]) -> bool:
        """Tell whether the value was made from these upstream digests, as far as the deep key does not say so itself.

        One that is not known, since it must be made again, agrees unless it depends on what a run was seen to read.
        """
        if not self.watched:
            return True
        if any(digests.get(name) is None for name in self.watched):
            return False
        return all(digests.get(name) in {None, digest} for name, digest in self.upstream.items())

    def to_json(self) -> dict[str, Any]:
        """Return the plain form; `alias` says that nothing was computed, an equal content key was found."""
        notes = {"notes": [note.to_json() for note in self.notes]} if self.notes else {}
        proof = {"proof": self.proof.to_json()} if self.proof else {}
        return {
            "format": FORMAT,
            "node": self.node,
            "deep": self.deep,
            "content": self.content,
            "unnamed": self.unnamed,
            "manifest": [part.to_json() for part in self.manifest.parts],
            "artifact": self.artifact.to_json(),
            "upstream": dict(self.upstream),
            "excerpts": dict(self.excerpts),
            "observations": [[o.kind, o.name, o.digest] for o in self.observations],
            "watched": list(self.watched),
            "started": float(self.started),
            "duration": float(self.duration),
            "cpu": float(self.cpu),
            "memory": self.memory,
            "host": self.host,
            "user": self.user,
            "run": self.run,
            "log": self.log,
            "forced": self.forced,
            "alias": self.alias,
            **notes,
            **proof,
        }

    def signed_text(self, signer: str) -> bytes:
        """Return what a signature of this signer's covers: all of the record, but for the signature itself."""
        return canonical_json(replace(self, proof=Proof(signer)).to_json())

    @classmethod
    def from_elsewhere(cls, data: Mapping[str, Any]) -> Record:
        """Return the record of a plain form that anybody may have written; raises ValueError."""
        if data.get("format") == FORMAT:
            check_record(data)
        return cls.from_json(data)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """Return the record of a plain form; raises ValueError when it is not one that this version reads."""
        if data.get("format") != FORMAT:
            raise ValueError(f"record format {data.get('format')!r}, this dagbuild reads {FORMAT}")
        if {type(data.get(word)) for word in _WORDS} != {str}:
            raise ValueError("not a record: a name or key is no text")
        try:
            return cls(
                node=data["node"],
                deep=Key(data["deep"]),
                content=Key(data["content"]),
                manifest=Manifest(tuple(Part.from_json(part) for part in data["manifest"])),
                artifact=Artifact.from_json(data["artifact"]),
                upstream={name: Digest(digest) for name, digest in data["upstream"].items()},
                observations=tuple(Observation(*item) for item in data["observations"]),
                watched=tuple(data.get("watched", ())),
                started=float(data["started"]),
                duration=float(data["duration"]),
                cpu=float(data["cpu"]),
                memory=int(data["memory"]),
                host=data["host"],
                user=data["user"],
                run=data["run"],
                log=data["log"],
                forced=bool(data["forced"]),
                alias=bool(data["alias"]),
                unnamed=Key(str(data.get("unnamed", ""))),
                excerpts={name: Digest(digest) for name, digest in data.get("excerpts", {}).items()},
                notes=tuple(Note.from_json(note) for note in data.get("notes", ())),
                proof=Proof.from_json(data["proof"]) if "proof" in data else None,
            )
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            raise ValueError(f"not a record: {error!r}") from error


@dataclass(frozen=True)
class Draft:
    """What a record will say that is known before the step runs; see `Record`."""

    node: str
    deep: Key
    content: Key
    unnamed: Key
    manifest: Manifest
    upstream: Mapping[str, Digest]
    excerpts: Mapping[str, Digest]
    watched: tuple[str, ...]
    run: str
    user: str
    forced: bool = False

    def complete(self, artifact: Artifact, **facts: Any) -> Record:
        """Return the record of a call that gave this artifact; `facts` are the record's fields that only it tells."""
        return Record(artifact=artifact, **vars(self), **facts)
