"""Is a store that a team shares whole: each record, and all that each of them names?

Knows names and sizes from listings, and bytes where it is asked to read them. Changes nothing. Guards: it believes
nothing that was seen before; and what nobody who is trusted has signed for is counted, and followed nowhere.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dagbuild.ground.errors import BlobDamagedError, BlobMissingError
from dagbuild.model.record import FORMAT, BlobRef, Record
from dagbuild.store.compression import suffixes_of
from dagbuild.store.lines import decode_line
from dagbuild.store.object_names import iter_stored, names_in, names_in_text
from dagbuild.store.packs import find_pack_place
from dagbuild.store.record_parts import Part, iter_parts
from dagbuild.store.remote import RemoteFolder, map_at_once
from dagbuild.store.remote_blobs import IN_MEMORY, RemoteBlobs
from dagbuild.store.trust import Trust

_SOME = 500
"""Small blobs that are read at a time: neighbours in a pack come by one request."""

NOBODY = "nobody known"
"""Who has signed a record that is read as data, for the project takes such."""


@dataclass(frozen=True)
class Loss:
    """A blob that is missing or damaged: of which nodes, who has signed for it, and what is wrong."""

    blob: BlobRef
    nodes: tuple[str, ...]
    signers: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class RemoteVerifyReport:
    """What was found.

    `signers`: how many records that may be used here each has signed; `strange`: how many others there are, whose
    signers are not trusted here or which a newer dagbuild has written. `objects` hold blobs, and take `size` bytes;
    `orphaned` are those of them that no record names, which is no damage. `lines`: one sentence for each part that is
    damaged; `read`: how many bytes were read and compared.
    """

    records: int
    signers: Mapping[str, int]
    strange: int
    objects: int
    size: int
    orphaned: int
    orphaned_size: int
    lines: tuple[str, ...]
    missing: tuple[Loss, ...]
    damaged: tuple[Loss, ...]
    read: int

    @property
    def clean(self) -> bool:
        """Whether every record that may be used here can be."""
        return not (self.lines or self.missing or self.damaged)


def verify_remote(
    remote: RemoteFolder, trust: Trust, *, read: bool = False, pins: Collection[str] = ()
) -> RemoteVerifyReport:
    """Look at all records, and in listings at what they name; with `read`, at the bytes of all these blobs as well.

    `pins` are names of objects that are needed though no record may name them. Raises RemoteDeniedError or
    RemoteOutageError.
    """
    wanted = _Wanted(trust, set(pins))
    for part in iter_parts(remote, "records"):
        wanted.add(part)
    there: dict[tuple[str, str], int] = {}
    objects = size = orphaned = orphaned_size = 0
    for stored in (stored for batch in iter_stored(remote) for stored in batch):
        objects, size = objects + 1, size + stored.size
        if stored.name in wanted.names:
            there[stored.name, stored.suffix] = stored.size
        else:
            orphaned, orphaned_size = orphaned + 1, orphaned_size + stored.size
    faults = {user: _find_fault(user.ref, there) for user in wanted.users.values()}
    present = [user for user, why in faults.items() if not why]
    return RemoteVerifyReport(
        records=wanted.records,
        signers=dict(sorted(wanted.signers.items())),
        strange=wanted.strange,
        objects=objects,
        size=size,
        orphaned=orphaned,
        orphaned_size=orphaned_size,
        lines=tuple(wanted.lines),
        missing=tuple(user.tell(why) for user, why in faults.items() if why),
        damaged=tuple(_read(remote, present)) if read else (),
        read=sum(user.ref.size for user in present) if read else 0,
    )


@dataclass(eq=False)
class _User:
    """A blob as records name it, and whose these are."""

    ref: BlobRef
    nodes: set[str] = field(default_factory=set)
    signers: set[str] = field(default_factory=set)

    def tell(self, why: str) -> Loss:
        return Loss(self.ref, tuple(sorted(self.nodes)), tuple(sorted(self.signers)), why)


@dataclass
class _Wanted:
    """What the records say: what each of them needs, and what is wrong with them."""

    trust: Trust
    names: set[str]
    records: int = 0
    strange: int = 0
    signers: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    users: dict[tuple[str, ...], _User] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """Take note of a part; of many records that are damaged in the same part, of the first."""
        if part.trouble:
            self.lines.append(f"the records '{part.name}' cannot be read: {part.trouble}")
        damaged = [why for line in part.lines if (why := self._add_line(line))]
        if damaged:
            many = f"{len(damaged):,} records in" if len(damaged) > 1 else "a record in"
            self.lines.append(f"{many} '{part.name}' cannot be used: {damaged[0]}")

    def _add_line(self, line: bytes) -> str:
        """Take note of a record; returns what is wrong with it."""
        self.records += 1
        try:
            data = decode_line(line)
            if data.get("format") != FORMAT:
                self.strange += 1
                self.names |= names_in_text(line)
                return ""
            record = Record.from_elsewhere(data)
        except ValueError as error:
            self.names |= names_in_text(line)
            return str(error)
        self.names |= names_in(record)
        if self.trust.admit(record, near=False) is None:
            self.strange += 1
            known = record.proof is not None and self.trust.name_signer(record.proof) is not None
            return f"of '{record.node}', {self.trust.refusal(record)}" if known else ""
        signer = (
            self.trust.is_signed(record) and record.proof and self.trust.name_signer(record.proof)
        ) or NOBODY
        self.signers[signer] += 1
        for ref in record.artifact.all_blobs:
            user = self.users.setdefault((ref.digest, str(ref.size), ref.strong, ref.place), _User(ref))
            user.nodes.add(record.node)
            user.signers.add(signer)
        return ""


def _find_fault(ref: BlobRef, there: Mapping[tuple[str, str], int]) -> str:
    """Return what a listing tells against a blob; nothing where it may be whole."""
    place = find_pack_place(ref, ref.place)
    packed = there.get((place.pack, "")) if place else None
    if place and packed is not None and place.end <= packed:
        return ""
    sizes = {
        suffix: there[ref.digest, suffix] for suffix in suffixes_of(ref.size) if (ref.digest, suffix) in there
    }
    if not sizes:
        return "it is not there" if packed is None else f"the pack that it lies in has {packed:,} bytes only"
    if ".zst" in sizes or sizes[".raw"] == ref.size:
        return ""
    return f"it has {sizes['.raw']:,} bytes, and should have {ref.size:,}"


def _read(remote: RemoteFolder, users: list[_User]) -> list[Loss]:
    """Read blobs, small ones some at a time; returns those that are not what their records say."""
    blobs = RemoteBlobs(remote, lambda _: None)
    small = sorted((user for user in users if user.ref.size <= IN_MEMORY), key=lambda user: user.ref.place)
    with tempfile.TemporaryDirectory(prefix="dagbuild-") as scratch:
        read = partial(_read_one, blobs, Path(scratch))
        found = [read(user) for user in users if user.ref.size > IN_MEMORY]
        for start in range(0, len(small), _SOME):
            some = small[start : start + _SOME]
            blobs.expect([user.ref for user in some])
            found += map_at_once(read, some)
    return [loss for loss in found if loss]


def _read_one(blobs: RemoteBlobs, scratch: Path, user: _User) -> Loss | None:
    target = scratch / f"{id(user)}"
    try:
        blobs.fetch(user.ref, target)
    except (BlobMissingError, BlobDamagedError) as error:
        return user.tell(error.problems[0].message)
    finally:
        target.unlink(missing_ok=True)
    return None
