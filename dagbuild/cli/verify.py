"""`dagbuild verify`: read the whole cache, and say what is damaged."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.errors import BlobDamagedError, BlobMissingError
from dagbuild.report import units

if TYPE_CHECKING:
    from dagbuild.record import BlobRef
    from dagbuild.store.base import Store

DAMAGED = 1


@click.command("verify", short_help="Find what is damaged in the cache.")
@click.option("--repair", is_flag=True, help="Fetch what is damaged or missing from the remote.")
@json_option
@with_session
def command(session: Session, repair: bool, as_json: bool) -> int:
    """Read every blob that is in the cache and compare it with its name.

    A damaged one is put aside, so that the next build that needs it makes or fetches it again.
    """
    findings = verify_store(session.project.store, repair=repair)
    if as_json:
        give(json.dumps(findings.to_json(), indent=2))
    else:
        give(f"read {units.count(len(findings.read), 'blob')}, {units.size(_size(findings.read))}")
        for ref in sorted(findings.bad, key=lambda ref: ref.digest):
            nodes = ", ".join(sorted(findings.users[ref]))
            give(f"{session.out.paint('damaged', 'failed')} {ref.digest} of {nodes}: put aside")
        if findings.repaired:
            give(f"repaired {units.count(len(findings.repaired), 'blob')}")
        if missing := findings.missing - findings.repaired:
            give(f"{units.count(len(missing), 'blob')} not in this cache: made or fetched when needed")
        if not findings.bad:
            give(session.out.paint("nothing is damaged", "fresh"))
    return DAMAGED if findings.bad else 0


@dataclass
class Findings:
    """What was read, and what was found to be wrong; `users` are the nodes whose values a blob is part of."""

    users: dict[BlobRef, set[str]] = field(default_factory=dict)
    read: set[BlobRef] = field(default_factory=set)
    damaged: set[BlobRef] = field(default_factory=set)
    missing: set[BlobRef] = field(default_factory=set)
    repaired: set[BlobRef] = field(default_factory=set)

    @property
    def bad(self) -> set[BlobRef]:
        """What is damaged still."""
        return self.damaged - self.repaired

    def to_json(self) -> dict[str, object]:
        """Return the findings as plain data."""
        return {
            "read": len(self.read),
            "damaged": len(self.damaged),
            "missing": len(self.missing),
            "repaired": len(self.repaired),
            "nodes": sorted({node for ref in self.bad for node in self.users[ref]}),
        }


def verify_store(store: Store, *, repair: bool = False) -> Findings:
    """Read every blob that a record names and that is in the local store."""
    findings = Findings()
    for record in store.iter_records():
        for ref in record.artifact.blobs:
            findings.users.setdefault(ref, set()).add(record.node)
    findings.read = store.has_blobs(set(findings.users), local=True)
    findings.missing = set(findings.users) - findings.read
    findings.damaged = _find_unreadable(store, findings.read)
    if repair:
        # Damaged blobs were put aside, so that they are asked for where else they may be.
        lost = findings.damaged | findings.missing
        findings.repaired = lost - _find_unreadable(store, lost)
    return findings


def _find_unreadable(store: Store, refs: Iterable[BlobRef]) -> set[BlobRef]:
    unreadable: set[BlobRef] = set()
    for ref in refs:
        try:
            store.get_blob(ref)
        except (BlobDamagedError, BlobMissingError):
            unreadable.add(ref)
    return unreadable


def _size(refs: Iterable[BlobRef]) -> int:
    return sum(ref.size for ref in refs)
