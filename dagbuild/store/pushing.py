"""What a shared store lacks of what is here: records that it has not, and blobs that it has lost.

Knows two stores and what they hold, not how anything is sent. Guards: where blobs are not, no record's word counts; and
however many records there are, in memory are a few of them, and a number for each that is here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from dagbuild.model.record import BlobRef, Record
from dagbuild.store.base import identity
from dagbuild.store.local import LocalStore
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.tiers import Tiers

AT_ONCE = 2000
"""Records that are looked up, or sent, at a time."""

FEW = 500
"""Blobs that are asked for one by one; of more, the remote is listed."""

_DEARER = 6
"""So many records are read in their turn in the time in which one is looked up by its keys: 61 and 345 microseconds, of
100,000 records with a manifest of 15 parts."""


@dataclass
class Lacking:
    """What a shared store lacks: the local records that are not there, by `_number`, and blobs that are gone."""

    records: set[int] = field(default_factory=set)
    blobs: dict[BlobRef, None] = field(default_factory=dict)

    @classmethod
    def all_of(cls, local: LocalStore) -> Lacking:
        """Return what a store lacks that has nothing."""
        return cls({_number(record) for record in local.iter_records()})

    def iter_records(self, local: LocalStore) -> Iterator[list[Record]]:
        """Yield the records, some at a time."""
        yield from _in_batches(record for record in local.iter_records() if _number(record) in self.records)


def find_lacking(local: LocalStore, remote: RemoteStore | Tiers) -> Lacking:
    """Return what the remote lacks of what is here; raises RemoteDeniedError or RemoteOutageError.

    Where little is here and much is there, it is asked for this little; else all that is there is read once.
    """
    losses = _Losses(local, remote)
    if local.record_bytes() * _DEARER < remote.record_bytes():
        lacking = Lacking(blobs=losses.found)
        for some in _in_batches(local.iter_records()):
            found = remote.find_own({key for record in some for key in record.keys})
            lacking.records |= {_number(record) for record in some} - {_number(record) for record in found}
            losses.look(found)
        return lacking
    lacking = Lacking.all_of(local)
    lacking.blobs = losses.found
    for some in _in_batches(remote.iter_own()):
        lacking.records.difference_update(map(_number, some))
        losses.look(some)
    return lacking


class _Losses:
    """The blobs that are here and are not where records say: asked for while they are few, then sought in a listing."""

    def __init__(self, local: LocalStore, remote: RemoteStore | Tiers) -> None:
        self._local = local
        self._remote = remote
        self._asked = 0
        self._names: Collection[str] | None = None
        self.found: dict[BlobRef, None] = {}

    def look(self, records: Iterable[Record]) -> None:
        named = dict.fromkeys(ref for record in records for ref in record.artifact.all_blobs)
        here = self._local.has_blobs(named)
        refs = [ref for ref in named if ref in here]
        self._asked += len(refs)
        if self._names is None and self._asked > FEW:
            self._names = self._remote.list_names()
        self.found.update(dict.fromkeys(self._remote.find_lost(refs, self._names)))


def _in_batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    source = iter(records)
    while some := list(islice(source, AT_ONCE)):
        yield some


def _number(record: Record) -> int:
    """Return a number that tells a record from others: of 64 bits, so that no two of millions have one."""
    return hash(identity(record))
